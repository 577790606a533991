"""The snapshot, the ledger and the figures on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from dibs_realtime.doors.schemas import DeviceResource, GateOut
from dibs_realtime.events.schemas import EventResource
from dibs_realtime.kit.wire import Utc, Wire
from dibs_realtime.offers.schemas import OfferOut


class Snapshot(Wire):
    """Everything that the ledger's entries up to `seq` made, without the vouchers.

    A snapshot at s plus the entries after s equals a later snapshot: always.
    """

    epoch: UUID
    seq: int
    event: EventResource
    offers: list[OfferOut]
    gates: list[GateOut]
    devices: list[DeviceResource]
    open_conflicts: int


class ActorOut(Wire):
    """Who made an entry."""

    type: Literal["user", "device", "guest", "system"]
    id: UUID | None
    label: str


class EntryOut(BaseModel):
    """An entry of the ledger; ids that do not apply are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seq: int
    at: Utc
    kind: str
    actor: ActorOut
    offer_id: UUID | None = None
    voucher_id: UUID | None = None
    gate_id: UUID | None = None
    data: dict[str, Any]


class LedgerQuery(Wire):
    """Which entries."""

    after_seq: Annotated[int, Field(ge=0, le=2**53)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 1_000


class LedgerPage(Wire):
    """Consecutive entries after `after_seq` and the ledger's head."""

    epoch: UUID
    head_seq: int
    entries: list[EntryOut]


class Figures(Wire):
    """Sums."""

    issued: int
    claimed: int
    redeemed_units: int
    voided: int
    released: int
    unclaimed: int


class OfferFigures(Figures):
    """An offer's sums."""

    offer_id: UUID
    title: str
    remaining: int | None


class GateFigures(Wire):
    """A gate's sum."""

    gate_id: UUID
    name: str
    redeemed_units: int


class MinuteFigures(Wire):
    """What one minute brought to an offer at a gate. Reversals count negative in the minute they happen."""

    minute: Utc
    offer_id: UUID
    gate_id: UUID | None
    claimed: int
    redeemed_units: int


class StatsQuery(Wire):
    """How far back the minutes go."""

    minutes: Annotated[int, Field(ge=1, le=1_440)] = 180


class Stats(Wire):
    """The event's figures."""

    seq: int
    totals: Figures
    refused: int
    open_conflicts: int
    offers: list[OfferFigures]
    gates: list[GateFigures]
    minutes: list[MinuteFigures]
