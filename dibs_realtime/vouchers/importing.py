"""The use case of importing: a CSV file of codes. All good rows land as one batch, each bad row is named."""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.offers.model import OFFER_COUNTERS, OFFERS, Offer
from dibs_realtime.vouchers import sheet, sorting
from dibs_realtime.vouchers.commands import free_places
from dibs_realtime.vouchers.publishing import ATTEMPTS, Lot, Publisher, Request, shares_of
from dibs_realtime.vouchers.repository import Collision
from dibs_realtime.vouchers.sorting import Fault, Sorted

Stage = Literal["reading", "writing"]
Progress = Callable[[Stage, int, int | None], None]
"""Told what is going on, how many rows are done and, where it is known, of how many. Called from any thread."""


@dataclass(frozen=True)
class Outcome:
    """What became of a file: so many codes landed, up to entry `seq` (None: none did), and the rows that did not."""

    imported: int
    seq: int | None
    rejected: list[Fault]


class Importing:
    """Imports files."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher

    async def bring(
        self, event_id: UUID, actor: Actor, raw: bytes, key: str | None, progress: Progress | None = None
    ) -> Outcome:
        """Import a file; the same key answers the first answer again.

        Raises Problem 413 (too many rows), 422 (a wrong heading, or a key that was used for something else), 404 or
        503; then no row landed.
        """
        digest = await asyncio.to_thread(lambda: hashlib.sha256(raw).hexdigest())
        request = Request(event_id, actor, key or f"fresh-{new_id()}", f"csv:{digest}")
        known = await self._publisher.answered(request) if key is not None else None
        if known is not None:
            return await asyncio.to_thread(_again, raw, known)
        async with self._publisher.turn(len(raw) // 20):  # about as many rows
            rows = await self._read(event_id, raw, progress)
            for attempt in range(ATTEMPTS):
                outcome = await self._try(request, rows, raw, progress, keep=key is not None, again=attempt > 0)
                if outcome is not None:
                    return outcome
        raise problems.unavailable("These codes are in demand right now.")

    async def check(self, event_id: UUID, raw: bytes) -> Outcome:
        """Tell what importing the file would bring as things stand now, and bring nothing (`seq` is None).

        Raises Problem 413, 422, 404 or 503 as `bring` does.
        """
        async with self._publisher.turn(len(raw) // 20):
            rows = await self._read(event_id, raw, None)
            lot, faults = await self._settle(event_id, rows, keep=False)
        return Outcome(len(lot.picks), None, faults)

    async def _read(self, event_id: UUID, raw: bytes, progress: Progress | None) -> Sorted:
        offers, _ = await self._offers(event_id)
        try:
            return await asyncio.to_thread(_sorted, raw, offers, progress)
        except sheet.TooManyRowsError as error:
            raise problems.Problem(413, str(error), slug="too-large") from None
        except sheet.SheetError as error:
            raise problems.unprocessable(str(error), loc=("body", 1)) from None

    async def _settle(self, event_id: UUID, rows: Sorted, *, keep: bool) -> tuple[Lot, list[Fault]]:
        """Return what of the rows lands as things stand now, and what does not."""
        taken = await self._publisher.staging.taken(event_id, rows.picks.codes)
        _, free = await self._offers(event_id)
        return await asyncio.to_thread(_settled, rows, taken, free, keep=keep)

    async def _try(
        self, request: Request, rows: Sorted, raw: bytes, progress: Progress | None, *, keep: bool, again: bool
    ) -> Outcome | None:
        """Land the rows as things stand now; None: they changed in between.

        keep: store the answer for the key, also when nothing lands.
        """
        lot, faults = await self._settle(request.event_id, rows, keep=keep)
        if not lot.picks and not keep:
            return Outcome(0, None, faults)
        try:
            answer = await self._publisher.publish(request, lot, _writing(progress, len(lot.picks)), again=again)
        except Collision:
            return None
        except problems.Problem as problem:
            if problem.slug == "over_quantity":
                return None
            raise
        if answer.get("replayed") and keep:
            return await asyncio.to_thread(_again, raw, answer)
        return Outcome(answer["issued"], answer["seq"], faults)

    async def _offers(self, event_id: UUID) -> tuple[list[Offer], dict[UUID, int | None]]:
        """Return the event's offers and each one's free places (None: any number)."""
        view = await resident_view(self._database, event_id, (OFFERS, OFFER_COUNTERS))
        living = [offer for offer in view.all(OFFERS) if not offer.deleted]
        return living, {offer.id: free_places(view, offer.id) for offer in living}


def _sorted(raw: bytes, offers: list[Offer], progress: Progress | None) -> Sorted:
    rows = sorting.sort(sheet.read(raw), offers, lambda done: progress("reading", done, None) if progress else None)
    if progress is not None:
        done = len(rows.picks) + len(rows.faults)
        progress("reading", done, done)
    return rows


def _settled(
    rows: Sorted, taken: Collection[str], free: Mapping[UUID, int | None], *, keep: bool
) -> tuple[Lot, list[Fault]]:
    picks, faults = sorting.settle(rows, taken, free)
    extra: dict[str, Any] = {"issued": len(picks)}
    if keep:
        extra["rejected"] = sorting.compress(faults)
    return Lot(picks, shares_of(picks), generated=False, extra=extra), faults


def _again(raw: bytes, answer: Mapping[str, Any]) -> Outcome:
    return Outcome(answer["issued"], answer["seq"], sorting.restore(sheet.read(raw), answer["rejected"]))


def _writing(progress: Progress | None, total: int) -> Callable[[int], None]:
    return lambda done: progress("writing", done, total) if progress else None
