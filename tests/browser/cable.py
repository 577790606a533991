"""The way from one phone to the server, which a test can cut: real connections that break, hang, or carry slowly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from yarl import URL

Condition = Literal["good", "cut", "hole", "slow", "deaf"]
"""good: everything passes. cut: connections break, new ones are refused. hole: nothing passes, and nobody says so.
slow: every way takes half of LATENCY. deaf: what is asked arrives, and no answer comes back."""
LATENCY = 3.0
"""Seconds that an answer takes at least over a slow cable."""
CUT_OFF = (
    "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED", "WebSocket",
    "50[23] ",
)  # fmt: skip
"""What a browser says of a server that is away, or out of reach."""
_PIECE = 65_536


class Cable:
    """A listening port that passes everything on to the server, as its condition is."""

    def __init__(self, server: str) -> None:
        self._server = URL(server)
        self._condition: Condition = "good"
        self._changed = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where a phone finds the server through this cable."""
        assert self._listening is not None
        # Browsers lend their camera, locks and service workers to localhost as to HTTPS.
        return f"http://localhost:{self._listening.sockets[0].getsockname()[1]}"

    def become(self, condition: Condition) -> None:
        """Change how it is. Of what was on its way a hole passes on late what it held, and the others lose it."""
        if condition == "cut" or "deaf" in (condition, self._condition):
            self._break()
        self._condition = condition
        self._changed.set()
        self._changed = asyncio.Event()

    async def open(self) -> None:
        """Begin to listen."""
        self._listening = await asyncio.start_server(self._accept, "localhost", 0)

    async def close(self) -> None:
        """Stop, and break everything."""
        assert self._listening is not None
        self._listening.close()
        self._break()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _break(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._condition == "cut":
            writer.transport.abort()
            return
        ends = [writer]
        self._ends.add(writer)
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(self._server.host, self._server.port)
            ends.append(back)
            self._ends.add(back)
            ways = [
                asyncio.create_task(self._carry(reader, back, is_answer=False)),
                asyncio.create_task(self._carry(there, writer, is_answer=True)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # one end closed, and so does the other
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        for end in ends:
            self._ends.discard(end)
            end.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool) -> None:
        """Pass on until one end closes."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                while self._condition == "hole":  # the event is a new one after each change
                    await self._changed.wait()
                if self._condition == "deaf" and is_answer:
                    continue
                if not piece:
                    return
                target.write(piece)
                await target.drain()

        delivering = asyncio.create_task(deliver())
        try:
            while not delivering.done():
                piece = await source.read(_PIECE)
                delay = LATENCY / 2 if self._condition == "slow" else 0.0
                pieces.put_nowait((loop.time() + delay, piece))
                if not piece:
                    break
            await delivering
        finally:
            delivering.cancel()


@asynccontextmanager
async def laid(server: str) -> AsyncIterator[Cable]:
    """Lay a cable to a server for a while."""
    cable = Cable(server)
    await cable.open()
    try:
        yield cable
    finally:
        await cable.close()
