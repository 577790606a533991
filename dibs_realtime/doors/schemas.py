"""Gates, devices and pairing on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from dibs_realtime.doors.model import DeviceStatus
from dibs_realtime.events.schemas import EventResource
from dibs_realtime.kit.wire import Name, Omissible, Utc, Wire

Flag = Annotated[bool, Field(strict=True)]
Label = Name


class GateResource(Wire):
    """A gate as entries hold it."""

    id: UUID
    event_id: UUID
    name: str
    version: int
    created_at: Utc
    updated_at: Utc


class GateOut(GateResource):
    """A gate and what was redeemed at it."""

    redeemed_units: int


class NewGate(Wire):
    """A new gate."""

    name: Name


class GatePatch(Wire):
    """What to change of a gate."""

    name: Name


class DeviceResource(Wire):
    """A device as entries and snapshots hold it."""

    id: UUID
    event_id: UUID
    label: str
    gate_id: UUID | None
    gate_locked: bool
    can_search: bool
    status: DeviceStatus
    paired_at: Utc | None
    version: int
    created_at: Utc
    updated_at: Utc


class DeviceOut(DeviceResource):
    """A device and whether it is connected."""

    online: bool
    last_seen_at: Utc | None


class NewDevice(Wire):
    """A new device. `gate_locked`: it cannot change its gate itself. `can_search`: it may redeem without a code."""

    label: Label
    gate_id: UUID | None = None
    gate_locked: Flag = False
    can_search: Flag = False


class DevicePatch(Wire):
    """What to change of a device; `gate_id` may be null."""

    label: Omissible[Label] = None
    gate_id: UUID | None = None
    gate_locked: Omissible[Flag] = None
    can_search: Omissible[Flag] = None


class OwnDevicePatch(Wire):
    """A device moves to another gate."""

    gate_id: UUID | None


class Pairing(Wire):
    """How to pair the device: type the code, or open the address (the code is in its fragment)."""

    device: DeviceOut
    pairing_code: str
    pairing_url: str
    expires_at: Utc


class PairRequest(Wire):
    """A phone's pairing. `pairing_nonce` is its own random text, with which it may ask again for a lost answer."""

    pairing_code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    pairing_nonce: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


class Paired(Wire):
    """What a paired phone works with."""

    device_token: str
    device: DeviceResource
    event: EventResource
    gate: GateResource | None
