"""A ledger in memory and a bus that misbehaves, for what needs no database: the order that a feed makes."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from prometheus_client import CollectorRegistry

from dibs_realtime.kit import problems
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.queries import Stretch
from dibs_realtime.live import lines
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.lines import Passage


class MemoryLedger:
    """Entries of one event. `reads` counts how often it was asked; `away` makes it refuse."""

    def __init__(self, entries: int = 0) -> None:
        self.event_id = new_id()
        self.epoch = new_id()
        self.entries: list[dict] = []
        self.reads = 0
        self.away = False
        self.append(entries)

    def append(self, count: int = 1) -> Passage | None:
        """Commit entries; return them as a node would offer them."""
        new = [
            {"seq": len(self.entries) + n + 1, "at": datetime.now(UTC), "kind": "test", "actor": {}, "data": {}}
            for n in range(count)
        ]
        self.entries += new
        return lines.of_stretch(Stretch(self.epoch, len(self.entries), new))

    def restore(self, length: int) -> None:
        """Go back to a backup: fewer entries, another epoch."""
        del self.entries[length:]
        self.epoch = new_id()

    async def entries_after(self, event_id: UUID, after_seq: int, limit: int) -> Stretch:
        assert event_id == self.event_id
        self.reads += 1
        # One statement: what is committed while the answer travels is not in it.
        found = Stretch(self.epoch, len(self.entries), self.entries[after_seq : after_seq + limit])
        await asyncio.sleep(0)
        if self.away:
            raise problems.unavailable()
        return found


class Watcher:
    """Collects what a feed delivers and checks that it is contiguous."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.seqs: list[int] = []
        self.jumps = 0
        self.figures = LiveFigures(CollectorRegistry())
        self.feed = Feed(ledger.event_id, ledger.entries_after, self._deliver, self._jumped, self.figures)

    def _deliver(self, event_id: UUID, passage: Passage) -> None:
        assert event_id == self.ledger.event_id
        seqs = [line.seq for line in passage.lines]
        assert seqs == list(range(passage.from_seq, passage.to_seq + 1))
        assert not self.seqs or seqs[0] == self.seqs[-1] + 1
        self.seqs += seqs

    def _jumped(self, feed: Feed) -> None:
        assert feed is self.feed
        self.jumps += 1
        self.seqs.clear()
