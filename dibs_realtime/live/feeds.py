"""The feeds of all events that somebody here looks at: held while they do, and a while longer."""

import asyncio
from collections.abc import Callable, Iterator
from uuid import UUID

from dibs_realtime.ledger.model import Commit
from dibs_realtime.live import lines
from dibs_realtime.live.bus import Bus
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.lines import Parcel

LINGER_SECONDS = 30.0
"""How long a feed stays after its last watcher: connections drop and return."""


class Feeds:
    """Brings each event's news, of this node and of others, to its feed."""

    def __init__(self, bus: Bus, make: Callable[[UUID], Feed], dropped: Callable[[UUID], None]) -> None:
        """make: builds an event's feed. dropped: nobody looks at the event any more."""
        self._bus = bus
        self._make = make
        self._dropped = dropped
        self._feeds: dict[UUID, Feed] = {}
        self._holders: dict[UUID, int] = {}
        self._leaving: dict[UUID, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Feed]:
        return iter(list(self._feeds.values()))

    def get(self, event_id: UUID) -> Feed | None:
        """Return the event's feed where there is one."""
        return self._feeds.get(event_id)

    def hold(self, event_id: UUID) -> Feed:
        """Return the event's feed and keep it running until it is released as often as it was held."""
        leaving = self._leaving.pop(event_id, None)
        if leaving is not None:
            leaving.cancel()
        feed = self._feeds.get(event_id)
        if feed is None:
            feed = self._feeds[event_id] = self._make(event_id)
            self._bus.subscribe(event_id)
        self._holders[event_id] = self._holders.get(event_id, 0) + 1
        return feed

    def release(self, event_id: UUID) -> None:
        """Give the feed back."""
        self._holders[event_id] -= 1
        if not self._holders[event_id]:
            del self._holders[event_id]
            loop = asyncio.get_running_loop()
            self._leaving[event_id] = loop.call_later(LINGER_SECONDS, self._drop, event_id)

    def committed(self, commit: Commit) -> None:
        """Hand on what this node committed: to those who watch here at once, to the other nodes by the bus."""
        feed = self._feeds.get(commit.event_id)
        passage = lines.of_commit(commit) if feed is not None else None
        if feed is not None and passage is not None:
            feed.offer(passage)

        def parcel() -> Parcel:
            encoded = passage if feed is not None else lines.of_commit(commit)
            return Parcel(self._bus.node_id, encoded, commit.notices)

        self._bus.publish(commit.event_id, parcel)

    def received(self, event_id: UUID, parcel: Parcel) -> None:
        """Hand on what another node committed."""
        feed = self._feeds.get(event_id)
        if feed is not None and parcel.passage is not None:
            feed.offer(parcel.passage)

    async def close(self) -> None:
        """Stop all of them."""
        for handle in self._leaving.values():
            handle.cancel()
        await asyncio.gather(*(feed.close() for feed in self), *self._closing)

    def _drop(self, event_id: UUID) -> None:
        del self._leaving[event_id]
        self._dropped(event_id)
        self._bus.unsubscribe(event_id)
        task = asyncio.get_running_loop().create_task(self._feeds.pop(event_id).close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
