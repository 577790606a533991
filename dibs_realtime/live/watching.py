"""Watching an event: who may, and from where on; between the answer and what follows no entry is missing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from dibs_realtime.dashboard.schemas import Snapshot
from dibs_realtime.kit import problems
from dibs_realtime.live import codec, lines
from dibs_realtime.live.conflate import Shared
from dibs_realtime.live.connections import Connection, Connections, Fanout, Watch, watchers
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.feeds import Feeds
from dibs_realtime.live.lines import Line, Passage
from dibs_realtime.live.messages import CALLS, Watch as WatchRequest
from dibs_realtime.live.ports import Ports
from dibs_realtime.live.transport import Reply

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
        joined: Callable[[Connection, UUID], None],
        most: int,
    ) -> None:
        """Take `joined`, which gets each new watcher right after its answer, and `most`: events of one connection."""
        self._ports = ports
        self._feeds = feeds
        self._connections = connections
        self._fanout = fanout
        self._joined = joined
        self._most = most
        self._snapshots: Shared[UUID, Snapshot] = Shared()

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
            self._feeds.release(event_id)

    async def recheck(self, connection: Connection, event_id: UUID, reason: str) -> None:
        """Look whether the connection may still watch; if not, end that and say so."""
        if event_id not in connection.watches:
            return
        try:
            await self._ports.authorise(connection.caller, WHO, event_id)
        except problems.Problem:  # also when nobody can tell: who may not watch must not, and others come back
            if event_id in connection.watches:
                self.unwatch(connection, event_id)
                self._fanout.send_to(connection, "unwatched", {"event_id": event_id, "reason": reason})

    async def _answer(self, connection: Connection, watch: Watch, request: WatchRequest) -> Reply:
        feed = self._feeds.get(request.event_id)
        assert feed is not None  # held
        await feed.ready()
        if request.after_seq is not None and request.epoch in (None, feed.epoch):
            entries = await feed.since(request.after_seq)
            if entries is not None and request.epoch in (None, feed.epoch):
                return self._reply(connection, watch, feed, feed.head, entries=entries)
        for _ in range(TRIES):
            snapshot = await self._snapshots.ask(feed.event_id, lambda: self._snapshot(feed.event_id))
            await feed.reach(snapshot.epoch, snapshot.seq)
            if feed.after(snapshot.seq) is not None:
                resync = request.after_seq is not None
                return self._reply(connection, watch, feed, snapshot.seq, snapshot=snapshot, resync=resync)
        raise problems.unavailable()

    async def _snapshot(self, event_id: UUID) -> Snapshot:
        return await self._ports.snapshot(event_id)

    def _reply(
        self,
        connection: Connection,
        watch: Watch,
        feed: Feed,
        seq: int,
        *,
        snapshot: Snapshot | None = None,
        entries: list[Line] | None = None,
        resync: bool = False,
    ) -> Reply:
        """Answer with the state at `seq`; from here to `_follow` nothing waits, so no entry slips in between."""
        body: dict[str, Any] = {
            "ok": True,
            "epoch": feed.epoch,
            "head_seq": seq,
            "snapshot": snapshot,
            "entries": codec.ready(lines.array(entries or ())),
            "resync": resync,
        }
        if connection.watches.get(feed.event_id) is not watch:
            raise problems.conflict("This watch was ended while it began.", slug="unwatched")
        watch.joined = True
        return Reply(body, lambda: self._follow(connection, watch, feed, seq))

    def _follow(self, connection: Connection, watch: Watch, feed: Feed, seq: int) -> None:
        if connection.watches.get(feed.event_id) is not watch or connection.ended:
            return
        self._connections.join(connection, watchers(feed.event_id))
        since = feed.after(seq)
        if since:
            assert feed.epoch is not None  # it is ready
            frame = lines.frame(feed.event_id, Passage(feed.epoch, tuple(since)))
            self._fanout.send_to(connection, "ledger", codec.ready(frame))
        self._joined(connection, feed.event_id)
