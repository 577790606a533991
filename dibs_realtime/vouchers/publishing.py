"""From codes to vouchers: staged by COPY, then put on the ledger as one entry an offer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.kit import json, problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.command import KEY_REUSED
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.vouchers.commands import CLEARED, PublishBatch, Share, issue_scope
from dibs_realtime.vouchers.repository import Batch, Collision, Picks, Progress, StagingRepository

ATTEMPTS = 5
"""How often codes are looked at again that others bring in at the same time."""
SMALL = 1_000
"""So many codes are written in a moment: they do not wait behind larger lots."""
AT_ONCE = 2
SMALL_AT_ONCE = 3
"""Small lots in work at once. Each holds a connection until it is on the ledger: some must be left for everybody."""
MOST_WAITING = 16


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants codes to appear, under which key, and what tells the request apart from others under that key."""

    event_id: UUID
    actor: Actor
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Lot:
    """Codes that are to appear together. `extra`: what else (JSON types, no code) the first answer tells."""

    picks: Picks
    shares: tuple[Share, ...]
    generated: bool
    extra: Mapping[str, Any]


def shares_of(picks: Picks) -> tuple[Share, ...]:
    """Return how many of the codes each offer gets."""
    claimed = Counter(picks.offer_ids[place] for place in picks.guests)
    return tuple(Share(offer_id, count, claimed[offer_id]) for offer_id, count in Counter(picks.offer_ids).items())


class Publisher:
    """Makes vouchers of codes. One instance a process: large lots take turns."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self.staging = StagingRepository(database)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._small_slots = asyncio.Semaphore(SMALL_AT_ONCE)
        self._waiting = 0

    async def answered(self, request: Request) -> Mapping[str, Any] | None:
        """Return the answer that the key got; None: it is new. Raises Problem 422 when it was for another request."""
        row = await self._database.fetchrow(
            "SELECT fingerprint, answer FROM verdicts WHERE event_id = $1 AND scope = $2 AND key = $3",
            request.event_id,
            issue_scope(request.actor),
            request.key,
        )
        if row is None:
            return None
        if row["fingerprint"] != request.fingerprint:
            raise problems.unprocessable(KEY_REUSED, loc=("header", "Idempotency-Key"))
        answer: dict[str, Any] = json.loads(row["answer"])
        return answer

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Wait for the turn of a lot of `size`. Raises Problem 503 when too many large ones wait already."""
        if size <= SMALL:
            async with self._small_slots:
                yield
            return
        if self._waiting >= MOST_WAITING:
            raise problems.unavailable("Too many lists of codes come in at the same moment.", retry_after=10)
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()

    async def publish(
        self, request: Request, lot: Lot, progress: Progress | None = None, *, again: bool = False
    ) -> Mapping[str, Any]:
        """Stage the codes and put them on the ledger; return the answer, which may be an earlier one to the same key.

        again: it has raised Collision before.

        Raises Collision, or Problem 409 (slug `over_quantity`), 422, 503; then none of the codes exists. Should the
        process die on the way, what it staged is invisible and somebody else clears it away.
        """
        if not lot.picks:
            return await self._ledger.submit(_command(request, lot, None))
        batch_id = new_id()
        batch = Batch(request.event_id, batch_id, self._clock(), lot.generated)
        answer: Mapping[str, Any] | None = None
        try:
            async with self.staging.staged(batch, lot.picks, progress, again=again):
                answer = await self._ledger.submit(_command(request, lot, batch_id))
        except Collision:
            raise
        except Exception as error:
            # A lost connection may hide that it is published: the batch's fate is what counts.
            gone = await self.staging.discard(request.event_id, batch_id)
            if answer is None and not gone:
                answer = await self.answered(request)
            if answer is None:
                if isinstance(error, problems.Problem) and error.slug == CLEARED:
                    raise Collision from error
                raise
        if answer["batch_id"] != str(batch_id):  # the same request came twice at once, and the other one was first
            await self.staging.discard(request.event_id, batch_id)
        return answer


def _command(request: Request, lot: Lot, batch_id: UUID | None) -> PublishBatch:
    return PublishBatch(
        event_id=request.event_id,
        actor=request.actor,
        key=request.key,
        batch_id=batch_id,
        shares=lot.shares,
        extra=lot.extra,
        request_fingerprint=request.fingerprint,
    )
