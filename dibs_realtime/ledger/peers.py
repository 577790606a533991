"""Lines between server processes: TCP connections of which both ends have proved that they know the secret key.

Whoever connects gets 16 random bytes, and sends 16 of its own, its id and a proof; the other proves itself in return.
Both derive the connection's key from that. Then follow frames: 4 bytes of length, 16 of seal, JSON. The seal covers the
frame's number on the line, so that nothing can be put in, left out or played again. Nothing is hidden by it: the lines
belong into the network in which PostgreSQL is spoken to.
"""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, cast
from uuid import UUID

from dibs_realtime.kit import json

_log = logging.getLogger(__name__)

NONCE, ID, PROOF, LENGTH, SEAL = 16, 16, 32, 4, 16
LONGEST = 4 * 1024 * 1024
CONNECT_SECONDS = 1.0
MOST_UNSENT = 64 * 1024 * 1024
"""Bytes that wait for a process that does not read; beyond, it counts as gone. More than what a hundred doors bring in
one turn of the loop, 500 scans each."""

Heard = Callable[["Line", dict[str, Any]], None]


class Line(asyncio.Protocol):
    """One connection, as one of its ends sees it. `other_id` is known once `is_open`."""

    def __init__(
        self, secret: bytes, own_id: UUID, other_id: UUID | None, heard: Heard, lost: Callable[["Line"], None]
    ) -> None:
        """other_id: whom to reach, for the end that connects; None: whoever comes."""
        self.other_id = other_id
        self.is_open = False
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.heard_at = 0.0
        """When something came last, by the loop's clock."""
        self._secret = secret
        self._own_id = own_id
        self._calls = other_id is not None
        self._heard = heard
        self._lost = lost
        self._buffer = bytearray()
        self._nonce = secrets.token_bytes(NONCE)
        self._other_nonce = b""
        self._key = b""
        self._sent = self._received = 0
        self._is_made = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to prove who we are."""
        self._transport = cast("asyncio.Transport", transport)
        self._is_made = True
        if not self._calls:
            self._transport.write(self._nonce)

    def data_received(self, data: bytes) -> None:
        """Take what came, in whatever pieces."""
        self.heard_at = asyncio.get_running_loop().time()
        self._buffer += data
        try:
            while self._step():
                pass
        except ValueError as error:
            _log.warning("a line between processes was refused", extra={"reason": str(error)})
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        del exc
        self.is_open = False
        if not self.opened.done():
            self.opened.set_result(False)
        self._lost(self)

    def send(self, body: bytes) -> None:
        """Send a message, a JSON object; a line that is closed takes none and says nothing: `lost` was called."""
        if not self.is_open:
            return
        self._sent += 1
        self._transport.write(b"".join((len(body).to_bytes(LENGTH), self._sealed(self._calls, self._sent, body), body)))
        if self._transport.get_write_buffer_size() > MOST_UNSENT:
            self._transport.abort()

    def close(self) -> None:
        """Send what is to be sent, then close. A call that nobody has answered yet has nothing to close."""
        if self._is_made:
            self._transport.close()

    def _step(self) -> bool:
        """Take one thing from the buffer, if it is whole. Raises ValueError."""
        if self.is_open:
            return self._frame()
        if self._calls and not self._other_nonce:
            if not (nonce := self._take(NONCE)):
                return False
            self._other_nonce = nonce
            assert self.other_id is not None
            self._transport.write(self._nonce + self._own_id.bytes + self._proof(caller=True))
            return True
        if self._calls:
            return bool(proof := self._take(PROOF)) and self._begin(proof, caller=False)
        if not (hello := self._take(NONCE + ID + PROOF)):
            return False
        self._other_nonce, self.other_id = hello[:NONCE], UUID(bytes=hello[NONCE : NONCE + ID])
        self._begin(hello[NONCE + ID :], caller=True)
        self._transport.write(self._proof(caller=False))
        return True

    def _begin(self, proof: bytes, *, caller: bool) -> bool:
        if not hmac.compare_digest(proof, self._proof(caller=caller)):
            raise ValueError("whoever it is does not know the secret key, or is not who was called")
        self._key = self._hash(b"frames")
        self.is_open = True
        self.opened.set_result(True)
        return True

    def _frame(self) -> bool:
        if len(self._buffer) < LENGTH:
            return False
        length = int.from_bytes(self._buffer[:LENGTH])
        if length > LONGEST:
            raise ValueError("a frame is too long")
        if not (frame := self._take(LENGTH + SEAL + length)):
            return False
        body = frame[LENGTH + SEAL :]
        self._received += 1
        if not hmac.compare_digest(frame[LENGTH : LENGTH + SEAL], self._sealed(not self._calls, self._received, body)):
            raise ValueError("a frame is not sealed")
        self._heard(self, json.loads(body))
        return True

    def _take(self, count: int) -> bytes:
        """Return so many bytes, or none while they are not there."""
        if len(self._buffer) < count:
            return b""
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _proof(self, *, caller: bool) -> bytes:
        return self._hash(b"caller" if caller else b"called")

    def _hash(self, purpose: bytes) -> bytes:
        assert self.other_id is not None
        ours, theirs = (self._nonce, self._own_id.bytes), (self._other_nonce, self.other_id.bytes)
        ends = (*ours, *theirs) if self._calls else (*theirs, *ours)
        return hmac.digest(self._secret, b"".join((purpose, *ends)), "sha256")

    def _sealed(self, by_caller: bool, number: int, body: bytes) -> bytes:
        place = number.to_bytes(8) + (b"c" if by_caller else b"d")
        return blake2b(body, key=self._key, salt=place, digest_size=SEAL).digest()


class Peers:
    """The lines of this process to the others."""

    def __init__(self, secret: str, own_id: UUID, heard: Heard, lost: Callable[[UUID], None]) -> None:
        """heard: what came on a line. lost: the line that we called that process on has ended."""
        self._secret = hmac.digest(secret.encode(), b"dibs processes", "sha256")
        self._own_id = own_id
        self._heard = heard
        self._lost = lost
        self._called: dict[UUID, Line] = {}
        self._all: set[Line] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str) -> str:
        """Take calls at a free port of `host`; return the address. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self._line(None), host, 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def line_to(self, other_id: UUID) -> Line | None:
        """Return the open line to a process, or None: call it first."""
        line = self._called.get(other_id)
        return line if line is not None and line.is_open else None

    async def call(self, other_id: UUID, address: str) -> bool:
        """Open a line to a process; return whether it is there and proved itself."""
        host, _, port = address.rpartition(":")
        line = self._line(other_id)
        is_open = False
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(lambda: line, host.strip("[]"), int(port))
                is_open = await line.opened
        except (OSError, TimeoutError, ValueError):
            return False
        finally:
            if not is_open:
                line.close()
                self._all.discard(line)
        if is_open:
            self.hang_up(other_id)
            self._called[other_id] = line
        return is_open

    def hang_up(self, other_id: UUID) -> None:
        """End the line to a process, if there is one; `lost` is not told."""
        line = self._called.pop(other_id, None)
        if line is not None:
            line.close()

    async def close(self) -> None:
        """End all lines."""
        if self._server is not None:
            self._server.close()
        for line in tuple(self._all):
            line.close()
        await asyncio.sleep(0)

    def _line(self, other_id: UUID | None) -> Line:
        line = Line(self._secret, self._own_id, other_id, self._heard, self._end)
        self._all.add(line)
        return line

    def _end(self, line: Line) -> None:
        self._all.discard(line)
        if line.other_id is not None and self._called.get(line.other_id) is line:
            del self._called[line.other_id]
            self._lost(line.other_id)
