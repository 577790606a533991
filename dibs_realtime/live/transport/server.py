"""Socket.IO on top: one namespace, no rooms (those are ours), and answers that something may follow."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import socketio  # type: ignore[import-untyped]  # it ships no types
from socketio import packet as sio_packet
from socketio.exceptions import ConnectionRefusedError as Refused  # type: ignore[import-untyped]  # likewise

from dibs_realtime.live.codec import SocketJson
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.transport.engine import Engine
from dibs_realtime.live.transport.frames import acknowledgement
from dibs_realtime.live.transport.outbox import Outbox

__all__ = ["Refused", "Reply", "Server"]

_log = logging.getLogger("dibs_realtime.live.engine")
_log.setLevel(logging.ERROR)  # below that the libraries log what messages contain

_BINARY = ("5", "6")
_NAMESPACE = "/"


class _Packet(sio_packet.Packet):  # type: ignore[misc]  # untyped
    # The library's own switch for this holds for the whole process, clients included.
    json = SocketJson


@dataclass(frozen=True, slots=True)
class Reply:
    """An acknowledgement. `after` runs right behind it: whatever that posts is the next thing the client gets."""

    body: Any
    after: Callable[[], None] | None = None


Answer = Callable[[str, str, list[Any]], Awaitable[Reply | None]]


class _Manager(socketio.AsyncManager):  # type: ignore[misc]  # untyped
    """Who is connected, in the default namespace alone.

    The library's own keeps a room for every client, and looks through all rooms for each that leaves.
    """

    def __init__(self) -> None:
        super().__init__()
        self._eio: dict[str, str] = {}
        self._sids: dict[str, str] = {}
        self._between: set[str] = set()  # those who are connecting, or disconnecting

    def get_namespaces(self) -> Iterable[str]:
        return (_NAMESPACE,)

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        if namespace != _NAMESPACE or eio_sid in self._sids:
            return None
        sid: str = self.server.eio.generate_id()
        self._eio[sid] = eio_sid
        self._sids[eio_sid] = sid
        self._between.add(sid)
        return sid

    async def connect(self, sid: str, namespace: str) -> str:
        del namespace
        self._between.discard(sid)
        return sid

    def is_connected(self, sid: str | None, namespace: str) -> bool:
        return namespace == _NAMESPACE and sid in self._eio and sid not in self._between

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        return self._sids.get(eio_sid) if namespace == _NAMESPACE else None

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self._eio.get(sid) if namespace == _NAMESPACE else None

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self._between.add(sid)
        return self.eio_sid_from_sid(sid, namespace)

    async def disconnect(self, sid: str, namespace: str, **options: Any) -> None:
        del namespace, options
        self._between.discard(sid)
        self._sids.pop(self._eio.pop(sid, ""), None)


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
            client_manager=_Manager(),
            logger=_log,
            engineio_logger=_log,
            limits=limits,
            figures=figures,
        )

    def outbox(self, sid: str) -> Outbox:
        """Return the outbox of a connection that is connecting or connected. Raises KeyError."""
        return self._outbox_of(self.manager.eio_sid_from_sid(sid, _NAMESPACE))

    async def end(self, sid: str) -> None:
        """Disconnect a client for good: it gets what waits for it and does not come back by itself."""
        with contextlib.suppress(KeyError):
            outbox = self.outbox(sid)
            await self.disconnect(sid)
            outbox.finish()

    async def close_all(self) -> None:
        """Close every connection in order, telling clients to come back, and wait for that."""
        await self.eio.close_all()

    def _outbox_of(self, eio_sid: str | None) -> Outbox:
        outbox: Outbox = self.eio.sockets[eio_sid].queue.outbox
        return outbox

    def _is_allowed(self, origin: str, environ: dict[str, Any]) -> bool:
        """Ask for the same host: browsers send no token of theirs by themselves, so this is belt and braces."""
        hosts = {environ.get("HTTP_HOST"), environ.get("HTTP_X_FORWARDED_HOST")}
        return origin in self._origins or urlsplit(origin).netloc in hosts

    def _expect(self, eio_sid: str) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, _NAMESPACE) is None and eio_sid in self.eio.sockets:
            self._outbox_of(eio_sid).cut("silent")

    def _expect_soon(self, eio_sid: str) -> None:
        asyncio.get_running_loop().call_later(self._hello_seconds, self._expect, eio_sid)

    # ── what the libraries call ──

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

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
        del server, namespace
        reply = await self._answer(sid, data[0], data[1:])
        if reply is None or eio_sid not in self.eio.sockets:
            return
        if id is not None:
            self._outbox_of(eio_sid).post(acknowledgement(id, reply.body))
        if reply.after is not None:
            reply.after()
