"""What waits for one connection: counted in bytes, and bounded."""

import asyncio
from typing import Any

from aiohttp import WSCloseCode

from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import Bucket, LiveLimits

CLOSE_SECONDS = 2.0
"""How long a connection that is to end may take to read its last messages."""

Packet = Any
"""An engineio packet; it remembers its encoded form, so that one packet is encoded once for all recipients."""


class Outbox(asyncio.Queue[Any]):
    """What waits for one connection, and the way to end it."""

    def __init__(self, limits: LiveLimits, figures: LiveFigures) -> None:
        super().__init__()
        self._limit = limits.waiting_bytes
        self._figures = figures
        self._flood = Bucket(
            limits.flood_factor * limits.messages_per_second, limits.flood_factor * limits.messages_burst
        )
        self._pending = 0
        self._transport: asyncio.Transport | None = None
        self._ending = False
        self.is_cut = False
        self.close_code: int = WSCloseCode.OK

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet, as far as this process can see."""
        transport = self._transport
        return self._pending + (transport.get_write_buffer_size() if transport is not None else 0)

    def post(self, packet: Packet) -> None:
        """Queue a packet, in order with everything else. Over the byte limit the connection is cut."""
        if not (self.is_cut or self._ending):
            self.put_nowait(packet)

    def cut(self, reason: str) -> None:
        """End the connection without a word. The client sees it drop and comes back."""
        if self.is_cut:
            return
        self.is_cut = True
        self._figures.cut.labels(reason).inc()
        self._queue.clear()  # type: ignore[attr-defined]  # asyncio.Queue's own, not in its stubs
        self._pending = 0
        if self._transport is not None:
            self._transport.abort()

    def finish(self, code: int = WSCloseCode.OK) -> None:
        """Close the connection once everything that waits is sent, or `CLOSE_SECONDS` from now."""
        if self._ending:
            return
        self._ending = True
        self.close_code = code
        self.put_nowait(None)  # engineio's sign for its writer to stop
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._abort)

    # ── for the websocket ──

    def attach(self, transport: asyncio.Transport | None) -> None:
        """Learn where the bytes go."""
        self._transport = transport
        if self.is_cut:
            self._abort()

    def sent(self, text: str) -> None:
        """Note that a packet has gone to the transport."""
        self._pending = max(0, self._pending - _size(text))

    def admits(self) -> bool:
        """Return whether one more message may come in; False: this is a flood."""
        return self._flood.take()

    # ── asyncio.Queue's extension point ──

    def _put(self, item: Packet) -> None:
        if self.is_cut and item is not None:
            return
        super()._put(item)
        if item is not None:
            self._pending += _size(item.encode())
            if self.waiting > self._limit:
                self.cut("slow")

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
