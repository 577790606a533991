"""A websocket client that costs little: it counts messages and checks their numbers without decoding them.

It speaks Engine.IO 4 and Socket.IO 5 by hand. All recipients get the same bytes, so a message is looked at once and
then recognised by its hash.
"""

import asyncio
import time
from array import array
from typing import cast

_UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    # What a browser sends besides; servers may keep it for as long as the connection.
    "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile "
    "Safari/537.36\r\nOrigin: http://127.0.0.1:{port}\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: lt-LT,lt;q=0.9,en-US;q=0.8,en;q=0.7\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n"
)
_LEDGER, _OTHER = 1, 2
_MOST_KNOWN = 4_096


class Counts:
    """What all clients of a process got: `ledger` and `other` messages, `gaps` in their numbers.

    With `timed` every entry's number and its time of arrival (perf_counter) are kept, too.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, int, int]] = {}
        self.timed = False
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self.ledger = self.other = self.gaps = self.bytes = 0
        self.seqs = array("q")
        self.times = array("d")

    def look(self, text: bytes) -> tuple[int, int, int]:
        """Return what kind of message this is, and its first and last number."""
        found = self._known.get(text)
        if found is None:
            found = (_OTHER, 0, 0)
            if text.startswith(b'42["ledger",'):
                found = (_LEDGER, _number(text, b'"from_seq":'), _number(text, b'"to_seq":'))
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[text] = found
        return found


def masked(text: str) -> bytes:
    """Return a client's text frame. Its mask is zero, which is allowed and costs nothing."""
    raw = text.encode()
    size = len(raw)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + raw


_PONG = masked("3")


class Client(asyncio.Protocol):
    """One connection. `ready` is set with None once it is connected (and watches), or with what went wrong.

    hello: what it says to connect to the namespace. watch: what it says then (an empty text: nothing).
    """

    __slots__ = ("_counts", "_hello", "_request", "_rest", "_transport", "_watch", "epoch", "ready", "seq", "upgraded")

    def __init__(self, counts: Counts, port: int, hello: str, watch: str) -> None:
        self._counts = counts
        self._hello = hello
        self._watch = watch
        self._rest = b""
        self.upgraded = False
        self.seq: int | None = None
        self.epoch = ""
        self.ready: asyncio.Future[str | None] | None = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        self._request = _UPGRADE.format(port=port).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)
        self._request = b""

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        if self._rest:
            data = self._rest + data
        if not self.upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._settle(data[:200].decode("latin-1"))
                self._transport.close()
                return
            self.upgraded = True
            data = data[end + 4 :]
        self._frames(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        self._settle(f"the connection ended: {exc}")

    def say(self, text: str) -> None:
        """Send a message."""
        self._transport.write(masked(text))

    def close(self) -> None:
        """End it, without a word."""
        self._transport.abort()

    def _settle(self, problem: str | None) -> None:
        if self.ready is not None and not self.ready.done():
            self.ready.set_result(problem)
        self.ready = None

    def _frames(self, data: bytes) -> None:
        at, size = 0, len(data)
        while size - at >= 2:
            length, begin = data[at + 1], at + 2
            if length == 126:
                if size - at < 4:
                    break
                length, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                if size - at < 10:
                    break
                length, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if size - begin < length:
                break
            if data[at] == 0x81:
                self._text(data[begin : begin + length])
            at = begin + length
        self._rest = data[at:] if at < size else b""

    def _text(self, text: bytes) -> None:
        if text[:2] == b"42":
            self._message(text)
        elif text == b"2":
            self._transport.write(_PONG)
        elif text[:1] == b"0":
            self.say(self._hello)
        elif text[:2] == b"40":
            if self._watch:
                self.say(self._watch)
            else:
                self._settle(None)
        elif text[:2] == b"43":
            self._answered(text)
        else:
            self._settle(text[:300].decode())

    def _answered(self, text: bytes) -> None:
        if b'"ok":true' not in text[:40]:
            self._settle(text[:300].decode())
            return
        epoch = text.find(b'"epoch":"') + 9
        self.epoch = text[epoch : epoch + 36].decode()
        self.seq = _number(text, b'"head_seq":')
        self._settle(None)

    def _message(self, text: bytes) -> None:
        counts = self._counts
        kind, first, last = counts.look(text)
        counts.bytes += len(text)
        if kind != _LEDGER:
            counts.other += 1
            return
        counts.ledger += 1
        if self.seq is not None:
            counts.gaps += first != self.seq + 1
            self.seq = last
        if counts.timed:
            now = time.perf_counter()
            for seq in range(first, last + 1):
                counts.seqs.append(seq)
                counts.times.append(now)


def _number(text: bytes, name: bytes) -> int:
    begin = text.index(name) + len(name)
    end = begin
    while text[end : end + 1].isdigit():
        end += 1
    return int(text[begin:end])
