"""An offer (what a voucher gives), its counters, and the rule of how many are left."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from dibs_realtime.events.model import GATE_COUNTERS, GateCounter
from dibs_realtime.ledger.model import Draft
from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Table
from dibs_realtime.ledger.view import View

OfferStatus = Literal["active", "paused"]
OfflineRule = Literal["allow", "lease", "online_only"]
"""How doors may judge alone: anything, what was lent to them, nothing."""
NO_GATE = UUID(int=0)


class Offer(Row, frozen=True):
    """What one kind of voucher gives. `gate_ids` empty: at every gate. A deleted offer never had a voucher."""

    id: UUID
    title: str
    description: str
    quantity: int | None
    claimable: bool
    per_guest_limit: int | None
    max_uses: int
    claim_from: datetime | None
    claim_until: datetime | None
    redeem_from: datetime | None
    redeem_until: datetime | None
    gate_ids: list[UUID]
    status: OfferStatus
    deleted: bool
    version: int
    created_at: datetime
    updated_at: datetime
    offline: OfflineRule = "allow"

    def redeems_at(self, at: datetime) -> bool:
        """Return whether it may be redeemed at that time: its window includes its start and excludes its end."""
        return (self.redeem_from is None or at >= self.redeem_from) and (
            self.redeem_until is None or at < self.redeem_until
        )


class OfferCounter(Row, frozen=True):
    """An offer's figures: the sums of `counts` over its entries.

    issued: vouchers that exist · claimed: in guests' hands now · redeemed_units: less the reversed ones · voided,
    released: ever · unclaimed: issued, nobody's, never used · places: taken of `quantity`.
    """

    id: UUID
    issued: int = 0
    claimed: int = 0
    redeemed_units: int = 0
    voided: int = 0
    released: int = 0
    unclaimed: int = 0
    places: int = 0

    def plus(self, counts: Mapping[str, int]) -> "OfferCounter":
        """Return the figures with an entry's counts added."""
        more = counts.get
        return OfferCounter(
            self.id,
            self.issued + more("issued", 0),
            self.claimed + more("claimed", 0),
            self.redeemed_units + more("redeemed_units", 0),
            self.voided + more("voided", 0),
            self.released + more("released", 0),
            self.unclaimed + more("unclaimed", 0),
            self.places + more("places", 0),
        )


class MinuteCounter(Row, frozen=True):
    """What happened to an offer at a gate within a minute (`NO_GATE`: nowhere in particular)."""

    minute: datetime
    offer_id: UUID
    gate_id: UUID
    claimed: int
    redeemed_units: int

    def plus(self, other: "MinuteCounter") -> "MinuteCounter":
        """Return both together."""
        units = self.redeemed_units + other.redeemed_units
        return MinuteCounter(self.minute, self.offer_id, self.gate_id, self.claimed + other.claimed, units)


COUNTED = tuple(name for name in OfferCounter.__struct_fields__ if name != "id")

OFFERS: Table[Offer] = Table(
    "offers",
    Offer,
    {
        "id": "uuid",
        "title": "text",
        "description": "text",
        "quantity": "integer",
        "claimable": "boolean",
        "per_guest_limit": "integer",
        "max_uses": "integer",
        "claim_from": "timestamptz",
        "claim_until": "timestamptz",
        "redeem_from": "timestamptz",
        "redeem_until": "timestamptz",
        "gate_ids": "uuid[]",
        "status": "text",
        "deleted": "boolean",
        "version": "integer",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
        "offline": "text",
    },
    updates=(
        "title", "description", "quantity", "claimable", "per_guest_limit", "max_uses", "claim_from", "claim_until",
        "redeem_from", "redeem_until", "gate_ids", "status", "deleted", "version", "updated_at", "offline",
    ),
    resident=True,
)  # fmt: skip

OFFER_COUNTERS: Table[OfferCounter] = Table(
    "offer_counters",
    OfferCounter,
    {"id": "uuid"} | dict.fromkeys(COUNTED, "bigint"),
    updates=COUNTED,
    resident=True,
)

MINUTE_COUNTERS: Table[MinuteCounter] = Table(
    "minute_counters",
    MinuteCounter,
    {
        "minute": "timestamptz",
        "offer_id": "uuid",
        "gate_id": "uuid",
        "claimed": "bigint",
        "redeemed_units": "bigint",
    },
    key=("minute", "offer_id", "gate_id"),
    adds=("claimed", "redeemed_units"),
)


def remaining(offer: Offer, counter: OfferCounter) -> int | None:
    """Return how many more people can still get one: free places and vouchers that are nobody's; None: no limit."""
    if offer.quantity is None:
        return None
    return max(0, offer.quantity - counter.places) + counter.unclaimed


def live_offer(view: View, offer_id: UUID) -> Offer | None:
    """Return the offer, or None for one that is unknown or deleted."""
    offer = view.get(OFFERS, offer_id)
    return None if offer is None or offer.deleted else offer


def counter_of(view: View, offer_id: UUID) -> OfferCounter:
    """Return the offer's figures."""
    return view.get(OFFER_COUNTERS, offer_id) or OfferCounter(offer_id)


def record(view: View, draft: Draft) -> int:
    """Append an entry that moves figures and move them; return its `seq`."""
    seq = view.append(draft)
    counts = draft.counts
    assert draft.offer_id is not None
    view.put(OFFER_COUNTERS, counter_of(view, draft.offer_id).plus(counts))
    units = counts.get("redeemed_units", 0)
    if units and draft.gate_id is not None:
        gate = view.get(GATE_COUNTERS, draft.gate_id) or GateCounter(draft.gate_id, 0)
        view.put(GATE_COUNTERS, GateCounter(gate.id, gate.redeemed_units + units))
    _record_minute(view, draft.offer_id, draft.gate_id or NO_GATE, counts)
    return seq


def _record_minute(view: View, offer_id: UUID, gate_id: UUID, counts: Mapping[str, int]) -> None:
    claimed, units = counts.get("claimed", 0), counts.get("redeemed_units", 0)
    if claimed or units:
        view.put(MINUTE_COUNTERS, MinuteCounter(view.minute, offer_id, gate_id, claimed, units))
