"""The use case of issuing: generated codes, or the organizer's own, all or none."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.keys import fingerprint
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.offers.model import OFFER_COUNTERS, OFFERS, live_offer
from dibs_realtime.vouchers import codes, queries
from dibs_realtime.vouchers.commands import Share, check_share
from dibs_realtime.vouchers.publishing import ATTEMPTS, Lot, Publisher, Request
from dibs_realtime.vouchers.repository import Collision, Picks
from dibs_realtime.vouchers.schemas import Issued, IssueRequest

SHOWN_CODES = 1_000
"""An answer lists the codes up to so many of them."""
MOST_NAMED = 100
"""Codes that an error names."""
BAD_CODE = "A code is 4 to 32 letters and digits; spaces and dashes do not count."


class Issuing:
    """Issues vouchers."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher

    async def issue(self, event_id: UUID, actor: Actor, wanted: IssueRequest, key: str | None) -> Issued:
        """Issue vouchers of one offer; the same key answers the first answer again.

        Raises Problem 409 (slug `codes_taken`: `codes` names those that are alike, or in the event already; slug
        `over_quantity`), 422 or 503. Then no voucher was issued.
        """
        request = Request(event_id, actor, key or f"fresh-{new_id()}", fingerprint(wanted))
        known = await self._publisher.answered(request) if key is not None else None
        if known is not None:
            return await self._shown(event_id, known)
        share = Share(wanted.offer_id, wanted.count or len(wanted.codes or ()))
        max_uses = await self._checked(event_id, share)
        if wanted.codes is not None:
            spelled = await asyncio.to_thread(_spelled, wanted.codes)
            if len(set(spelled)) < len(spelled):
                await self._refuse(event_id, wanted.codes, spelled)
        async with self._publisher.turn(share.count):
            for attempt in range(ATTEMPTS):
                own = None if wanted.codes is None else spelled
                picks = await asyncio.to_thread(_picks, own, share, max_uses)
                lot = Lot(picks, (share,), generated=wanted.codes is None, extra={"issued": share.count})
                try:
                    return await self._shown(event_id, await self._publisher.publish(request, lot, again=attempt > 0))
                except Collision:
                    if wanted.codes is None:
                        continue
                # Codes of our own are there already. It may have been this very request, sent twice.
                taken = await self._publisher.staging.taken(event_id, spelled)
                known = await self._publisher.answered(request)
                if known is not None:
                    return await self._shown(event_id, known)
                if taken:
                    _refuse_named(wanted.codes, [code in taken for code in spelled])
        raise problems.unavailable("These codes are in demand right now.")

    async def _checked(self, event_id: UUID, share: Share) -> int:
        """Check what can be known before anything is written; return how often a voucher of the offer may be used."""
        view = await resident_view(self._database, event_id, (OFFERS, OFFER_COUNTERS))
        check_share(view, share)
        offer = live_offer(view, share.offer_id)
        assert offer is not None
        return offer.max_uses

    async def _refuse(self, event_id: UUID, written: Sequence[str], spelled: Sequence[str]) -> NoReturn:
        """Name all codes that are in the way, those in the event too, so that one correction is enough."""
        taken = await self._publisher.staging.taken(event_id, list(dict.fromkeys(spelled)))
        seen: set[str] = set()
        in_the_way = []
        for code in spelled:
            in_the_way.append(code in taken or code in seen)
            seen.add(code)
        _refuse_named(written, in_the_way)

    async def _shown(self, event_id: UUID, answer: Mapping[str, Any]) -> Issued:
        batch_id = UUID(answer["batch_id"])
        shown = (
            await queries.codes_of_batch(self._database, event_id, batch_id)
            if answer["issued"] <= SHOWN_CODES
            else None
        )
        return Issued(issued=answer["issued"], seq=answer["seq"], batch_id=batch_id, codes=shown)


def _spelled(written: Sequence[str]) -> list[str]:
    """Return each code's one spelling. Raises Problem 422 with the place of each that is no code."""
    spelled: list[str] = []
    errors: list[dict[str, Any]] = []
    for place, raw in enumerate(written):
        code = codes.normalise(raw)
        if code is not None:
            spelled.append(code)
        elif len(errors) < MOST_NAMED:
            errors.append({"loc": ["body", "codes", place], "msg": BAD_CODE})
    if errors:
        raise problems.invalid(errors)
    return spelled


def _picks(own: list[str] | None, share: Share, max_uses: int) -> Picks:
    made = codes.generate_many(share.count) if own is None else own
    return Picks(made, [share.offer_id] * share.count, [max_uses] * share.count)


def _refuse_named(written: Sequence[str], in_the_way: Sequence[bool]) -> NoReturn:
    named = [raw for raw, is_in_the_way in zip(written, in_the_way, strict=True) if is_in_the_way]
    raise problems.conflict(
        f"{len(named)} of these codes are alike, or the event has them already.",
        slug="codes_taken",
        codes=named[:MOST_NAMED],
        count=len(named),
    )
