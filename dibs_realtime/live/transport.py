"""What we know of the insides of python-socketio and engineio, all of it: other modules keep to what is public.

The classes here lean on attributes that their authors may rename; tests pin the versions and the behaviour. They add:
messages that wait are counted in bytes, binary and malformed messages end a connection, compression is refused, an
acknowledgement can be followed by something at once, and sending needs no task per recipient.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import engineio  # type: ignore[import-untyped]  # it ships no types
import socketio  # type: ignore[import-untyped]  # likewise
from aiohttp import WSCloseCode, WSMsgType, web
from engineio import packet as eio_packet
from socketio import packet as sio_packet
from socketio.exceptions import ConnectionRefusedError as Refused  # type: ignore[import-untyped]  # likewise

from dibs_realtime.live.codec import SocketJson
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.outbox import CLOSE_SECONDS, Outbox, Packet

__all__ = ["PINNED", "Refused", "Reply", "Server", "message"]

PINNED = {"python-engineio": "4.15", "python-socketio": "5.18"}
_log = logging.getLogger("dibs_realtime.live.engine")
_log.setLevel(logging.ERROR)  # below that the libraries log what messages contain

# Engine.IO close, pong and message: all that a client of protocol 4 sends on a websocket of its own.
_FROM_CLIENTS = ("1", "3", "4")
_BINARY = ("5", "6")


class _Packet(sio_packet.Packet):  # type: ignore[misc]  # untyped
    # The library's own switch for this holds for the whole process, clients included.
    json = SocketJson


def message(name: str, payload: Any) -> Packet:
    """Encode a message to clients."""
    return eio_packet.Packet(eio_packet.MESSAGE, _Packet(sio_packet.EVENT, data=[name, payload]).encode())


@dataclass(frozen=True, slots=True)
class Reply:
    """An acknowledgement. `after` runs right behind it: whatever that posts is the next thing the client gets."""

    body: Any
    after: Callable[[], None] | None = None


Answer = Callable[[str, str, list[Any]], Awaitable[Reply | None]]


class _WebSocket:
    """engineio's driver for aiohttp, uncompressed, counted and strict."""

    def __init__(self, handler: Callable[["_WebSocket"], Awaitable[None]], server: Any) -> None:
        self._handler = handler
        self._socket: Any = handler.__self__  # type: ignore[attr-defined]  # a bound method of the connection
        self._outbox: Outbox = self._socket.queue
        self._response = web.WebSocketResponse(
            compress=False, max_msg_size=server.max_http_buffer_size + 1, timeout=CLOSE_SECONDS
        )

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        request: web.Request = environ["aiohttp.request"]
        try:
            await self._response.prepare(request)
        except BaseException:
            await self._socket.close(wait=False, abort=True)  # else it would wait for its ping timeout
            raise
        self._outbox.attach(request.transport)
        await self._handler(self)
        return self._response

    async def send(self, text: str) -> None:
        await self._response.send_str(text)
        self._outbox.sent(text)

    async def wait(self) -> str:
        """Return the next message. Raises OSError, upon which engineio ends the connection."""
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

    async def close(self) -> None:
        await self._response.close(code=self._outbox.close_code)


class _Engine(engineio.AsyncServer):  # type: ignore[misc]  # untyped
    def __init__(self, *, limits: LiveLimits, figures: LiveFigures, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._figures = figures
        self._async: dict[str, Any] = {**self._async, "websocket": _WebSocket}

    def create_queue(self, *_args: Any, **_options: Any) -> Outbox:
        return Outbox(self._limits, self._figures)


class Server(socketio.AsyncServer):  # type: ignore[misc]  # untyped
    """The Socket.IO server: websocket only, uncompressed, one namespace."""

    def __init__(self, answer: Answer, limits: LiveLimits, figures: LiveFigures, origins: Collection[str]) -> None:
        """answer: gets (sid, name, arguments) of each message. origins: of pages besides our own that may connect."""
        self._answer = answer
        self._hello_seconds = limits.hello_seconds
        self._origins = frozenset(origins)
        super().__init__(
            async_mode="aiohttp",
            transports=["websocket"],
            allow_upgrades=False,
            http_compression=False,
            max_http_buffer_size=limits.message_bytes,
            ping_interval=limits.ping_seconds,
            ping_timeout=limits.ping_answer_seconds,
            cors_allowed_origins=self._is_allowed,
            cors_credentials=False,
            serializer=_Packet,
            logger=_log,
            engineio_logger=_log,
            limits=limits,
            figures=figures,
        )

    def outbox(self, sid: str) -> Outbox:
        """Return the outbox of a connection that is connecting or connected. Raises KeyError."""
        return self._outbox_of(self.manager.eio_sid_from_sid(sid, "/"))

    async def end(self, sid: str) -> None:
        """Disconnect a client for good: it gets what waits for it and does not come back by itself."""
        with contextlib.suppress(KeyError):
            outbox = self.outbox(sid)
            await self.disconnect(sid)
            outbox.finish()

    async def close_all(self) -> None:
        """Close every connection in order, telling clients to come back, and wait for that."""
        outboxes = [socket.queue for socket in self.eio.sockets.values()]
        for outbox in outboxes:
            outbox.finish(WSCloseCode.SERVICE_RESTART)
        async with asyncio.timeout(2 * CLOSE_SECONDS):
            # The library has nothing to wait for.
            while any(not socket.closed for socket in list(self.eio.sockets.values())):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def _outbox_of(self, eio_sid: str | None) -> Outbox:
        outbox: Outbox = self.eio.sockets[eio_sid].queue
        return outbox

    def _is_allowed(self, origin: str, environ: dict[str, Any]) -> bool:
        """Ask for the same host: browsers send no token of theirs by themselves, so this is belt and braces."""
        hosts = {environ.get("HTTP_HOST"), environ.get("HTTP_X_FORWARDED_HOST")}
        return origin in self._origins or urlsplit(origin).netloc in hosts

    def _expect(self, eio_sid: str) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, "/") is None and eio_sid in self.eio.sockets:
            self._outbox_of(eio_sid).cut("silent")

    def _expect_soon(self, eio_sid: str) -> None:
        asyncio.get_running_loop().call_later(self._hello_seconds, self._expect, eio_sid)

    # ── what the libraries call ──

    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._expect_soon(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            if not isinstance(data, str) or data.startswith(_BINARY):
                raise ValueError("binary")  # noqa: TRY301  # one way out for all that is malformed
            await super()._handle_eio_message(eio_sid, data)
        except Exception:  # noqa: BLE001  # whatever a client sends must not reach the log
            if eio_sid in self.eio.sockets:
                self._outbox_of(eio_sid).cut("malformed")
        else:
            if data.startswith("1"):  # it left the namespace and may keep the websocket only to come back
                self._expect_soon(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002  # theirs
        if not (isinstance(data, list) and data and isinstance(data[0], str)):
            raise ValueError("not an event")
        await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_event_internal(
        self,
        server: Any,
        sid: str,
        eio_sid: str,
        data: list[Any],
        namespace: str,
        id: int | None,  # noqa: A002  # theirs
    ) -> None:
        del server
        reply = await self._answer(sid, data[0], data[1:])
        if reply is None or eio_sid not in self.eio.sockets:
            return
        if id is not None:
            ack = _Packet(sio_packet.ACK, namespace=namespace, id=id, data=[reply.body])
            self._outbox_of(eio_sid).post(eio_packet.Packet(eio_packet.MESSAGE, ack.encode()))
        if reply.after is not None:
            reply.after()
