"""Commands on vouchers: put a staged batch on the ledger, void one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import KEY_HEADER, VERDICT_BY_KEY, VERDICTS, KeyedCommand, Verdict
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import counter_of, live_offer, record
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import BATCH_BY_ID, BATCHES, VOIDS, VOUCHER_BY_ID, VOUCHERS, Void, Voucher

BATCH_SCOPE = "batch"
"""Verdicts of this scope say what became of a batch: whoever stores its key first, publishes it or clears it away."""
CLEARED = "batch_cleared"


def issue_scope(actor: Actor) -> str:
    """Return the range in which the keys of an actor's issues and imports are unique."""
    return f"issue:{actor.id or actor.type}"


@dataclass(frozen=True)
class Share:
    """How many of a batch's codes belong to one offer, and how many of those have a guest already."""

    offer_id: UUID
    count: int
    claimed: int = 0


def free_places(view: View, offer_id: UUID) -> int | None:
    """Return how many more codes of an offer fit its `quantity`; None: any number. Raises Problem 422 for no offer."""
    offer = live_offer(view, offer_id)
    if offer is None:
        raise problems.unprocessable("This is no offer of this event.", loc=("body", "offer_id"))
    return None if offer.quantity is None else max(0, offer.quantity - counter_of(view, offer.id).places)


def check_share(view: View, share: Share) -> None:
    """Raise Problem 409 (slug `over_quantity`) when the offer has not that many places left, 422 for no offer."""
    free = free_places(view, share.offer_id)
    if free is not None and share.count > free:
        raise problems.conflict(
            f"This offer has room for {free} more, not for {share.count}.",
            slug="over_quantity",
            free=free,
            offer_id=str(share.offer_id),
        )


@dataclass(frozen=True)
class PublishBatch(KeyedCommand[Mapping[str, Any]]):
    """Put a staged batch on the ledger: from this entry on its codes exist. One entry an offer, nearly always one.

    Raises Problem 409 when an offer has not that many places left (slug `over_quantity`) or the batch was taken for a
    leftover (slug `batch_cleared`), 422 for an unknown offer.
    """

    event_id: UUID
    actor: Actor
    key: str
    batch_id: UUID | None
    """None: no code landed. Only the answer is kept, so that a repetition gets it too."""
    shares: tuple[Share, ...]
    extra: Mapping[str, Any]
    """What else the first answer tells (JSON types): kept with the key."""
    request_fingerprint: str

    key_at = KEY_HEADER

    @property
    def scope(self) -> str:
        return issue_scope(self.actor)

    def reads(self) -> Iterable[Read]:
        yield from super().reads()
        if self.batch_id is not None:
            yield Read(BATCH_BY_ID, self.batch_id)
            yield Read(VERDICT_BY_KEY, (BATCH_SCOPE, str(self.batch_id)))

    def fingerprint(self, view: View) -> str:
        return self.request_fingerprint

    def act(self, view: View) -> Mapping[str, Any]:
        if self.batch_id is None:
            return {"seq": None, "batch_id": None, **self.extra}
        batch = view.get(BATCHES, self.batch_id)
        if batch is None or view.get(VERDICTS, (BATCH_SCOPE, str(self.batch_id))) is not None:
            raise problems.conflict("These codes were cleared away before they were finished.", slug=CLEARED)
        for share in self.shares:
            check_share(view, share)
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
        # Inserted, where the batch's row is only updated: should a janitor clear the batch in this very moment, one of
        # the two finds the key taken.
        view.put(VERDICTS, Verdict(BATCH_SCOPE, str(self.batch_id), "", {"published": True}, view.now))
        return {"seq": seq, "batch_id": str(self.batch_id), **self.extra}

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> Mapping[str, Any]:
        return {**answer, "replayed": replayed}


@dataclass(frozen=True)
class VoidVoucher(KeyedCommand[Voucher]):
    """End a voucher for good. Repeating it changes nothing, with a key or without one."""

    event_id: UUID
    actor: Actor
    voucher_id: UUID
    reason: str
    key: str = ""

    key_at = KEY_HEADER

    @property
    def scope(self) -> str:
        return f"void:{self.actor.id or self.actor.type}"

    def fingerprint(self, view: View) -> str:
        return f"{self.voucher_id}:{codes.digest(self.reason)}"

    def reads(self) -> Iterable[Read]:
        yield from super().reads()
        yield Read(VOUCHER_BY_ID, self.voucher_id)

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> Voucher:
        voucher = view.get(VOUCHERS, self.voucher_id)
        if voucher is None:
            raise problems.not_found()
        return voucher

    def act(self, view: View) -> Mapping[str, Any]:
        voucher = view.get(VOUCHERS, self.voucher_id)
        if voucher is None:
            raise problems.not_found()
        answer = {"voucher_id": str(self.voucher_id)}
        if voucher.state == "voided":
            return answer
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
        # What a person wrote may name somebody: it is kept beside the ledger, where it can be erased.
        view.put(VOIDS, Void(voucher.id, self.reason, view.now, self.actor.id))
        record(
            view,
            Draft(
                "voucher.voided",
                self.actor,
                offer_id=voucher.offer_id,
                voucher_id=voucher.id,
                data={"uses": voucher.uses, "place_returned": unused},
                counts=counts,
            ),
        )
        return answer
