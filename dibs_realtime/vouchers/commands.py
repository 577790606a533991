"""Commands on vouchers: put a staged batch on the ledger, void one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import Command, KeyedCommand
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import counter_of, live_offer, record
from dibs_realtime.vouchers.model import BATCH_BY_ID, BATCHES, VOUCHER_BY_ID, VOUCHERS, Voucher


@dataclass(frozen=True)
class Share:
    """How many of a batch's codes belong to one offer, and how many of those have a guest already."""

    offer_id: UUID
    count: int
    claimed: int = 0


@dataclass(frozen=True)
class PublishBatch(KeyedCommand[Mapping[str, Any]]):
    """Put a staged batch on the ledger: from this entry on its codes exist. One entry an offer, nearly always one.

    Raises Problem 409 (slug `over_quantity`) when an offer has not that many places left, 422 for an unknown offer.
    """

    event_id: UUID
    actor: Actor
    key: str
    batch_id: UUID
    shares: tuple[Share, ...]
    extra: Mapping[str, Any]
    """What else the first answer tells (JSON types): kept with the key."""
    request_fingerprint: str

    @property
    def scope(self) -> str:
        return f"issue:{self.actor.id}"

    def reads(self) -> Iterable[Read]:
        yield from super().reads()
        yield Read(BATCH_BY_ID, self.batch_id)

    def fingerprint(self, view: View) -> str:
        return self.request_fingerprint

    def act(self, view: View) -> Mapping[str, Any]:
        batch = view.get(BATCHES, self.batch_id)
        if batch is None:
            raise problems.conflict("These codes were cleared away before they were finished. Send them again.")
        for share in self.shares:
            offer = live_offer(view, share.offer_id)
            if offer is None:
                raise problems.unprocessable("This is no offer of this event.", loc=("body", "offer_id"))
            free = None if offer.quantity is None else max(0, offer.quantity - counter_of(view, offer.id).places)
            if free is not None and share.count > free:
                raise problems.conflict(
                    f"Only {free} more of “{offer.title}” fit its quantity.", slug="over_quantity", free=free,
                    offer_id=str(offer.id),
                )  # fmt: skip
        seq = view.seq
        for share in self.shares:
            counts = {
                "issued": share.count,
                "places": share.count,
                "claimed": share.claimed,
                "unclaimed": share.count - share.claimed,
            }
            seq = record(
                view,
                Draft(
                    "vouchers.issued",
                    self.actor,
                    offer_id=share.offer_id,
                    data={"count": share.count, "batch_id": self.batch_id},
                    counts={name: n for name, n in counts.items() if n},
                ),
            )
        view.put(BATCHES, replace(batch, seq=seq))
        return {"seq": seq, "batch_id": str(self.batch_id), **self.extra}

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> Mapping[str, Any]:
        return {**answer, "replayed": replayed}


@dataclass(frozen=True)
class VoidVoucher(Command[Voucher]):
    """End a voucher for good. Repeating it changes nothing."""

    event_id: UUID
    actor: Actor
    voucher_id: UUID
    reason: str

    def reads(self) -> Iterable[Read]:
        yield Read(VOUCHER_BY_ID, self.voucher_id)

    def decide(self, view: View) -> Voucher:
        voucher = view.get(VOUCHERS, self.voucher_id)
        if voucher is None:
            raise problems.not_found()
        if voucher.state == "voided":
            return voucher
        if voucher.state == "released":
            raise problems.conflict("The guest gave this voucher back; it is over already.")
        unused = voucher.uses == 0
        counts = {"voided": 1}
        if unused:
            counts["places"] = -1
        if voucher.guest_id is not None:
            counts["claimed"] = -1
        elif voucher.unclaimed:
            counts["unclaimed"] = -1
        after = replace(
            voucher,
            state="voided",
            poolable=False,
            holds_place=not unused,
            updated_at=view.now,
        )
        view.put(VOUCHERS, after)
        record(
            view,
            Draft(
                "voucher.voided",
                self.actor,
                offer_id=voucher.offer_id,
                voucher_id=voucher.id,
                data={"uses": voucher.uses, "place_returned": unused, "reason": self.reason},
                counts=counts,
            ),
        )
        return after
