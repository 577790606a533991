"""The line between two processes."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.ledger import peers
from dibs_realtime.ledger.peers import Peers
from tests.support.waiting import PATIENCE, eventually

SECRET = "s" * 32


async def test_a_frame_that_was_meddled_with_ends_the_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(peers, "CONNECT_SECONDS", PATIENCE)
    heard: list[Any] = []
    one, two = UUID(int=1), UUID(int=2)
    listening = Peers(SECRET, one, lambda _, message: heard.append(message), lambda _: None)
    lost: list[UUID] = []
    calling = Peers(SECRET, two, lambda *_: None, lost.append)
    address = await listening.listen("127.0.0.1")
    assert not await calling.call(UUID(int=3), address)  # somebody else has the address now
    for meddle in (lambda sent: sent[:-2] + b"1}", lambda sent: sent + sent):  # other content; played again
        assert await calling.call(one, address)
        line = calling.line_to(one)
        assert line is not None
        line.send(b'{"n":0}')
        await eventually(lambda: heard == [{"n": 0}])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(line, "_transport", Meddler(line._transport, meddle))
            line.send(b'{"n":7}')
        await eventually(lambda: lost == [one])
        assert heard in ([{"n": 0}], [{"n": 0}, {"n": 7}])
        heard.clear()
        lost.clear()
    await calling.close()
    await listening.close()


class Meddler:
    """Somebody in between."""

    def __init__(self, transport: asyncio.Transport, meddle: Callable[[bytes], bytes]) -> None:
        self._transport = transport
        self._meddle = meddle

    def write(self, data: bytes) -> None:
        self._transport.write(self._meddle(data))

    def get_write_buffer_size(self) -> int:
        return 0
