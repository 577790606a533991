"""The hub of one node: its parts put together, and the ways from commits, other nodes and revocations to clients."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Coroutine, Mapping
from typing import Any
from uuid import UUID

from aiohttp import WSCloseCode, web
from prometheus_client import CollectorRegistry

from dibs_realtime.accounts.caller import Device, Guest
from dibs_realtime.accounts.model import JOINED
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.tasks import end
from dibs_realtime.ledger.model import Commit
from dibs_realtime.live.beacon import Beacon
from dibs_realtime.live.burns import Burns
from dibs_realtime.live.bus import Bus
from dibs_realtime.live.connections import Connection, Connections, FrameFanout, doors, watchers
from dibs_realtime.live.desk import Desk
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.feeds import Feeds
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.gathering import Gathering
from dibs_realtime.live.guests import GuestVouchers
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.lines import Parcel, Passage
from dibs_realtime.live.ports import Ending, Ports
from dibs_realtime.live.presence import Presence
from dibs_realtime.live.public import PublicCounts
from dibs_realtime.live.repository import PresenceRepository
from dibs_realtime.live.transport import Server
from dibs_realtime.live.watching import Watching

_log = logging.getLogger(__name__)

AUDIT_SECONDS = 30.0
"""How often sessions that simply expired are looked for; nobody announces those."""


class Hub:
    """The Socket.IO side of one node.

    Wire it: `ledger.listen(hub.committed)`, `sessions.on_revoked(hub.ended)` (after everybody who caches roles),
    `hub.attach(app)`, `hub.start()` when pools are open, and `await hub.close()` in `app.on_shutdown`.
    """

    def __init__(
        self,
        ports: Ports,
        database: Database,
        redis: Redis,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        limits: LiveLimits | None = None,
        origins: Collection[str] = (),
    ) -> None:
        """origins: besides its own host, whose pages may connect (the public address)."""
        self._limits = limits = limits or LiveLimits()
        self.node_id = new_id()
        self._ports = ports
        self._clock = clock
        self._figures = figures = LiveFigures(registry)
        self._connections = connections = Connections(figures)
        self._fanout = fanout = FrameFanout(connections, figures)
        self._bus = Bus(redis, self.node_id, self._received, lambda _: self._beacon.look_now(), figures)
        self._gathering = gathering = Gathering(connections, fanout, limits)
        self._feeds = Feeds(self._bus, self._new_feed, gathering.forget)
        self._beacon = Beacon(ports, self._feeds, self._bus, gathering, fanout)
        self._guests = GuestVouchers(ports.guest_vouchers, connections, fanout)
        self._burns = Burns(ports.door_states, connections, fanout)
        self._public = PublicCounts(ports.public_event, ports.counts, connections, fanout, limits)
        self._presence = Presence(
            PresenceRepository(database, self.node_id), connections, fanout, self._bus, clock, self._watched
        )
        self._watching = Watching(
            ports, self._feeds, connections, fanout, gathering.flush, self._joined, limits.watched_events
        )
        self._desk = Desk(
            ports,
            connections,
            self._feeds,
            self._watching,
            self._public,
            self._guests,
            self._presence,
            clock,
            limits,
            figures,
        )
        self._server = Server(self._desk.answer, limits, figures, origins)
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # ── life ──

    def attach(self, app: web.Application) -> None:
        """Serve `/socket.io/`."""
        self._server.attach(app, "socket.io")

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._bus.start()
        self._beacon.start()
        self._presence.start()
        self._spawn(self._audit())

    async def close(self) -> None:
        """Close all connections so that clients come back to another node, and stop. Doing it again does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._desk.close()
        self._say_goodbye()
        with contextlib.suppress(TimeoutError):
            await self._server.close_all()
        await self._server.shutdown()
        await end(*self._tasks)
        await self._presence.close()
        await self._public.close()
        await self._guests.close()
        await self._burns.close()
        await self._beacon.close()
        await self._feeds.close()
        await self._bus.close()

    def _say_goodbye(self) -> None:
        """Tell all clients when to come back: spread, so that other nodes can take them in one by one."""
        for event in list(self._feeds):
            self._gathering.flush(event.event_id)
        self._call_back(list(self._connections))

    def _call_back(self, those: Collection[Connection]) -> None:
        """Tell clients that are disconnected next when to come back."""
        limits = self._limits
        spread = min(limits.return_at_most, max(limits.return_at_least, len(those) * limits.return_seconds))
        for connection in those:
            seconds = limits.return_at_least if isinstance(connection.caller, Device) else spread
            self._fanout.send_to(connection, "reconnect", {"within_ms": round(seconds * 1000)})

    # ── news ──

    def committed(self, commit: Commit) -> None:
        """Take in what this node's ledger committed: the ledger's listener."""
        self._feeds.committed(commit)
        self._scans(commit.event_id, commit.notices)

    def ended(self, ending: Ending) -> None:
        """Take in that a session ended or that an event's members changed: the session directory's listener."""
        if ending.session_id is not None:
            for connection in self._connections.of_session(ending.session_id):
                self._end(connection, ending.reason)
        elif ending.event_id is not None and ending.user_id is not None:
            self._spawn(self._members_changed(ending.event_id, ending.user_id, ending.reason))

    async def _members_changed(self, event_id: UUID, user_id: UUID, reason: str) -> None:
        theirs, news = self._connections.of_user(user_id), {"event_id": event_id}
        for connection in theirs:
            if event_id not in connection.watches:  # nor could it a moment ago, or it has a long list of events open
                self._fanout.send_to(connection, "members_changed", news)
        if reason != JOINED:
            await asyncio.gather(*(self._watching.recheck(connection, event_id, reason) for connection in theirs))
        # Not before: whoever was removed has left the room now, and is not made to ask in vain.
        self._fanout.send(watchers(event_id), "members_changed", news)

    def _received(self, event_id: UUID, parcel: Parcel) -> None:
        self._feeds.received(event_id, parcel)
        self._scans(event_id, parcel.notices)
        if parcel.presence:
            self._presence.changed(event_id)

    def _scans(self, event_id: UUID, notices: Collection[Mapping[str, Any]]) -> None:
        for notice in notices:
            self._fanout.send(watchers(event_id), "scan", notice)

    # ── entries ──

    def _new_feed(self, event_id: UUID) -> Feed:
        return Feed(event_id, self._ports.entries_after, self._deliver, self._jumped, self._figures)

    def _deliver(self, event_id: UUID, passage: Passage) -> None:
        self._gathering.deliver(event_id, passage)
        voucher_ids = [line.voucher_id for line in passage.lines if line.voucher_id is not None]
        self._guests.changed(event_id, voucher_ids)
        self._burns.changed(event_id, voucher_ids, passage.to_seq)
        self._public.changed(event_id)

    def _jumped(self, feed: Feed) -> None:
        self._beacon.jumped(feed)
        self._public.changed(feed.event_id)
        # Guests and doors are told of single vouchers, and of which is not known now: coming back they ask for all.
        behind = [
            connection
            for connection in self._connections
            if isinstance(connection.caller, Device | Guest) and connection.caller.event_id == feed.event_id
        ]
        self._call_back(behind)
        for connection in behind:
            connection.outbox.finish(WSCloseCode.SERVICE_RESTART)

    # ── connections ──

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: Any) -> None:
        try:
            await self._desk.connect(sid, self._server.outbox(sid), environ, auth)
        except BaseException:
            self._desk.forget(sid)
            raise

    async def _disconnect(self, sid: str, _reason: str) -> None:
        self._desk.forget(sid)

    def _joined(self, connection: Connection, event_id: UUID) -> None:
        if isinstance(connection.caller, Device):
            self._connections.join(connection, doors(event_id))
        if not self._presence.tell_now(connection, event_id):
            self._spawn(self._tell_presence(connection, event_id))

    async def _tell_presence(self, connection: Connection, event_id: UUID) -> None:
        with contextlib.suppress(problems.Problem):  # the next look around tells
            await self._presence.tell(connection, event_id)

    def _watched(self) -> list[UUID]:
        return [feed.event_id for feed in self._feeds if self._connections.members(watchers(feed.event_id))]

    def _end(self, connection: Connection, reason: str) -> None:
        """End a connection for good: from this moment it gets nothing but the news of it."""
        if connection.ended:
            return
        connection.ended = True
        self._desk.forget(connection.sid)
        self._fanout.send_to(connection, "session_ended", {"reason": reason})
        self._spawn(self._server.end(connection.sid))

    async def _audit(self) -> None:
        while True:
            await asyncio.sleep(AUDIT_SECONDS)
            if not self._connections.sessions():
                continue
            try:
                over = await self._ports.sessions.ended(self._connections.sessions(), self._clock())
            except problems.Problem:
                continue
            for session_id in over:
                for connection in self._connections.of_session(session_id):
                    self._end(connection, "expired")

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task of the hub failed", exc_info=error)
