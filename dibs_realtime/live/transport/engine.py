"""Engine.IO on aiohttp: one task a connection, which reads; nothing else of a connection runs while it is idle."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import engineio  # type: ignore[import-untyped]  # it ships no types
from aiohttp import WSCloseCode, WSMsgType, web
from engineio import async_socket, exceptions, packet as eio_packet

from dibs_realtime.kit.tasks import end
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.transport.frames import Message
from dibs_realtime.live.transport.outbox import CLOSE_SECONDS, SMALL_BUFFER, Outbox

_KEPT = "HTTP_ACCEPT_LANGUAGE"

# Engine.IO close, pong and message: all that a client of protocol 4 sends on a websocket of its own.
_FROM_CLIENTS = ("1", "3", "4")
_PING = Message(b"2")


class WebSocket:
    """engineio's driver for aiohttp, uncompressed, counted and strict."""

    __slots__ = ("_handler", "_outbox", "_response", "_socket")

    def __init__(self, handler: Callable[["WebSocket"], Awaitable[None]], server: Any) -> None:
        self._handler = handler
        self._socket: Any = handler.__self__  # type: ignore[attr-defined]  # a bound method of the connection
        self._outbox: Outbox = self._socket.queue.outbox
        self._response = web.WebSocketResponse(
            compress=False,
            max_msg_size=server.max_http_buffer_size + 1,
            timeout=CLOSE_SECONDS,
            writer_limit=SMALL_BUFFER,
        )

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        """Serve one connection from its upgrade to its end."""
        request: web.Request = environ["aiohttp.request"]
        try:
            await self._response.prepare(request)  # raises when the client is gone already
            transport = request.transport
            assert transport is not None  # prepared
        except BaseException:
            await self._socket.close(wait=False, abort=True)  # else it would wait for its ping timeout
            raise
        self._outbox.begin(self._response, transport)
        _let_go(request, environ)
        await self._handler(self)
        return self._response

    async def wait(self) -> str:
        """Return the next message. Raises OSError, upon which the connection ends."""
        received = await self._response.receive()
        if received.type is not WSMsgType.TEXT:  # closed, too large or binary
            raise OSError
        if not received.data.startswith(_FROM_CLIENTS):
            self._outbox.cut("malformed")
            raise OSError
        if not self._outbox.admits():
            self._outbox.cut("flood")
            raise OSError
        text: str = received.data
        return text


class Queue:
    """What engineio takes for a connection's queue: everything that it puts there goes to the outbox."""

    __slots__ = ("outbox",)

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    async def put(self, packet: Any) -> None:
        """Send a packet of the library's own."""
        self.outbox.post(Message(packet.encode().encode()))

    async def join(self) -> None:
        """Wait for nothing: an outbox sees to its end by itself."""


class Socket(async_socket.AsyncSocket):  # type: ignore[misc]  # untyped
    """One connection. The library's own would hold four more tasks and two timers for its whole life."""

    last_ping: float | None

    def schedule_ping(self) -> None:
        """Ping the client in due time: at the beginning, and after each answer."""
        if self.last_ping:  # not while a ping is on its way
            self.last_ping = None
            self.server.heart.expect(self)

    async def _websocket_handler(self, ws: WebSocket) -> None:
        self.connected = self.upgraded = True
        outbox: Outbox = self.queue.outbox
        try:
            while True:
                await self.receive(eio_packet.Packet(encoded_packet=await ws.wait()))
        except (OSError, exceptions.EngineIOError):
            pass
        finally:
            await self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            await outbox.over()


class Heart:
    """Pings all connections from one task: each when its time has come, and whoever does not answer is cut."""

    def __init__(self, every: float, within: float) -> None:
        self._every = every
        self._within = within
        # Both in the order of their times: every connection waits equally long.
        self._due: deque[tuple[float, Socket]] = deque()
        self._asked: deque[tuple[float, float, Socket]] = deque()
        self._task: asyncio.Task[None] | None = None

    def expect(self, socket: Socket) -> None:
        """Ping this connection in due time."""
        loop = asyncio.get_running_loop()
        self._due.append((loop.time() + self._every, socket))
        if self._task is None:
            self._task = loop.create_task(self._beat(), name="heart")

    async def stop(self) -> None:
        """Ping nobody any more."""
        await end(self._task)
        self._due.clear()
        self._asked.clear()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, self._every / 4, self._within / 4))
            now = loop.time()
            while self._due and self._due[0][0] <= now:
                self._ping(self._due.popleft()[1], now)
            while self._asked and self._asked[0][0] <= now:
                _, asked, socket = self._asked.popleft()
                if not socket.closed and socket.last_ping == asked:
                    socket.queue.outbox.cut("unanswered")

    def _ping(self, socket: Socket, now: float) -> None:
        if socket.closing or socket.closed:
            return
        asked = time.time()
        socket.last_ping = asked
        socket.queue.outbox.post(_PING)
        self._asked.append((now + self._within, asked, socket))


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # untyped
    """The Engine.IO server."""

    def __init__(self, *, limits: LiveLimits, figures: LiveFigures, **options: Any) -> None:
        super().__init__(**options, monitor_clients=False)
        self.heart = Heart(limits.ping_seconds, limits.ping_answer_seconds)
        self._limits = limits
        self._figures = figures
        self._async: dict[str, Any] = {**self._async, "websocket": WebSocket}

    def create_queue(self, *_args: Any, **_options: Any) -> Queue:
        """Return what a new connection takes for its queue."""
        return Queue(Outbox(self._limits, self._figures))

    async def close_all(self) -> None:
        """Close every connection in order, telling clients to come back, and wait for that."""
        await self.heart.stop()
        for socket in list(self.sockets.values()):
            socket.queue.outbox.finish(WSCloseCode.SERVICE_RESTART)
        async with asyncio.timeout(2 * CLOSE_SECONDS):
            while self.sockets:  # noqa: ASYNC110  # the library has nothing to wait for
                await asyncio.sleep(0.02)

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> web.WebSocketResponse:
        """Do what the library does for a websocket, with a connection of our own kind."""
        del jsonp_index
        sid = self.generate_id()
        socket = self.sockets[sid] = Socket(self, sid)
        opening = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval + self.ping_interval_grace_period) * 1000,
            "maxPayload": self.max_http_buffer_size,
        }
        try:
            await socket.send(eio_packet.Packet(eio_packet.OPEN, opening))
            await self._trigger_event("connect", sid, environ, run_async=False)
            socket.schedule_ping()
            response: web.WebSocketResponse = await socket.handle_get_request(environ)
            return response
        finally:
            self.sockets.pop(sid, None)


def _let_go(request: web.Request, environ: dict[str, Any]) -> None:
    """Free what was only of use for the upgrade: the libraries would keep it as long as the connection."""
    language = environ.get(_KEPT)
    environ.clear()
    if language is not None:
        environ[_KEPT] = language
    request.protocol._parser = None  # noqa: SLF001  # this package's purpose; from now on frames are read, by another one
