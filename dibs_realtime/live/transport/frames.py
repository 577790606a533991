"""Messages as bytes: Socket.IO within Engine.IO within an unmasked websocket frame, the same for every recipient."""

from typing import Any

from dibs_realtime.live import codec

_TEXT = 0x81  # a whole text message in one frame
_SHORT, _MIDDLE = 126, 1 << 16


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
    return Message(b"43%d" % number + codec.dumps((body,)))
