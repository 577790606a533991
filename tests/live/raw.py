"""A websocket down to its bytes: what a server sends is kept as it came."""

import asyncio
import base64
import os
import re
import socket
import ssl
from collections.abc import Callable
from typing import Self

# Engine.IO's and Socket.IO's ids are random, and of one length.
_IDS = re.compile(rb'"sid":"[A-Za-z0-9_-]{20}"')
SECONDS = 20.0


class RawClient:
    """Connects, upgrades and keeps every byte that follows in `got`."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, receive_bytes: int | None = None) -> None:
        self._port = port
        self._context = context
        self._receive_bytes = receive_bytes
        self.got = bytearray()
        self.ended = False

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        plain = socket.socket()
        if self._receive_bytes is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_bytes)
        plain.setblocking(False)
        await loop.sock_connect(plain, ("127.0.0.1", self._port))
        self._reader, self._writer = await asyncio.open_connection(
            sock=plain, ssl=self._context, server_hostname="localhost" if self._context else None, limit=4_096
        )
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        self._reading = asyncio.Event()
        self._reading.set()
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.transport.abort()

    def say(self, text: str, opcode: int = 1) -> None:
        """Send a frame."""
        self.say_raw(text.encode(), opcode)

    def say_raw(self, raw: bytes, opcode: int) -> None:
        """Send a frame of any kind."""
        assert len(raw) < 126
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(raw))
        self._writer.write(bytes((0x80 | opcode, 0x80 | len(raw))) + mask + masked)

    def pause(self) -> None:
        """Read no more."""
        self._reading.clear()

    def resume(self) -> None:
        """Read again."""
        self._reading.set()

    async def until(self, reached: Callable[[bytearray], bool]) -> None:
        """Wait until what came is enough, or the connection has ended."""
        async with asyncio.timeout(SECONDS):
            while not (reached(self.got) or self.ended):  # noqa: ASYNC110  # any condition
                await asyncio.sleep(0.005)

    @property
    def comparable(self) -> bytes:
        """What came, without what is random."""
        return _IDS.sub(b'"sid":"--------------------"', self.got)

    async def _read(self) -> None:
        try:
            while True:
                await self._reading.wait()
                data = await self._reader.read(4_096)
                if not data:
                    break
                self.got += data
        except OSError:
            pass
        self.ended = True
