"""The public page's numbers: what is left of each offer and whether it can be had, as fast as people can read.

The more pages are open the rarer they are: with 2,000 and less five times a second, with 10,000 once.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from dibs_realtime.claims.schemas import PublicEvent
from dibs_realtime.kit import problems
from dibs_realtime.live.conflate import Conflater, Shared
from dibs_realtime.live.connections import Connection, Connections, Fanout, public_room
from dibs_realtime.live.limits import LiveLimits

EACH_SECONDS = 0.2

ReadEvent = Callable[[str], Awaitable[PublicEvent | None]]
ReadCounts = Callable[[UUID], Awaitable[Mapping[str, Any]]]


class PublicCounts:
    """Sends `counts` to those who look at a public page, under the address by which they found it."""

    def __init__(
        self, event: ReadEvent, counts: ReadCounts, connections: Connections, fanout: Fanout, limits: LiveLimits
    ) -> None:
        self._event = event
        self._counts = counts
        self._connections = connections
        self._fanout = fanout
        self._slugs: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
        self._newcomers: defaultdict[UUID, list[tuple[Connection, str]]] = defaultdict(list)
        self._told: dict[UUID, Mapping[str, Any]] = {}
        self._pause_each = limits.delivery_seconds / limits.counts_share
        self._longest = limits.counts_seconds
        self._changes: Conflater[UUID] = Conflater(EACH_SECONDS, self._tell, longer=self.pause)
        self._questions: Shared[str, PublicEvent | None] = Shared()

    async def find(self, slug: str) -> PublicEvent:
        """Return the public event. Raises Problem 404 and 503."""
        found = await self._questions.ask(slug, lambda: self._find(slug))
        if found is None:
            raise problems.not_found()
        return found

    def join(self, connection: Connection, event_id: UUID, slug: str) -> None:
        """Send this connection the numbers: soon once (they may have changed since it asked), then as they change."""
        if connection.ended:
            return
        room = public_room(event_id, slug)
        if room not in connection.rooms:
            self._slugs[event_id][slug] += 1
            self._connections.join(connection, room)
        self._newcomers[event_id].append((connection, slug))
        self._changes.touch(event_id)

    def left(self, event_id: UUID, slug: str) -> None:
        """Note that such a connection ended."""
        slugs = self._slugs[event_id]
        slugs[slug] -= 1
        if not slugs[slug]:
            del slugs[slug]
        if not slugs:
            del self._slugs[event_id]
            self._told.pop(event_id, None)
            self._newcomers.pop(event_id, None)
            self._changes.forget(event_id)

    def changed(self, event_id: UUID) -> None:
        """Something happened in the event."""
        if event_id in self._slugs:
            self._changes.touch(event_id)

    def pause(self, event_id: UUID) -> float:
        """Return after how many seconds the event's numbers may be sent again: they leave the loop to the doors."""
        rooms = (public_room(event_id, slug) for slug in self._slugs.get(event_id, ()))
        return min(self._longest, self._pause_each * sum(len(self._connections.members(room)) for room in rooms))

    async def close(self) -> None:
        """Stop."""
        await self._changes.close()

    async def _find(self, slug: str) -> PublicEvent | None:
        return await self._event(slug)

    async def _tell(self, event_id: UUID) -> None:
        newcomers = self._newcomers.pop(event_id, [])
        try:
            counts = await self._counts(event_id)
        except BaseException:
            self._newcomers[event_id] += newcomers
            raise
        if event_id not in self._slugs:
            return
        if counts != self._told.get(event_id):
            self._told[event_id] = counts
            for slug in self._slugs[event_id]:
                self._fanout.send(public_room(event_id, slug), "counts", {"slug": slug, **counts})
            return
        for connection, slug in newcomers:
            self._fanout.send_to(connection, "counts", {"slug": slug, **counts})
