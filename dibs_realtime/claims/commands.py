"""Commands of guests: claim a voucher, give one back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.claims.model import GUEST_BY_ID, GUESTS, judge
from dibs_realtime.events.model import event_of
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import Command, KeyedCommand, Lane
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import Offer, counter_of, live_offer, record, remaining
from dibs_realtime.vouchers.model import (
    UNCLAIMED,
    VOUCHER_BY_CODE,
    VOUCHER_BY_ID,
    VOUCHERS,
    VOUCHERS_OF_GUEST,
    Voucher,
)
from dibs_realtime.vouchers.render import voucher_shape


@dataclass(frozen=True)
class ClaimVoucher(KeyedCommand[dict[str, Any]]):
    """Give the guest a voucher of the offer: the oldest that is nobody's, else a new one within `quantity`.

    new_id, new_code: what a new voucher would get, drawn before the decision.
    """

    event_id: UUID
    actor: Actor
    key: str
    offer_id: UUID
    guest_id: UUID
    new_id: UUID
    new_code: str
    lane = Lane.GUEST

    @property
    def scope(self) -> str:
        return f"claim:{self.guest_id}"

    def fingerprint(self, view: View) -> str:
        return str(self.offer_id)

    def reads(self) -> Iterable[Read]:
        yield from super().reads()
        yield Read(VOUCHERS_OF_GUEST, self.guest_id)
        yield Read(GUEST_BY_ID, self.guest_id)
        yield Read(UNCLAIMED, self.offer_id)
        yield Read(VOUCHER_BY_CODE, self.new_code)

    def act(self, view: View) -> Mapping[str, Any]:
        # Looked for here, after the key: an offer that is gone meanwhile changes no verdict that was given.
        offer = live_offer(view, self.offer_id)
        if offer is None:
            raise problems.not_found()
        held = sum(
            1
            for voucher in view.select(VOUCHERS_OF_GUEST, self.guest_id)
            if voucher.offer_id == offer.id and voucher.holds_place
        )
        left = remaining(offer, counter_of(view, offer.id))
        reason = judge(offer, event_of(view).status, held, left, view.now)
        if reason is not None:
            return {"reason": reason, "voucher_id": None, "remaining": left}
        voucher = self._give(view, offer)
        return {
            "reason": None,
            "voucher_id": str(voucher.id),
            "remaining": remaining(offer, counter_of(view, offer.id)),
        }

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> dict[str, Any]:
        voucher = view.get(VOUCHERS, UUID(answer["voucher_id"])) if answer["voucher_id"] else None
        return {
            "verdict": "claimed" if answer["reason"] is None else "refused",
            "reason": answer["reason"],
            "replayed": replayed,
            "voucher": voucher_shape(view, voucher, whole_code=True) if voucher else None,
            "remaining": answer["remaining"],
        }

    def _give(self, view: View, offer: Offer) -> Voucher:
        pooled = view.first(UNCLAIMED, offer.id)
        if pooled is not None:
            voucher = replace(
                pooled, state="claimed", guest_id=self.guest_id, poolable=False, updated_at=view.now
            )  # fmt: skip
            counts = {"claimed": 1, "unclaimed": -1}
        else:
            counter = counter_of(view, offer.id)
            if counter.unclaimed:
                view.missed()
            if offer.quantity is not None and counter.places >= offer.quantity:
                # The pool was not empty when `remaining` was judged; the batch did not read it far enough.
                raise problems.unavailable("Please try once more.", retry_after=1)
            if view.first(VOUCHER_BY_CODE, self.new_code) is not None:
                raise problems.unavailable("Please try once more.", retry_after=1)  # one in 10^15
            voucher = Voucher(
                id=self.new_id,
                code=self.new_code,
                offer_id=offer.id,
                batch_id=None,
                state="claimed",
                uses=0,
                max_uses=offer.max_uses,
                guest_id=self.guest_id,
                generated=True,
                poolable=False,
                holds_place=True,
                last_redemption_id=None,
                created_at=view.now,
                updated_at=view.now,
            )
            counts = {"issued": 1, "claimed": 1, "places": 1}
        guest = view.get(GUESTS, self.guest_id)
        voucher = replace(voucher, guest_name=guest.name if guest else None)
        view.put(VOUCHERS, voucher)
        record(
            view,
            Draft("voucher.claimed", self.actor, offer_id=offer.id, voucher_id=voucher.id, counts=counts),
        )
        return voucher


@dataclass(frozen=True)
class ReleaseVoucher(Command[dict[str, Any]]):
    """Give a voucher back while it is unused. Repeating it changes nothing."""

    event_id: UUID
    actor: Actor
    guest_id: UUID
    voucher_id: UUID
    lane = Lane.GUEST

    def reads(self) -> Iterable[Read]:
        yield Read(VOUCHER_BY_ID, self.voucher_id)

    def decide(self, view: View) -> dict[str, Any]:
        voucher = view.get(VOUCHERS, self.voucher_id)
        if voucher is None or voucher.guest_id != self.guest_id:
            raise problems.not_found()
        if voucher.state != "released":
            if voucher.dead or voucher.uses:
                raise problems.conflict("Only an unused voucher can be given back.")
            voucher = replace(voucher, state="released", holds_place=False, updated_at=view.now)
            view.put(VOUCHERS, voucher)
            record(
                view,
                Draft(
                    "voucher.released",
                    self.actor,
                    offer_id=voucher.offer_id,
                    voucher_id=voucher.id,
                    data={"uses": 0, "place_returned": True},
                    counts={"claimed": -1, "released": 1, "places": -1},
                ),
            )
        return voucher_shape(view, voucher, whole_code=True)
