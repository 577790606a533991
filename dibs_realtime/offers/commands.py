"""Commands on offers: create, edit, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.events.model import STATUS_CHANGES, StatusChange, live_gate
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import KEY_HEADER, Command, KeyedCommand
from dibs_realtime.ledger.editing import check_version, edited, render
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import (
    COUNTED,
    OFFER_COUNTERS,
    OFFERS,
    Offer,
    OfferCounter,
    counter_of,
    live_offer,
    remaining,
)
from dibs_realtime.offers.schemas import NewOffer, OfferOut, OfferResource

MOST_OFFERS = 500
"""Offers of one event: every snapshot carries all of them."""


def resource(event_id: UUID, offer: Offer) -> dict[str, Any]:
    """Return the offer as entries hold it."""
    return render(OfferResource, offer, event_id=event_id).model_dump(mode="json")


def shown(event_id: UUID, offer: Offer, counter: OfferCounter) -> OfferOut:
    """Return the offer with its figures."""
    figures = {name: getattr(counter, name) for name in COUNTED}
    return render(OfferOut, offer, event_id=event_id, remaining=remaining(offer, counter), **figures)


@dataclass(frozen=True)
class CreateOffer(KeyedCommand[OfferOut]):
    """Add an offer to the event. The id is chosen by the caller of this code, so that the decision stays pure."""

    event_id: UUID
    actor: Actor
    key: str
    offer_id: UUID
    new: NewOffer
    request_fingerprint: str

    key_at = KEY_HEADER

    @property
    def scope(self) -> str:
        return f"offer:{self.actor.id}"

    def fingerprint(self, view: View) -> str:
        return self.request_fingerprint

    def act(self, view: View) -> Mapping[str, Any]:
        if (
            sum(not offer.deleted for offer in view.all(OFFERS)) >= MOST_OFFERS
            or len(view.all(OFFERS)) >= 10 * MOST_OFFERS
        ):
            raise problems.conflict(f"An event has at most {MOST_OFFERS} offers.")
        _check_gates(view, self.new.gate_ids)
        fields = self.new.model_dump()
        offer = Offer(
            id=self.offer_id, **fields, deleted=False, version=1, created_at=view.now, updated_at=view.now
        )  # fmt: skip
        view.put(OFFERS, offer)
        view.put(OFFER_COUNTERS, OfferCounter(offer.id))
        seq = view.append(Draft("offer.created", self.actor, offer_id=offer.id, data=resource(self.event_id, offer)))
        view.put(STATUS_CHANGES, StatusChange(offer.id, seq, view.at, offer.status))
        return {"offer_id": str(offer.id)}

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> OfferOut:
        offer = live_offer(view, UUID(answer["offer_id"]))
        if offer is None:
            raise problems.conflict("This offer was created and deleted again.")
        return shown(self.event_id, offer, counter_of(view, offer.id))


@dataclass(frozen=True)
class UpdateOffer(Command[OfferOut]):
    """Change an offer; `changes` hold the fields that were sent."""

    event_id: UUID
    actor: Actor
    offer_id: UUID
    changes: Mapping[str, Any]
    if_match: int | None

    def decide(self, view: View) -> OfferOut:
        before = live_offer(view, self.offer_id)
        if before is None:
            raise problems.not_found()
        check_version(before, self.if_match)
        offer, changes = edited(before, self.changes, view.now)
        if changes:
            _check_windows(offer)
            if "gate_ids" in changes:
                _check_gates(view, offer.gate_ids)
            view.put(OFFERS, offer)
            shape = resource(self.event_id, offer)
            data = {"changes": {name: shape[name] for name in changes}}
            seq = view.append(Draft("offer.updated", self.actor, offer_id=offer.id, data=data))
            if "status" in changes:
                view.put(STATUS_CHANGES, StatusChange(offer.id, seq, view.at, offer.status))
        return shown(self.event_id, offer, counter_of(view, offer.id))


@dataclass(frozen=True)
class DeleteOffer(Command[None]):
    """Delete an offer that never had a voucher."""

    event_id: UUID
    actor: Actor
    offer_id: UUID
    if_match: int | None

    def decide(self, view: View) -> None:
        offer = live_offer(view, self.offer_id)
        if offer is None:
            raise problems.not_found()
        check_version(offer, self.if_match)
        if counter_of(view, offer.id).issued:
            raise problems.conflict("This offer has vouchers. Pause it instead.")
        view.put(OFFERS, replace(offer, deleted=True, version=offer.version + 1, updated_at=view.now))
        view.append(Draft("offer.deleted", self.actor, offer_id=offer.id))


def _check_gates(view: View, gate_ids: list[UUID]) -> None:
    for gate_id in gate_ids:
        if live_gate(view, gate_id) is None:
            raise problems.unprocessable("This is no gate of this event.", loc=("body", "gate_ids"))


def _check_windows(offer: Offer) -> None:
    for word in ("claim", "redeem"):
        start, end = getattr(offer, f"{word}_from"), getattr(offer, f"{word}_until")
        if start is not None and end is not None and end <= start:
            raise problems.unprocessable(f"{word}_until must be after {word}_from", loc=("body", f"{word}_until"))
