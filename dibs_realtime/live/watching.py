"""Watching an event: who may, and from where on; between the answer and what follows no entry is missing."""

from collections.abc import Callable
from uuid import UUID

from dibs_realtime.dashboard.schemas import Snapshot
from dibs_realtime.kit import problems
from dibs_realtime.live import codec, lines
from dibs_realtime.live.answers import Answers
from dibs_realtime.live.conflate import Shared
from dibs_realtime.live.connections import Connection, Connections, Fanout, Watch, doors, watchers
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.feeds import Feeds
from dibs_realtime.live.lines import Passage
from dibs_realtime.live.messages import CALLS, Watch as WatchRequest
from dibs_realtime.live.ports import Ports
from dibs_realtime.live.transport import Prepared, Reply

WHO = CALLS["watch"].who
TRIES = 3
"""How often a snapshot is taken anew because more than a ring of entries came in while it was read."""


class Watching:
    """Lets connections into an event's room, and out of it."""

    def __init__(
        self,
        ports: Ports,
        feeds: Feeds,
        connections: Connections,
        fanout: Fanout,
        flush: Callable[[UUID], None],
        joined: Callable[[Connection, UUID], None],
        most: int,
    ) -> None:
        """flush: sends what is gathered for an event. joined: gets each new watcher right after its answer.

        most: events that one connection may watch.
        """
        self._ports = ports
        self._feeds = feeds
        self._connections = connections
        self._fanout = fanout
        self._flush = flush
        self._joined = joined
        self._most = most
        self._snapshots: Shared[UUID, Snapshot] = Shared()
        self._answers = Answers()

    async def watch(self, connection: Connection, request: WatchRequest) -> Reply:
        """Answer `watch`. Raises Problem."""
        event_id = request.event_id
        await self._ports.authorise(connection.caller, WHO, event_id)
        if connection.ended:
            raise problems.unauthorized()
        watch = connection.watches.get(event_id)
        if watch is None:
            if len(connection.watches) >= self._most:
                raise problems.conflict(f"One connection watches {self._most} events at most.", slug="too-many-watches")
            watch = connection.watches[event_id] = Watch()
            self._feeds.hold(event_id)
        watch.asking += 1
        try:
            # Asked again, now that a change of the member's role would find this watch and end it.
            await self._ports.authorise(connection.caller, WHO, event_id)
            return await self._answer(connection, watch, request)
        finally:
            watch.asking -= 1
            if not (watch.joined or watch.asking) and connection.watches.get(event_id) is watch:
                self.unwatch(connection, event_id)

    def unwatch(self, connection: Connection, event_id: UUID) -> None:
        """Answer `unwatch`; also what happens when the connection ends."""
        if connection.watches.pop(event_id, None) is not None:
            self._connections.leave(connection, watchers(event_id))
            self._connections.leave(connection, doors(event_id))
            self._feeds.release(event_id)

    async def recheck(self, connection: Connection, event_id: UUID, reason: str) -> None:
        """Look whether the connection may still watch; if not, end that. Either way say so."""
        if event_id not in connection.watches:
            return
        try:
            await self._ports.authorise(connection.caller, WHO, event_id)
        except problems.Problem:  # also when nobody can tell: who may not watch must not, and others come back
            if event_id in connection.watches:
                self.unwatch(connection, event_id)
                self._fanout.send_to(connection, "unwatched", {"event_id": event_id, "reason": reason})
        else:
            self._fanout.send_to(connection, "role_changed", {"event_id": event_id})

    async def _answer(self, connection: Connection, watch: Watch, request: WatchRequest) -> Reply:
        feed = self._feeds.get(request.event_id)
        assert feed is not None  # held
        await feed.ready()
        if request.after_seq is not None and request.epoch in (None, feed.epoch):
            entries = await feed.since(request.after_seq)
            if entries is not None and request.epoch in (None, feed.epoch):
                body = self._answers.entries(feed, request.after_seq, entries)
                return self._reply(connection, watch, feed, feed.head, body)
        resync = request.after_seq is not None
        # The same state again: where many come at once, and nothing happens, nobody reads it a second time.
        known = self._answers.state(feed, feed.head, resync=resync)
        if known is not None:
            return self._reply(connection, watch, feed, feed.head, known)
        for _ in range(TRIES):
            snapshot = await self._snapshots.ask(feed.event_id, lambda: self._snapshot(feed.event_id))
            await feed.reach(snapshot.epoch, snapshot.seq)
            if feed.after(snapshot.seq) is not None:
                body = self._answers.new_state(feed, snapshot, resync=resync)
                return self._reply(connection, watch, feed, snapshot.seq, body)
        raise problems.unavailable()

    async def _snapshot(self, event_id: UUID) -> Snapshot:
        return await self._ports.snapshot(event_id)

    def _reply(self, connection: Connection, watch: Watch, feed: Feed, seq: int, body: Prepared) -> Reply:
        """Answer with the state at `seq`; from here to `_follow` nothing waits, so no entry slips in between."""
        if connection.watches.get(feed.event_id) is not watch:
            raise problems.conflict("This watch was ended while it began.", slug="unwatched")
        watch.joined = True
        return Reply(body, lambda: self._follow(connection, watch, feed, seq))

    def _follow(self, connection: Connection, watch: Watch, feed: Feed, seq: int) -> None:
        if connection.watches.get(feed.event_id) is not watch or connection.ended:
            return
        self._flush(feed.event_id)  # what is gathered for the others is in the answer already, or comes next
        self._connections.join(connection, watchers(feed.event_id))
        since = feed.after(seq)
        if since:
            assert feed.epoch is not None  # it is ready
            frame = lines.frame(feed.event_id, Passage(feed.epoch, tuple(since)))
            self._fanout.send_to(connection, "ledger", codec.ready(frame))
        self._joined(connection, feed.event_id)
