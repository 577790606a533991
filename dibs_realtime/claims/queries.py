"""What guests read: the event's page, its counts, and their wallet."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from dibs_realtime.claims.schemas import PublicEvent, PublicOffer, WalletVoucher
from dibs_realtime.events.model import EVENTS, event_of
from dibs_realtime.kit.database import Database
from dibs_realtime.ledger.editing import render
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import OFFER_COUNTERS, OFFERS, Offer, counter_of, remaining
from dibs_realtime.vouchers.model import GUEST, PUBLISHED

_TABLES = (EVENTS, OFFERS, OFFER_COUNTERS)
_SHOWN = f"""
SELECT v.id, v.event_id, v.code, v.state, v.offer_id, o.title AS offer_title, v.uses, v.max_uses,
       CASE WHEN v.state IN ('released', 'voided') THEN 0 ELSE v.max_uses - v.uses END AS remaining,
       g.name AS guest_name, v.updated_at, v.guest_id
  FROM (SELECT * FROM vouchers w WHERE w.event_id = $1 AND {{which}} OFFSET 0) v
  JOIN offers o ON o.event_id = v.event_id AND o.id = v.offer_id
  {GUEST}
 WHERE {PUBLISHED}
"""  # noqa: S608  # constants
# Those that it is about are found first. Else, as long as the statistics know of none, the whole event's are walked
# over in the order in which a wallet shows them.
_OF_GUEST = _SHOWN.format(which="w.guest_id = $2")
_OF_IDS = _SHOWN.format(which="w.id = ANY($2::uuid[])")


async def public_event(database: Database, slug: str) -> PublicEvent | None:
    """Return an open or closed event and its claimable offers; None: unknown, or a draft."""
    event_id = await database.fetchval("SELECT id FROM events WHERE slug = $1 AND status <> 'draft'", slug)
    if event_id is None:
        return None
    view = await resident_view(database, event_id, _TABLES)
    return render(PublicEvent, event_of(view), offers=[_public(view, offer) for offer in _claimable(view)])


async def counts(database: Database, event_id: UUID) -> dict[str, Any]:
    """Return `{status, offers: {offer_id: {status, claimed, redeemed, remaining}}}`: what moves on a public page."""
    view = await resident_view(database, event_id, _TABLES)
    offers = {str(offer.id): {"status": offer.status, **_counts(view, offer)} for offer in _claimable(view)}
    return {"status": event_of(view).status, "offers": offers}


async def wallet(
    database: Database, event_id: UUID, guest_id: UUID, before: UUID | None, limit: int
) -> list[WalletVoucher]:
    """Return the guest's vouchers, the newest first; one more than `limit` where there are."""
    rows = await database.fetch(
        f"{_OF_GUEST} AND ($3::uuid IS NULL OR v.id < $3) ORDER BY v.id DESC LIMIT $4",
        event_id,
        guest_id,
        before,
        limit + 1,
    )
    return [_shown(row) for row in rows]


async def vouchers_of_guests(
    database: Database, event_id: UUID, voucher_ids: Collection[UUID], guest_ids: Collection[UUID]
) -> list[tuple[UUID, WalletVoucher]]:
    """Return those of the vouchers that belong to those guests, each with its guest."""
    rows = await database.fetch(
        f"{_OF_IDS} AND v.guest_id = ANY($3::uuid[])",
        event_id,
        list(voucher_ids),
        list(guest_ids),
    )
    return [(row["guest_id"], _shown(row)) for row in rows]


def _shown(row: Mapping[str, Any]) -> WalletVoucher:
    return WalletVoucher.model_validate({name: row[name] for name in WalletVoucher.model_fields})


def _claimable(view: View) -> Iterable[Offer]:
    living = [offer for offer in view.all(OFFERS) if offer.claimable and not offer.deleted]
    return sorted(living, key=lambda offer: offer.id)


def _counts(view: View, offer: Offer) -> dict[str, int | None]:
    counter = counter_of(view, offer.id)
    return {
        "claimed": counter.claimed,
        "redeemed": counter.redeemed_units,
        "remaining": remaining(offer, counter),
    }


def _public(view: View, offer: Offer) -> PublicOffer:
    return render(PublicOffer, offer, **_counts(view, offer))
