"""Door devices: phones that were paired with an event."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.row import Row, replace
from dibs_realtime.ledger.table import Table
from dibs_realtime.ledger.view import View

DeviceStatus = Literal["new", "paired", "revoked"]


class Device(Row, frozen=True):
    """A door's device. `session_id` is the one session that may speak for it now."""

    id: UUID
    label: str
    gate_id: UUID | None
    gate_locked: bool
    can_search: bool
    status: DeviceStatus
    session_id: UUID | None
    first_paired_at: datetime | None
    paired_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


DEVICES: Table[Device] = Table(
    "devices",
    Device,
    {
        "id": "uuid",
        "label": "text",
        "gate_id": "uuid",
        "gate_locked": "boolean",
        "can_search": "boolean",
        "status": "text",
        "session_id": "uuid",
        "first_paired_at": "timestamptz",
        "paired_at": "timestamptz",
        "version": "integer",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
    },
    updates=(
        "label", "gate_id", "gate_locked", "can_search", "status", "session_id", "first_paired_at", "paired_at",
        "version", "updated_at",
    ),
    resident=True,
)  # fmt: skip


def device_of(view: View, device_id: UUID) -> Device | None:
    """Return the device, or None for an unknown one."""
    return view.get(DEVICES, device_id)


def labelled(view: View, actor: Actor) -> Actor:
    """Return the actor with its device's label; other actors as they are."""
    device = device_of(view, actor.id) if actor.type == "device" and actor.id is not None else None
    return replace(actor, label=device.label) if device else actor


def check_device(device: Device | None) -> None:
    """Raise Problem 401 for a device that was ended: its entry is on the ledger before its session is over."""
    if device is not None and device.status == "revoked":
        raise problems.unauthorized("This device was ended.")
