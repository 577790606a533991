"""Messages as bytes: Socket.IO within Engine.IO within an unmasked websocket frame, the same for every recipient."""

from typing import Any

from dibs_realtime.live import codec

_TEXT = 0x81  # a whole text message in one frame
_SHORT, _MIDDLE = 126, 1 << 16
_SHARED_NUMBERS = 3
"""Clients number their messages from 0 or 1 on."""


def framed(raw: bytes) -> bytes:
    """Return the frame of a server's text message (RFC 6455, 5.2)."""
    size = len(raw)
    if size < _SHORT:
        return bytes((_TEXT, size)) + raw
    if size < _MIDDLE:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + raw
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + raw


class Message:
    """A message to clients. It is framed when it is first sent."""

    __slots__ = ("_frame", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """The websocket frame."""
        if self._frame is None:
            self._frame = framed(self.raw)
        return self._frame


def message(name: str, payload: Any) -> Message:
    """Encode a message to clients."""
    return Message(b"42" + codec.dumps((name, payload)))


def acknowledgement(number: int, body: Any) -> Message:
    """Encode the answer to a client's message."""
    if isinstance(body, Prepared):
        return body.acknowledgement(number)
    return Message(b"43%d" % number + codec.dumps((body,)))


class Prepared:
    """An answer for many, as JSON. Those who ask with the same number, as newcomers do, share all bytes."""

    __slots__ = ("_raw", "_shared")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._shared: dict[int, Message] = {}

    def acknowledgement(self, number: int) -> Message:
        """Return it as the answer to the client's message of that number."""
        found = self._shared.get(number)
        if found is None:
            found = Message(b"43%d[%s]" % (number, self._raw))
            if number < _SHARED_NUMBERS:
                self._shared[number] = found
        return found
