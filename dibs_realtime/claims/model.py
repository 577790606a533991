"""The rules of calling dibs, pure."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from dibs_realtime.events.model import EventStatus
from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Lookup, Table
from dibs_realtime.offers.model import Offer

ClaimReason = Literal[
    "event_not_open",
    "offer_paused",
    "not_claimable",
    "not_yet_open",
    "closed",
    "guest_limit_reached",
    "sold_out",
]


def judge(offer: Offer, event_status: EventStatus, held: int, left: int | None, now: datetime) -> ClaimReason | None:
    """Return the first reason against a claim, or None.

    held: vouchers of this offer that count against the guest's limit. left: what can still be given out; None:
    no limit.
    """
    if event_status != "open":
        return "event_not_open"
    if offer.status == "paused":
        return "offer_paused"
    if not offer.claimable:
        return "not_claimable"
    if offer.claim_from is not None and now < offer.claim_from:
        return "not_yet_open"
    if offer.claim_until is not None and now >= offer.claim_until:
        return "closed"
    if offer.per_guest_limit is not None and held >= offer.per_guest_limit:
        return "guest_limit_reached"
    if left is not None and left <= 0:
        return "sold_out"
    return None


class GuestRow(Row, frozen=True):
    """What a claim shows of its guest. Guests are made outside the ledger, which only reads them."""

    id: UUID
    name: str | None


GUESTS: Table[GuestRow] = Table("guests", GuestRow, {"id": "uuid", "name": "text"})

GUEST_BY_ID: Lookup[GuestRow] = Lookup(
    "guest_by_id",
    GUESTS,
    """SELECT g.id, g.name FROM unnest({keys}) AS k (id) CROSS JOIN LATERAL (
              SELECT * FROM guests w WHERE w.event_id = $1 AND w.id = k.id LIMIT 1) g""",
    ("uuid",),
)
