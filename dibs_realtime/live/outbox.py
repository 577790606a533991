"""What one connection is sent: at once while it takes it, else counted in bytes, bounded, and in order."""

import asyncio
from collections import deque
from typing import Protocol

from aiohttp import WSCloseCode

from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import Bucket, LiveLimits

CLOSE_SECONDS = 2.0
"""How long a connection that is to end may take to read its last messages."""


class Packet(Protocol):
    """A message to clients, encoded once for all recipients: `raw` bare, `frame` as a websocket carries it."""

    @property
    def raw(self) -> bytes:
        """The text of the message."""

    @property
    def frame(self) -> bytes:
        """The websocket frame with that text."""


class Stream(Protocol):
    """An upgraded, uncompressed websocket."""

    @property
    def buffered(self) -> int:
        """Bytes that the client has not taken yet, as far as this process can see."""

    def write(self, frame: bytes) -> bool:
        """Write a whole frame if that is safe now: open, and hardly anything buffered. Otherwise do nothing."""

    async def send(self, raw: bytes) -> None:
        """Send a text the library's own way, which waits for a client that reads slowly. Raises OSError."""

    async def close(self, code: int) -> None:
        """Close it in order."""

    def abort(self) -> None:
        """End it without a word."""


class Outbox:
    """What waits for one connection, and the way to end it.

    There are two ways out. The quick one writes the frame that all recipients share; it is taken only while nothing
    waits here and the stream says that it is safe. Everything else waits in line for the slow one, the library's.
    """

    __slots__ = (
        "_bytes", "_ending", "_figures", "_flood", "_limit", "_stream", "_waiting", "_writing", "close_code", "is_cut",
    )  # fmt: skip

    def __init__(self, limits: LiveLimits, figures: LiveFigures) -> None:
        self._limit = limits.waiting_bytes
        self._figures = figures
        self._flood = Bucket(
            limits.flood_factor * limits.messages_per_second, limits.flood_factor * limits.messages_burst
        )
        self._stream: Stream | None = None
        # What is not sent yet, the first perhaps in part; None at the end stands for closing. Mostly there is nothing.
        self._waiting: deque[Packet | None] | None = None
        self._bytes = 0
        self._writing: asyncio.Task[None] | None = None
        self._ending = False
        self.is_cut = False
        self.close_code: int = WSCloseCode.OK

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet, as far as this process can see."""
        return self._bytes + (self._stream.buffered if self._stream is not None else 0)

    def post(self, packet: Packet) -> None:
        """Send a packet, in order with everything else. Over the byte limit the connection is cut."""
        if self._waiting is None and self._stream is not None and not self._ending and self._stream.write(packet.frame):
            return
        if not (self.is_cut or self._ending):
            self._wait(packet)

    def cut(self, reason: str) -> None:
        """End the connection without a word. The client sees it drop and comes back."""
        if self.is_cut:
            return
        self.is_cut = self._ending = True
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

    def begin(self, stream: Stream) -> None:
        """Learn where the bytes go, and send what waits."""
        self._stream = stream
        if self.is_cut:
            self._abort()
        waiting = self._waiting or deque()
        while waiting and waiting[0] is not None and stream.write(waiting[0].frame):
            self._count_out(waiting.popleft())
        self._waiting = waiting or None
        self._write_soon()

    async def over(self) -> None:
        """Let what waits out, if that is still possible, and close: nothing comes in any more."""
        if not self._ending:
            self._end()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        elif self._stream is not None:
            await self._stream.close(self.close_code)

    def admits(self) -> bool:
        """Return whether one more message may come in; False: this is a flood."""
        return self._flood.take()

    # ── the slow way ──

    def _end(self) -> None:
        self._ending = True
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(None)
        self._write_soon()

    def _wait(self, packet: Packet) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(packet)
        self._bytes += len(packet.raw)
        if self.waiting > self._limit:
            self.cut("slow")
        else:
            self._write_soon()

    def _write_soon(self) -> None:
        if self._waiting and self._stream is not None and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(self._stream))

    async def _write(self, stream: Stream) -> None:
        try:
            while self._waiting:
                packet = self._waiting[0]
                if packet is None:
                    break
                await stream.send(packet.raw)
                if self._waiting:  # it was not cut meanwhile
                    self._count_out(self._waiting.popleft())
            if not self._ending:
                return
        except OSError:
            self._ending = True
        finally:
            # From here on, and not before, the quick way is open again: whatever was sent above came first.
            self._waiting = None
            self._writing = None
        await stream.close(self.close_code)

    def _count_out(self, packet: Packet | None) -> None:
        if packet is not None:
            self._bytes = max(0, self._bytes - len(packet.raw))

    def _abort(self) -> None:
        if self._stream is not None:
            self._stream.abort()
