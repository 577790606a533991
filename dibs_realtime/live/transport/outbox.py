"""What one connection is sent: at once while it takes it, else counted in bytes, bounded, and in order."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import Bucket, LiveLimits
from dibs_realtime.live.transport.frames import Message

CLOSE_SECONDS = 2.0
"""How long a connection that is to end may take to read its last messages."""
SMALL_BUFFER = 16 * 1024
"""Bytes in a transport's buffer up to which a frame is written past the library: below its low-water mark, so that
none of the library's own writes waits for it to drain."""


class Outbox:
    """What waits for one connection, and the way to end it.

    There are two ways out. The quick one writes the frame that all recipients share straight to the transport. It is
    taken only on an upgraded, uncompressed websocket while nothing waits here, hardly anything is buffered and no
    close frame is out. Everything else waits in line for the slow one: the library's own, which waits for a client
    that reads slowly.
    """

    __slots__ = (
        "_bytes", "_ending", "_figures", "_flood", "_largest", "_limit", "_response", "_transport", "_waiting",
        "_writer", "_writing", "close_code", "is_clear", "is_cut",
    )  # fmt: skip

    def __init__(self, limits: LiveLimits, figures: LiveFigures) -> None:
        self._limit = limits.waiting_bytes
        self._figures = figures
        self._flood = Bucket(
            limits.flood_factor * limits.messages_per_second, limits.flood_factor * limits.messages_burst
        )
        self._response: web.WebSocketResponse | None = None
        self._transport: Any = None
        self._writer: Any = None
        # What is not sent yet, the first perhaps in part; None at the end stands for closing. Mostly there is nothing.
        self._waiting: deque[Message | None] | None = None
        self._bytes = 0
        self._largest = 0
        self._writing: asyncio.Task[None] | None = None
        self._ending = False
        self.is_clear = False
        """Upgraded, nothing waits, and the connection is not to end."""
        self.is_cut = False
        self.close_code: int = WSCloseCode.OK

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet, as far as this process can see."""
        return self._bytes + (self._transport.get_write_buffer_size() if self._transport is not None else 0)

    def post(self, packet: Message) -> None:
        """Send a packet, in order with everything else. Over the byte limit the connection is cut.

        The largest packet posted of late does not count: it may be an answer (a snapshot) that is more than the limit,
        and whoever asked for it must be able to get it.
        """
        if not self._write_now(packet) and not self._ending:
            self._wait(packet)

    def cut(self, reason: str) -> None:
        """End the connection without a word. The client sees it drop and comes back."""
        if self.is_cut:
            return
        self.is_cut = self._ending = True
        self.is_clear = False
        self._figures.cut.labels(reason).inc()
        self._waiting = None
        self._bytes = 0
        self._abort()

    def finish(self, code: int = WSCloseCode.OK) -> None:
        """Close the connection once everything that waits is sent, or `CLOSE_SECONDS` from now."""
        if self._ending:
            return
        self.close_code = code
        self._end()
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._abort)

    # ── for the websocket ──

    def begin(self, response: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        """Learn where the bytes go (the response is prepared, on that transport), and send what waits."""
        self._response = response
        self._transport = transport
        self._writer = response._writer  # noqa: SLF001  # this package's purpose
        if self.is_cut:
            self._abort()
            return
        waiting, self._waiting = self._waiting or deque(), None
        self.is_clear = not self._ending
        while waiting and waiting[0] is not None and self._write_now(waiting[0]):
            self._count_out(waiting.popleft())
        if waiting:
            self.is_clear = False
            self._waiting = waiting
            self._write_soon()

    async def over(self) -> None:
        """Let what waits out, if that is still possible, and close: nothing comes in any more."""
        if not self._ending:
            self._end()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        elif self._response is not None:
            await self._response.close(code=self.close_code)

    def admits(self) -> bool:
        """Return whether one more message may come in; False: this is a flood."""
        return self._flood.take()

    # ── the quick way ──

    def _write_now(self, packet: Message) -> bool:
        if not self.is_clear or self._writer._closing:  # noqa: SLF001  # likewise: after a close frame nothing follows
            return False
        transport = self._transport
        if transport.get_write_buffer_size() > SMALL_BUFFER or transport.is_closing():
            return False
        transport.write(packet.frame)
        self._largest = len(packet.raw)
        return True

    # ── the slow way ──

    def _end(self) -> None:
        self._ending = True
        self.is_clear = False
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(None)
        self._write_soon()

    def _wait(self, packet: Message) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self.is_clear = False
        self._waiting.append(packet)
        self._bytes += len(packet.raw)
        self._largest = max(self._largest, len(packet.raw))
        if self.waiting > self._limit + self._largest:
            self.cut("slow")
        else:
            self._write_soon()

    def _write_soon(self) -> None:
        if self._waiting and self._response is not None and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(self._response))

    async def _write(self, response: web.WebSocketResponse) -> None:
        try:
            while self._waiting:
                packet = self._waiting[0]
                if packet is None:
                    break
                # From here on it is the transport that counts it.
                self._count_out(packet)
                await response.send_frame(packet.raw, WSMsgType.TEXT)
                if self._waiting:  # it was not cut meanwhile
                    self._waiting.popleft()
        except OSError:
            self._ending = True
        # From here on, and not before, the quick way is open again: whatever was sent above came first.
        self._waiting = self._writing = None
        self.is_clear = not self._ending
        if self._ending:
            self._bytes = 0
            await response.close(code=self.close_code)

    def _count_out(self, packet: Message | None) -> None:
        if packet is not None:
            self._bytes = max(0, self._bytes - len(packet.raw))

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def post_to_all(outboxes: Iterable[Outbox], packet: Message) -> None:
    """Do what `post` does for each of them: the quick way written out, because this is what a festival costs."""
    frame = packet.frame
    for outbox in outboxes:
        if outbox.is_clear and not outbox._writer._closing:  # noqa: SLF001  # as above
            transport = outbox._transport  # noqa: SLF001  # our own
            if transport.get_write_buffer_size() <= SMALL_BUFFER and not transport.is_closing():
                transport.write(frame)
                continue
        outbox.post(packet)
