"""Who connects, and what each message of theirs does."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.caller import Caller, Device, Guest
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.parsing import parse_part
from dibs_realtime.live.connections import Connection, Connections
from dibs_realtime.live.feeds import Feeds
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.guests import GuestVouchers
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.messages import CALLS, Claim, Handshake, Redeem, Unwatch, Watch, WatchPublic
from dibs_realtime.live.ports import Ports
from dibs_realtime.live.presence import Presence
from dibs_realtime.live.public import PublicCounts
from dibs_realtime.live.transport import CLOSE_SECONDS, Outbox, Refused, Reply
from dibs_realtime.live.watching import Watching

_log = logging.getLogger(__name__)

Handler = Callable[[Connection, Any], Awaitable[Reply]]


class Desk:
    """Receives connections and answers messages."""

    def __init__(
        self,
        ports: Ports,
        connections: Connections,
        feeds: Feeds,
        watching: Watching,
        public: PublicCounts,
        guests: GuestVouchers,
        presence: Presence,
        clock: Clock,
        limits: LiveLimits,
        figures: LiveFigures,
    ) -> None:
        self._ports = ports
        self._connections = connections
        self._feeds = feeds
        self._watching = watching
        self._public = public
        self._guests = guests
        self._presence = presence
        self._clock = clock
        self._limits = limits
        self._figures = figures
        self._handlers: Mapping[str, Handler] = {
            "watch": self._watch,
            "unwatch": self._unwatch,
            "watch_public": self._watch_public,
            "redeem": self._redeem,
            "claim": self._claim,
        }
        assert self._handlers.keys() == CALLS.keys()
        self._under_way = 0
        self._closing = False

    # ── connections ──

    async def connect(self, sid: str, outbox: Outbox, headers: Mapping[str, Any], auth: Any) -> None:
        """Let a client in, as whoever its token says, or as nobody without one. Raises Refused with the problem."""
        try:
            handshake = parse_part(Handshake, auth or {}, "auth")
            caller = await self._caller(handshake)
        except problems.Problem as problem:
            raise Refused(problem.detail or problem.title, shape(problem)) from None
        language = handshake.language or headers.get("HTTP_ACCEPT_LANGUAGE", "")
        connection = Connection(sid, caller, language[:200], outbox, self._limits)
        self._connections.add(connection)  # nothing waited since the token was read: a revocation finds it here
        if isinstance(caller, Device):
            self._presence.came(caller, sid)
        elif isinstance(caller, Guest):
            feed = self._feeds.hold(caller.event_id)
            self._guests.came(connection, caller)
            try:
                await feed.ready()  # from now on nothing of the guest's is missed
            except problems.Problem:
                _log.info("a guest's feed is not ready yet", extra={"event_id": str(caller.event_id)})
        if connection.ended:
            raise Refused("This session has ended.", shape(problems.unauthorized("This session has ended.")))

    def forget(self, sid: str) -> Connection | None:
        """Undo everything that a connection holds; return it, or None when that happened before."""
        connection = self._connections.remove(sid)
        if connection is None:
            return None
        connection.ended = True
        for event_id in list(connection.watches):
            self._watching.unwatch(connection, event_id)
        for event_id, slug in connection.public:
            self._public.left(event_id, slug)
            self._feeds.release(event_id)
        if isinstance(connection.caller, Device):
            self._presence.went(connection.caller, sid)
        elif isinstance(connection.caller, Guest):
            self._guests.went(connection.caller)
            self._feeds.release(connection.caller.event_id)
        return connection

    async def _caller(self, handshake: Handshake) -> Caller | None:
        if handshake.token is None:
            return None
        return await self._ports.sessions.authenticate(handshake.token, self._clock())

    # ── messages ──

    async def answer(self, sid: str, name: str, arguments: list[Any]) -> Reply | None:
        """Answer a message, whatever it is; None: its connection is gone."""
        connection = self._connections.get(sid)
        if connection is None:
            return None
        self._under_way += 1
        try:
            return await self._answer(connection, name, arguments)
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Take no more messages, and let those that are being answered be answered, within `CLOSE_SECONDS`."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._under_way:  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(0.01)

    async def _answer(self, connection: Connection, name: str, arguments: list[Any]) -> Reply:
        call = CALLS.get(name)
        self._figures.messages.labels(name if call is not None else "unknown").inc()
        try:
            if not connection.bucket.take():
                raise problems.too_many(1, "Too many messages. Wait a little.")  # noqa: TRY301  # one way out for all
            if self._closing:
                raise problems.unavailable("This node is about to stop.", retry_after=1)  # noqa: TRY301  # likewise
            if call is None:
                raise problems.not_found("There is no message of this name.")  # noqa: TRY301  # likewise
            body = arguments[0] if len(arguments) == 1 else arguments or {}
            return await self._handlers[name](connection, parse_part(call.request, body, "body"))
        except problems.Problem as raised:
            problem = raised
        except Exception:  # noqa: BLE001  # whatever it is, the caller gets a problem and we a line in the log
            _log.exception("a message could not be answered", extra={"message_name": name})
            problem = problems.Problem(500, "This is our fault.", slug="fault")
        return Reply({"ok": False, "problem": shape(problem)})

    async def _watch(self, connection: Connection, request: Watch) -> Reply:
        return await self._watching.watch(connection, request)

    async def _unwatch(self, connection: Connection, request: Unwatch) -> Reply:
        self._watching.unwatch(connection, request.event_id)
        return Reply({"ok": True})

    async def _watch_public(self, connection: Connection, request: WatchPublic) -> Reply:
        found = await self._public.find(request.slug)
        key = (found.id, request.slug)
        if key not in connection.public:
            await self._hold_public(connection, key)
        body = {"ok": True, "status": found.status, "offers": found.offers}
        return Reply(body, lambda: self._public.join(connection, *key))

    async def _hold_public(self, connection: Connection, key: tuple[UUID, str]) -> None:
        if len(connection.public) >= self._limits.watched_events:
            raise problems.conflict("One connection watches no more pages than that.", slug="too-many-watches")
        feed = self._feeds.hold(key[0])
        try:
            await feed.ready()
        except BaseException:
            self._feeds.release(key[0])
            raise
        if connection.ended or key in connection.public:  # gone meanwhile, or asked twice at once
            self._feeds.release(key[0])
        else:
            connection.public.add(key)

    async def _redeem(self, connection: Connection, request: Redeem) -> Reply:
        await self._ports.authorise(connection.caller, CALLS["redeem"].who, request.event_id)
        assert connection.caller is not None  # authorised
        verdict = await self._ports.redeem(connection.caller, request.event_id, request, connection.language)
        return Reply({"ok": True, "verdict": verdict, "server_time": int(self._clock().timestamp() * 1_000)})

    async def _claim(self, connection: Connection, request: Claim) -> Reply:
        await self._ports.authorise(connection.caller, CALLS["claim"].who, None)
        assert isinstance(connection.caller, Guest)  # authorised
        claim = await self._ports.claim(connection.caller, request.offer_id, request.idempotency_key)
        return Reply({"ok": True, "claim": claim})


def shape(problem: problems.Problem) -> dict[str, Any]:
    """Return a problem as acknowledgements carry it."""
    request_id = str(new_id())
    body = problem.body(f"urn:uuid:{request_id}", request_id)
    if "Retry-After" in problem.headers:
        body["retry_after"] = int(problem.headers["Retry-After"])
    return body
