"""One event's entries as this node knows them: whatever arrives, however, is handed on exactly once and in order."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.tasks import end
from dibs_realtime.ledger.model import Line
from dibs_realtime.ledger.queries import Stretch
from dibs_realtime.live import lines
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.lines import Passage

_log = logging.getLogger(__name__)

RING = 1_000
"""How many entries are kept in memory, and how far behind a watcher may come back without a snapshot."""
PAGE = 1_000
LEAP = 10_000
"""So far behind the ledger (a node that stood still) a feed jumps to its head; its watchers come for a snapshot."""
GRACE = 0.005
"""Seconds for a message that another one overtook on its way, before PostgreSQL is asked."""
MOST_PARKED = 4 * PAGE
LOOKS = 3
"""Reads for somebody who knows more than this node: one had begun before, one is spared by what comes meanwhile."""

ReadAfter = Callable[[UUID, int, int], Awaitable[Stretch]]


class Feed:
    """The order is made here. Sources (this node's commits, Redis, PostgreSQL) call `offer`; `deliver` gets the result.

    The bus may lose, double and reorder. What it lost is read from PostgreSQL, once for all watchers of this node.
    """

    def __init__(
        self,
        event_id: UUID,
        read_after: ReadAfter,
        deliver: Callable[[UUID, Passage], None],
        jumped: Callable[["Feed"], None],
        figures: LiveFigures,
    ) -> None:
        """deliver: called with each new passage, in order. jumped: the feed began anew at its (new) head."""
        self.event_id = event_id
        self.epoch: UUID | None = None
        self.head = 0
        self._read_after = read_after
        self._deliver = deliver
        self._jumped = jumped
        self._figures = figures
        self._ring: deque[Line] = deque(maxlen=RING)
        self._parked: list[Passage] = []
        self._reading: asyncio.Task[None] | None = None
        self._filling: asyncio.Task[None] | None = None

    # ── what arrives ──

    def offer(self, passage: Passage) -> None:
        """Take entries in: the next ones are delivered now, old ones ignored, and a gap is filled from PostgreSQL."""
        if self.epoch is None:
            self._park(passage)
        elif passage.epoch != self.epoch:  # a straggler of before a restore, or the first of after: the ledger knows
            self._fetch()
        elif passage.from_seq <= self.head + 1:
            self._advance(passage)
            self._unpark()
        else:
            self._park(passage)
            self._fetch()

    async def reach(self, epoch: UUID, seq: int) -> None:
        """Wait until everything up to `seq` is delivered, reading it where needed. Raises Problem 404 and 503."""
        while self.epoch != epoch or self.head < seq:
            if _runs(self._reading):  # it may have begun before `seq` was committed: it proves nothing
                await self._fetched()
                continue
            before = self.epoch, self.head
            await self._fetched()
            if (self.epoch, self.head) == before:
                raise problems.unavailable()

    async def ready(self) -> None:
        """Wait until the feed knows where the ledger stands. Raises Problem 404 and 503."""
        if self.epoch is None:
            await self._fetched()

    # ── what is asked ──

    def after(self, seq: int) -> list[Line] | None:
        """Return the entries after `seq` from memory; None: they are not all there, or `seq` is beyond the head."""
        missing = self.head - seq
        if not 0 <= missing <= len(self._ring):
            return None
        return list(islice(self._ring, len(self._ring) - missing, None))

    async def since(self, seq: int) -> list[Line] | None:
        """Return the entries after `seq` up to the head as it is at the return; None: a snapshot is called for.

        However many ask, the ring is filled from PostgreSQL once. Raises Problem 404 and 503.
        """
        await self.ready()
        await self._look_ahead(seq)
        if not 0 <= self.head - seq <= RING:
            return None
        found = self.after(seq)
        if found is None:
            if self._filling is None or self._filling.done():
                self._filling = asyncio.create_task(self._fill())
                self._filling.add_done_callback(self._report)
            await asyncio.shield(self._filling)
            found = self.after(seq)
        return found

    async def _look_ahead(self, seq: int) -> None:
        """Ask the ledger for what another node has shown before it came here: whoever comes from there knows it.

        One answer to a question that is asked now is enough, however far beyond the head a client says it is.
        """
        for _ in range(LOOKS):
            if seq <= self.head:
                return
            began_before, head = _runs(self._reading), self.head
            await self._fetched()
            if self.head == head and not began_before:
                return

    async def close(self) -> None:
        """Stop reading."""
        await end(self._reading, self._filling)

    # ── order ──

    def _advance(self, passage: Passage) -> None:
        if passage.to_seq <= self.head:
            return
        fresh = passage.after(self.head)
        self.head = fresh.to_seq
        self._ring.extend(fresh.lines)
        self._deliver(self.event_id, fresh)

    def _park(self, passage: Passage) -> None:
        if sum(len(parked.lines) for parked in self._parked) < MOST_PARKED:  # what is too much is read instead
            self._parked.append(passage)
            self._parked.sort(key=lambda parked: parked.from_seq)

    def _unpark(self) -> None:
        while self._parked and self._parked[0].from_seq <= self.head + 1:
            passage = self._parked.pop(0)
            if passage.epoch == self.epoch:
                self._advance(passage)

    def _begin(self, epoch: UUID, head: int) -> None:
        first = self.epoch is None
        if not first:
            self._parked.clear()
        self.epoch, self.head = epoch, head
        self._ring.clear()
        self._unpark()
        if not first:
            self._figures.jumps.inc()
            self._jumped(self)

    # ── PostgreSQL ──

    def _fetch(self) -> asyncio.Task[None]:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._report)
        return self._reading

    async def _fetched(self) -> None:
        await asyncio.shield(self._fetch())

    async def _read(self) -> None:
        if self._parked and self.epoch is not None:
            await asyncio.sleep(GRACE)
            if not self._parked:
                return
            self._figures.gaps.inc()
        while True:
            asked = self.head
            stretch = await self._read_after(self.event_id, asked, PAGE if self.epoch else 0)
            if stretch.epoch != self.epoch or stretch.head_seq - self.head > LEAP:
                self._begin(stretch.epoch, stretch.head_seq)
                if not self._parked:
                    return
                continue
            passage = lines.of_stretch(stretch)
            if passage is not None:
                self._advance(passage)
                self._unpark()
            if self.head >= stretch.head_seq and not self._parked:
                return
            if self.head == asked:  # the ledger does not show it yet; the next beat asks again
                self._parked.clear()
                return

    async def _fill(self) -> None:
        epoch, start = self.epoch, max(0, self.head - RING)
        stretch = await self._read_after(self.event_id, start, RING)
        passage = lines.of_stretch(stretch)
        if passage is None or stretch.epoch != epoch or self.epoch != epoch:
            return
        first = self._ring[0].seq if self._ring else self.head + 1
        older = [line for line in passage.lines if line.seq < first]
        if older and older[-1].seq == first - 1:  # else the feed moved on by more than a ring meanwhile
            self._ring = deque([*older, *self._ring], maxlen=RING)

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning(
                "a feed could not read the ledger",
                extra={"event_id": str(self.event_id), "error": type(error).__name__},
            )


def _runs(task: asyncio.Task[None] | None) -> bool:
    return task is not None and not task.done()
