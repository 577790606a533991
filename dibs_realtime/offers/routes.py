"""Offers over REST."""

from uuid import UUID

from dibs_realtime.events.actors import actor_of
from dibs_realtime.events.model import EVENTS
from dibs_realtime.kit import paging, problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.keys import fingerprint, idempotency_key
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.wire import Page, PageQuery
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.offers.commands import CreateOffer, DeleteOffer, UpdateOffer, shown
from dibs_realtime.offers.model import OFFER_COUNTERS, OFFERS, counter_of
from dibs_realtime.offers.schemas import NewOffer, OfferOut, OfferPatch

_TABLES = (EVENTS, OFFERS, OFFER_COUNTERS)


def routes(database: Database, ledger: Ledger) -> Routes:
    """Return the slice's routes."""
    r = Routes("offers")

    async def offers(event_id: UUID) -> list[OfferOut]:
        view = await resident_view(database, event_id, _TABLES)
        living = sorted((offer for offer in view.all(OFFERS) if not offer.deleted), key=lambda offer: offer.id)
        return [shown(event_id, offer, counter_of(view, offer.id)) for offer in living]

    @r.post("/events/{event_id}/offers", who="M", status=201, problems=(409,), headers=("Idempotency-Key",))
    async def create(call: Call, body: NewOffer) -> OfferOut:
        """Add an offer."""
        command = CreateOffer(
            call.event_id, actor_of(call.caller), idempotency_key(call) or "", new_id(), body, fingerprint(body)
        )  # fmt: skip
        return await ledger.submit(command)

    @r.get("/events/{event_id}/offers", who="V D dev")
    async def list_offers(call: Call, query: PageQuery) -> Page[OfferOut]:
        """List the event's offers with their figures, in the order of their creation."""
        after = paging.after(query)
        found = [offer for offer in await offers(call.event_id) if after is None or offer.id > after]
        return paging.page(found[: query.limit + 1], query, lambda offer: offer.id)

    @r.get("/events/{event_id}/offers/{offer_id}", who="V D dev")
    async def read(call: Call) -> OfferOut:
        """Read an offer and its figures."""
        for offer in await offers(call.event_id):
            if offer.id == call.path["offer_id"]:
                return offer
        raise problems.not_found()

    @r.patch("/events/{event_id}/offers/{offer_id}", who="M")
    async def update(call: Call, body: OfferPatch) -> OfferOut:
        """Change an offer. What is left out stays; vouchers that exist keep their number of uses."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        return await ledger.submit(
            UpdateOffer(call.event_id, actor_of(call.caller), call.path["offer_id"], changes, call.if_match)
        )

    @r.delete("/events/{event_id}/offers/{offer_id}", who="M", problems=(409,))
    async def delete(call: Call) -> None:
        """Delete an offer that never had a voucher."""
        await ledger.submit(DeleteOffer(call.event_id, actor_of(call.caller), call.path["offer_id"], call.if_match))

    return r
