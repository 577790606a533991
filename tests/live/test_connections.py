"""What a connection may and may not do, down to the websocket."""

import asyncio
import importlib.metadata

import aiohttp
import pytest
import socketio
from engineio import packet as eio_packet
from prometheus_client import CollectorRegistry
from socketio import packet as sio_packet

from dibs_realtime.kit import json
from dibs_realtime.kit.tasks import end
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.transport import PINNED, Outbox, message
from tests.support.waiting import PATIENCE, eventually

from .clients import Bare, Observer, Socket
from .node import Node, Start
from .party import Party, new_key


def test_the_libraries_are_those_whose_insides_we_know():
    for name, version in PINNED.items():
        assert importlib.metadata.version(name).startswith(f"{version}."), name


def test_a_message_is_encoded_as_the_library_does_it():
    packet = message("head", {"event_id": "x", "head_seq": 3, "text": "a"})
    theirs = sio_packet.Packet(
        sio_packet.EVENT, namespace="/", data=["head", {"event_id": "x", "head_seq": 3, "text": "a"}]
    )
    assert packet.raw.decode() == eio_packet.Packet(eio_packet.MESSAGE, theirs.encode()).encode()


async def test_compression_is_refused(node: Node):
    async with Bare(node, compress=15) as bare:
        assert not bare.ws.compress
        assert "Sec-WebSocket-Extensions" not in bare.ws._response.headers


async def test_only_websockets_are_served(node: Node):
    async with aiohttp.ClientSession() as session:
        for method, transport in (("GET", "polling"), ("POST", "polling"), ("GET", "websocket")):
            url = f"{node.url}/socket.io/?EIO=4&transport={transport}"
            async with session.request(method, url) as response:
                assert response.status == 400
    assert not node.hub._server.eio.sockets


async def test_pages_of_other_sites_cannot_connect(node: Node):
    async with aiohttp.ClientSession() as session:
        url = f"{node.url}/socket.io/?EIO=4&transport=websocket"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url, origin="https://elsewhere.example")
        async with session.ws_connect(url, origin=node.url) as ws:
            assert (await ws.receive_str()).startswith("0{")


async def test_a_bad_token_is_refused_with_the_problem(node: Node):
    for auth, status in (({"token": "nonsense"}, 401), ({"token": 7}, 422), (["x"], 422)):
        client = socketio.AsyncClient(reconnection=False)
        refusals = []
        client.on("connect_error", refusals.append)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(node.url, auth=auth, transports=["websocket"], wait_timeout=PATIENCE)
        assert refusals[0]["data"]["status"] == status
        assert refusals[0]["data"]["request_id"]
        await client.disconnect()
    assert node.hub._connections.sessions() == []


async def test_without_a_token_only_the_public_page_is_seen(node: Node, party: Party):
    async with Socket(node) as nobody:
        assert (await nobody.call("watch_public", {"slug": party.slug}))["ok"]
        for name, body in (
            ("watch", {"event_id": party.id}),
            ("redeem", {"event_id": party.id, "code": "NOSUCHCODE", "idempotency_key": new_key()}),
            ("claim", {"offer_id": party.offer["id"], "idempotency_key": new_key()}),
        ):
            assert (await nobody.call(name, body))["problem"]["status"] == 401


async def test_acks_carry_problems(node: Node, party: Party):
    async with Socket(node, party.owner) as socket:
        for name, body, status in (
            ("nonsense", {}, 404),
            ("connect_to", None, 404),
            ("watch", None, 422),
            ("watch", {"event_id": "x"}, 422),
            ("watch", {"event_id": party.id, "more": 1}, 422),
            ("watch", {"event_id": party.id, "after_seq": -1}, 422),
            ("watch", ("a", "b"), 422),
            ("watch", {"event_id": party.offer["id"]}, 404),
            ("claim", {"offer_id": party.offer["id"], "idempotency_key": new_key()}, 403),
            ("watch_public", {"slug": "no-such-party"}, 404),
        ):
            ack = await socket.call(name, body)
            assert ack["ok"] is False
            assert ack["problem"]["status"] == status, (name, body, ack)
            assert {"type", "title", "detail", "instance", "request_id"} <= ack["problem"].keys()
            assert ("errors" in ack["problem"]) == (status == 422)
        assert (await socket.watch(party.id))["head_seq"] == 3


async def test_a_fault_of_ours_is_a_problem_too(
    node: Node, party: Party, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fault(*_: object) -> None:
        raise RuntimeError("SECRETCODE")

    monkeypatch.setattr(node.hub._desk._watching, "watch", fault)
    async with Socket(node, party.owner) as socket:
        assert (await socket.call("watch", {"event_id": party.id}))["problem"]["status"] == 500
        assert (await socket.call("unwatch", {"event_id": party.id}))["ok"]
    assert "a message could not be answered" in caplog.text


async def test_messages_up_to_64_kb(node: Node):
    async with Bare(node) as bare:
        await bare.hello()
        frame = '420["watch_public",{"slug":"%s"}]'
        room = 64 * 1024 - len(frame % "")
        await bare.ws.send_str(frame % ("x" * room))
        assert json.loads((await bare.text())[3:])[0]["problem"]["status"] == 422
        await bare.ws.send_str(frame % ("x" * (room + 1)))
        assert await bare.ended() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    await eventually(lambda: not node.hub._server.eio.sockets)


@pytest.mark.parametrize(
    "text",
    ["", "4", "x", "9", "4x", "42", "42{}", "42[]", "42[1]", '42[{"a":1}]', "42[", "4[1]", "4{}", "4null", "2probe",
     "b4AAAA", '451-["watch",{"_placeholder":true,"num":0}]', "44", "48", "5", "6", "420" * 40, "42" + "[" * 5_000],
)  # fmt: skip
async def test_what_is_malformed_ends_the_connection(node: Node, text: str, caplog: pytest.LogCaptureFixture):
    async with Bare(node) as bare:
        await bare.hello()
        await bare.ws.send_str(text)
        await bare.ended()
    await eventually(lambda: not node.hub._server.eio.sockets)
    assert node.figure("dibs_live_cut_total", reason="malformed") == 1
    assert caplog.text == ""


async def test_binary_messages_end_the_connection(node: Node):
    async with Bare(node) as bare:
        await bare.hello()
        await bare.ws.send_bytes(b"4")
        await bare.ended()
    await eventually(lambda: not node.hub._server.eio.sockets)


async def test_who_says_nothing_is_cut(start: Start):
    node = await start(limits={"hello_seconds": 0.2})
    async with Bare(node) as bare:
        await bare.ended()
    server = node.hub._server
    assert server._hello_seconds == 0.2
    await eventually(lambda: not server.eio.sockets)
    server._hello_seconds = 10 * PATIENCE
    async with Bare(node) as bare:
        await bare.hello()
        (eio_sid,) = server.eio.sockets
        server._expect(eio_sid)  # as when that time is over
        await bare.ws.send_str('420["unwatch",{}]')
        assert (await bare.text()).startswith("430")
        server._hello_seconds = 0.2
        await bare.ws.send_str("41")  # leaves, and keeps the websocket
        await bare.ended()
    assert node.figure("dibs_live_cut_total", reason="silent") == 2
    assert node.figure("dibs_live_connections", caller="nobody") == 0


async def test_too_many_messages_are_refused_and_a_flood_is_cut(start: Start):
    node = await start(limits={"messages_per_second": 0.001, "messages_burst": 5})
    async with Bare(node) as bare:
        await bare.hello()
        for number in range(8):
            await bare.ws.send_str(f'42{number}["unwatch",{{}}]')
        statuses = [json.loads((await bare.text()).partition("[")[2][:-1])["problem"] for _ in range(8)]
        assert [problem["status"] for problem in statuses] == [422] * 5 + [429] * 3
        assert statuses[-1]["retry_after"] == 1
        for _ in range(20):
            await bare.ws.send_str("3")  # other packets count too
        await bare.ended()
    assert node.figure("dibs_live_cut_total", reason="flood") == 1


async def test_at_most_so_many_events_a_connection(start: Start):
    node = await start(limits={"watched_events": 2})
    parties = [await Party.begin(node) for _ in range(3)]
    async with Socket(node, parties[0].owner) as socket:
        for party in parties:
            ack = await socket.call("watch", {"event_id": party.id})
            assert ack["problem"]["status"] == (404 if party is not parties[0] else 200) if not ack["ok"] else True
        await socket.watch(parties[0].id)
    async with Socket(node) as socket:
        acks = [await socket.call("watch_public", {"slug": party.slug}) for party in parties]
        assert [ack["ok"] for ack in acks] == [True, True, False]
        assert acks[2]["problem"]["status"] == 409


class FullPipe:
    """A connection whose client takes nothing: as transport, as response and as its writer."""

    def __init__(self) -> None:
        self._writer = self
        self._closing = self.aborted = False
        self.written = 0

    def get_write_buffer_size(self) -> int:
        return self.written

    def is_closing(self) -> bool:
        return self.aborted

    def write(self, frame: bytes) -> None:
        self.written += len(frame)

    def abort(self) -> None:
        self.aborted = True

    async def send_frame(self, raw: bytes, *_: object) -> None:
        """Take it at once and wait for the client, as aiohttp does."""
        self.write(raw)
        await asyncio.Event().wait()


@pytest.mark.parametrize("before", [0, 17_000], ids=["at once", "behind what waits"])
async def test_who_gets_a_large_answer_is_not_cut_for_what_comes_behind_it(before: int):
    limits = LiveLimits(waiting_bytes=40_000)
    outbox, pipe = Outbox(limits, LiveFigures(CollectorRegistry())), FullPipe()
    outbox.begin(pipe, pipe)  # type: ignore[arg-type]  # as much of them as is asked for
    answer, news = message("snapshot", "x" * 100_000), message("news", "y" * 1_000)
    pipe.write(b"z" * before)
    outbox.post(answer)
    await asyncio.sleep(0)
    assert len(answer.raw) + before <= outbox.waiting <= len(answer.frame) + before
    for _ in range(20):
        outbox.post(news)
    assert not outbox.is_cut
    # But no more than the limit waits behind it.
    for _ in range(21):
        outbox.post(news)
    assert outbox.is_cut
    assert pipe.aborted
    assert outbox._writing is not None
    await end(outbox._writing)


async def test_who_does_not_read_is_cut_while_others_get_everything(start: Start):
    node = await start(limits={"waiting_bytes": 200_000})
    party = await Party.begin(node)
    observer = Observer(node, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    async with Bare(node, receive_bytes=4_096) as stuck:
        await stuck.hello(party.owner)
        await stuck.ws.send_str("421" + json.dumps_text(["watch", {"event_id": party.id}]))
        assert (await stuck.text()).startswith("431")
        stuck.pause()
        watchers = node.hub._connections.members(f"w:{party.id}")
        assert len(watchers) == 2
        for number in range(2_000):
            text = f"{number} " + "x" * 3_900
            await node.ask("PATCH", f"/events/{party.id}", party.owner, {"description": text})
            if node.figure("dibs_live_cut_total", reason="slow"):
                break
        await eventually(lambda: len(watchers) == 1)
        assert all(connection.outbox.waiting < 50_000 for connection in watchers)
        stuck.resume()
        await stuck.ended()
    ledger = await party.ledger()
    await eventually(lambda: observer.is_at(len(ledger)))
    assert observer.faults == []
    assert observer.entries == ledger[observer.first :]
    await observer.disconnect()
