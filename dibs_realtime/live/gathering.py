"""Entries on their way to watchers: at once while the event is quiet, gathered into fewer frames while it is busy.

Ten entries in one frame cost about what one does, and what a frame costs grows with the number of watchers. So an event
gets a frame at once after a pause, and during a rush no more of them than take up its share of a core.
"""

import asyncio
from uuid import UUID

from dibs_realtime.ledger.model import Line
from dibs_realtime.live import codec, lines
from dibs_realtime.live.connections import Connections, Fanout, watchers
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.lines import Passage

MOST_LINES = 500
"""So many entries are not held back: a frame has to stay small enough for a phone to take in at once."""


class _Gathered:
    """What waits for one event's next frame."""

    __slots__ = ("epoch", "free_at", "lines", "timer")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.epoch: UUID | None = None
        self.free_at = 0.0
        self.timer: asyncio.TimerHandle | None = None


class Gathering:
    """Sends `ledger` messages."""

    def __init__(self, connections: Connections, fanout: Fanout, limits: LiveLimits) -> None:
        self._connections = connections
        self._fanout = fanout
        self._pause_each = limits.delivery_seconds / limits.fanout_share
        self._longest = limits.gather_seconds
        self._events: dict[UUID, _Gathered] = {}

    def deliver(self, event_id: UUID, passage: Passage) -> None:
        """Send entries to those who watch here: now, or with those that follow within a moment."""
        if not self._connections.members(watchers(event_id)):
            self.forget(event_id)
            return
        gathered = self._events.get(event_id)
        if gathered is None:
            gathered = self._events[event_id] = _Gathered()
        if gathered.lines and gathered.epoch != passage.epoch:
            self.flush(event_id)
        gathered.epoch = passage.epoch
        gathered.lines += passage.lines
        loop = asyncio.get_running_loop()
        if loop.time() >= gathered.free_at or len(gathered.lines) >= MOST_LINES:
            self.flush(event_id)
        elif gathered.timer is None:
            gathered.timer = loop.call_at(gathered.free_at, self.flush, event_id)

    def flush(self, event_id: UUID) -> None:
        """Send what waits: whoever joins the room, or says where the ledger stands, does that first."""
        gathered = self._events.get(event_id)
        if gathered is None:
            return
        if gathered.timer is not None:
            gathered.timer.cancel()
            gathered.timer = None
        if not gathered.lines:
            return
        assert gathered.epoch is not None  # it came with the lines
        passage = Passage(gathered.epoch, tuple(gathered.lines))
        gathered.lines.clear()
        room = watchers(event_id)
        pause = min(self._longest, self._pause_each * len(self._connections.members(room)))
        gathered.free_at = asyncio.get_running_loop().time() + pause
        self._fanout.send(room, "ledger", codec.ready(lines.frame(event_id, passage)))

    def forget(self, event_id: UUID) -> None:
        """Nobody watches the event any more."""
        gathered = self._events.pop(event_id, None)
        if gathered is not None and gathered.timer is not None:
            gathered.timer.cancel()
