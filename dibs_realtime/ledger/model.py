"""What a ledger holds: entries, who made them, and the first answer to every idempotency key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from dibs_realtime.ledger.row import Row, encode

ActorType = Literal["user", "device", "guest", "system"]
_NOTHING: Mapping[str, Any] = {}


class Actor(Row, frozen=True):
    """Who made an entry. `label` is shown to everybody who watches, so it is never a person's name."""

    type: ActorType
    id: UUID | None
    label: str


SYSTEM = Actor("system", None, "Party Dibs")


class Draft(Row, frozen=True):
    """An entry before it has its place in the ledger.

    `counts` are what it adds to the counters of its offer and (redeemed units only) of its gate; they travel in
    `data.counts`, so that the tables, the snapshot and every screen add the very same numbers.
    """

    kind: str
    actor: Actor
    offer_id: UUID | None = None
    voucher_id: UUID | None = None
    gate_id: UUID | None = None
    data: Mapping[str, Any] = _NOTHING
    counts: Mapping[str, int] = _NOTHING


class Entry(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An entry at its place: `seq` is dense from 1 in its event and its order is the commit order.

    Encoded it is the entry as the contract writes it: ids that do not apply are left out.
    """

    seq: int
    at: datetime
    kind: str
    actor: Actor
    offer_id: UUID | None = None
    voucher_id: UUID | None = None
    gate_id: UUID | None = None
    data: Mapping[str, Any]


class Line(Row, frozen=True):
    """One entry as JSON: encoded once, and copied from there into the table, frames, answers and the bus.

    `voucher_id` is the voucher that it changed.
    """

    seq: int
    raw: bytes
    voucher_id: UUID | None

    @classmethod
    def of(cls, entry: Entry) -> "Line":
        """Encode an entry."""
        return cls(entry.seq, encode(entry), entry.voucher_id)


class Commit(msgspec.Struct, frozen=True):
    """What one committed batch added to one event; `notices` are messages that are not entries."""

    event_id: UUID
    epoch: UUID
    lines: tuple[Line, ...]
    notices: tuple[Mapping[str, Any], ...]
