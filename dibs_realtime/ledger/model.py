"""What a ledger holds: entries, who made them, and the first answer to every idempotency key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

ActorType = Literal["user", "device", "guest", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made an entry. `label` is shown to everybody who watches, so it is never a person's name."""

    type: ActorType
    id: UUID | None
    label: str


SYSTEM = Actor("system", None, "Party Dibs")


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has its place in the ledger.

    `counts` are what it adds to the counters of its offer and (redeemed units only) of its gate; they travel in
    `data.counts`, so that the tables, the snapshot and every screen add the very same numbers.
    """

    kind: str
    actor: Actor
    offer_id: UUID | None = None
    voucher_id: UUID | None = None
    gate_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry at its place: `seq` is dense from 1 in its event and its order is the commit order."""

    seq: int
    at: datetime
    kind: str
    actor: Actor
    offer_id: UUID | None
    voucher_id: UUID | None
    gate_id: UUID | None
    data: Mapping[str, Any]

    def wire(self) -> dict[str, Any]:
        """Return the entry as the contract writes it: ids that do not apply are left out."""
        shape: dict[str, Any] = {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "actor": {"type": self.actor.type, "id": self.actor.id, "label": self.actor.label},
        }
        if self.offer_id is not None:
            shape["offer_id"] = self.offer_id
        if self.voucher_id is not None:
            shape["voucher_id"] = self.voucher_id
        if self.gate_id is not None:
            shape["gate_id"] = self.gate_id
        shape["data"] = self.data
        return shape


@dataclass(frozen=True, slots=True)
class Commit:
    """What one committed batch added to one event; `notices` are messages that are not entries."""

    event_id: UUID
    epoch: UUID
    entries: tuple[Entry, ...]
    notices: tuple[Mapping[str, Any], ...]
