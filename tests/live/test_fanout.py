"""The quick way to many recipients sends the very bytes that the libraries send by themselves, in the same order."""

import asyncio
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio
import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry
from socketio import packet as sio_packet

from dibs_realtime.live.codec import SocketJson
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.transport import Outbox, Reply, Server, message, post_to_all
from dibs_realtime.local.certificate import ensure_certificate
from tests.support.waiting import eventually

from .raw import RawClient

LIMITS = LiveLimits(waiting_bytes=50_000_000, message_bytes=64 * 1024)
# Around each of the three ways to write a length, and text that takes more bytes than characters.
SIZES = [0, 1, 90, 124, 125, 126, 127, 500, 4_000, 65_000, 65_530, 65_535, 65_536, 65_540, 100_000]
CLOSE = (1000).to_bytes(2, "big")


class Ours:
    """Our server, driven like the stock one below."""

    def __init__(self) -> None:
        self.figures = LiveFigures(CollectorRegistry())
        self.server = Server(self._answer, LIMITS, self.figures, ())
        self.server.on("connect", self._connect)
        self.outboxes: dict[str, Outbox] = {}
        self.slow = 0

    async def _connect(self, sid: str, *_: Any) -> None:
        self.outboxes[sid] = self.server.outbox(sid)
        self.outboxes[sid].post(message("early", {"n": 1}))

    async def _answer(self, _sid: str, name: str, arguments: list[Any]) -> Reply:
        return Reply([name, *arguments])

    async def emit(self, name: str, payload: Any) -> None:
        post_to_all(self.outboxes.values(), message(name, payload))
        self.slow += any(not outbox.is_clear for outbox in self.outboxes.values())

    async def close(self) -> None:
        await self.server.close_all()
        await self.server.shutdown()


class Stock:
    """python-socketio as it comes, with the same JSON."""

    def __init__(self) -> None:
        class Packet(sio_packet.Packet):
            json = SocketJson

        self.server = socketio.AsyncServer(
            async_mode="aiohttp",
            transports=["websocket"],
            allow_upgrades=False,
            serializer=Packet,
            ping_interval=LIMITS.ping_seconds,
            ping_timeout=LIMITS.ping_answer_seconds,
            max_http_buffer_size=LIMITS.message_bytes,
        )
        self.server.on("connect", self._connect)
        self.server.on("*", self._answer)

    async def _connect(self, sid: str, *_: Any) -> None:
        await self.server.enter_room(sid, "everybody")
        await self.server.emit("early", {"n": 1}, to=sid)

    async def _answer(self, name: str, _sid: str, *arguments: Any) -> Any:
        return [name, *arguments]

    async def emit(self, name: str, payload: Any) -> None:
        await self.server.emit(name, payload, room="everybody")

    async def close(self) -> None:
        await self.server.shutdown()


Scenario = Callable[[RawClient, Any], Awaitable[None]]


async def connect(client: RawClient) -> None:
    await client.until(lambda got: got[2:3] == b"0")
    client.say("40")
    await client.until(lambda got: b"40{" in got)


async def upgrading(client: RawClient, server: Any) -> None:
    """Messages of all lengths from the first moment on, and answers between them."""
    await connect(client)
    for number, size in enumerate(SIZES):
        await server.emit("ledger", {"n": number, "text": "x" * size})
        if number % 4 == 0:
            client.say(f'42{number}["ask",{{"n":{number}}}]')
            await client.until(lambda got, number=number: b'43%d[["ask"' % number in got)
    await server.emit("ledger", {"text": "Žaliasis žirnis 🥂" * 400})
    await server.emit("last", 1)
    await client.until(lambda got: b'["last",1]' in got)


async def reading_slowly(client: RawClient, server: Any) -> None:
    """A client that stops and goes, so that the ways out change many times."""
    await connect(client)
    chance = random.Random(5)
    for number in range(400):
        await server.emit("ledger", {"n": number, "text": "x" * chance.choice((20, 2_000, 30_000))})
        if number % 40 == 10:
            client.pause()
        elif number % 40 == 30:
            client.resume()
            if number % 80 == 30:  # else there is still something on its way when the next ones come
                await client.until(lambda got, number=number: b'"n":%d,' % number in got)
    client.resume()
    await server.emit("last", 1)
    await client.until(lambda got: b'["last",1]' in got)


async def leaving(client: RawClient, server: Any) -> None:
    """A client that closes: after the answer to that nothing follows, whatever is sent."""
    await connect(client)
    await server.emit("ledger", {"n": 1})
    await client.until(lambda got: b'"n":1}]' in got[-20:])
    client.say_raw(CLOSE, opcode=8)
    await client.until(lambda got: got.endswith(b"\x88\x02" + CLOSE))
    await server.emit("ledger", {"n": 2})
    await client.until(lambda _: False)


async def play(server: Any, scenario: Scenario, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> list[bytes]:
    """Run a scenario twice on a server, on two connections one after the other; return what came."""
    async with listening(server, tls[0] if tls else None) as port:
        came = []
        for _ in range(2):
            async with RawClient(port, tls[1] if tls else None, receive_bytes=8_192) as client:
                await scenario(client, server)
                came.append(client.comparable)
            if isinstance(server, Ours):
                await eventually(lambda: not server.server.eio.sockets)
                server.outboxes.clear()
        return came


@asynccontextmanager
async def listening(server: Any, context: ssl.SSLContext | None):
    app = web.Application()
    server.server.attach(app, "socket.io")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    plain = socket.create_server(("127.0.0.1", 0))
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)  # so that a client that does not read is noticed
    await web.SockSite(runner, plain, ssl_context=context).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await server.close()
        await runner.cleanup()


@pytest.fixture
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext] | None:
    if not request.param:
        return None
    certificate, key = ensure_certificate(tmp_path)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    return served, ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"], indirect=True)
@pytest.mark.parametrize("scenario", [upgrading, reading_slowly, leaving], ids=lambda scenario: scenario.__name__)
def test_the_same_bytes_in_the_same_order(
    scenario: Scenario,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
):
    async def compare() -> None:
        ours = Ours()
        mine, theirs = await play(ours, scenario, tls), await play(Stock(), scenario, tls)
        for one, other in zip(mine, theirs, strict=True):
            assert len(one) == len(other)
            assert one == other
        if scenario is reading_slowly:
            assert ours.slow > 10  # the slow way was taken, and left again
            assert mine[0].count(b'42["ledger"') == 400

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(compare())
