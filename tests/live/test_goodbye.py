"""A node that stops: what it began is finished, and its clients come back spread over a while."""

import asyncio
from typing import Any

import aiohttp
import pytest

from dibs_realtime.kit import json
from tests.support.waiting import PATIENCE, eventually

from .clients import Bare, Socket
from .node import Start
from .party import Party, new_key


@pytest.fixture(autouse=True)
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever waits for the end of connections and answers wait for as long as a busy machine takes."""
    for module in ("desk", "transport.engine", "transport.outbox"):
        monkeypatch.setattr(f"dibs_realtime.live.{module}.CLOSE_SECONDS", PATIENCE)


async def test_a_node_that_stops_tells_clients_to_come_back(start: Start):
    node = await start()
    party = await Party.begin(node)
    async with Bare(node) as bare:
        await bare.hello(party.owner)
        closing = asyncio.create_task(node.hub.close())
        assert await bare.text() == '42["reconnect",{"within_ms":500}]'
        assert await bare.ended() == aiohttp.WSCloseCode.SERVICE_RESTART
        await closing
    assert node.figure("dibs_live_connections", caller="user") == 0


async def test_the_more_there_are_the_further_their_return_is_spread_and_doors_come_first(start: Start):
    node = await start(limits={"return_seconds": 2.0, "return_at_least": 0.3, "return_at_most": 7.0})
    party = await Party.begin(node)
    door, _ = await party.device()
    sockets = [Socket(node, token) for token in (None, party.owner, door)]
    told: dict[int, list[Any]] = {}
    for count in (2, 3):
        here = sockets[:count]
        for socket in here:
            await socket.connect()
        node.hub._say_goodbye()
        for socket in here:
            told[count] = [(await socket.expect("reconnect"))[-1]["within_ms"] for socket in here]
        for socket in here:
            await socket.disconnect()
            socket.got.clear()
        await eventually(lambda: not len(node.hub._connections))
    assert told == {2: [4_000, 4_000], 3: [6_000, 6_000, 300]}


async def test_what_is_gathered_goes_out_before_the_goodbye(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.live.beacon.HEAD_SECONDS", 300)
    node = await start(limits={"gather_seconds": 60.0, "delivery_seconds": 60.0})
    party = await Party.begin(node)
    guest = await party.guest()
    async with Bare(node) as bare:
        await bare.hello(party.owner)
        await bare.ws.send_str(f'420["watch",{{"event_id":"{party.id}"}}]')
        assert (await bare.text()).startswith("430")
        for _ in range(3):
            await party.claim(guest)
        closing = asyncio.create_task(node.hub.close())
        got = []
        while not got or "reconnect" not in got[-1]:
            got.append(await bare.text())
        frames = [json.loads(text[2:])[1] for text in got if text.startswith('42["ledger"')]
        assert [(frame["from_seq"], frame["to_seq"]) for frame in frames] == [(4, 4), (5, 6)]
        await bare.ended()
        await closing


async def test_a_node_that_stops_answers_what_it_began(start: Start):
    node = await start()
    party = await Party.begin(node)
    door, _ = await party.device()
    voucher = await party.claim(await party.guest())
    redeem = node.hub._ports.redeem
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*arguments: Any) -> Any:
        began.set()
        await go_on.wait()
        return await redeem(*arguments)

    object.__setattr__(node.hub._ports, "redeem", slowly)
    async with Socket(node, door) as at_door:
        request = {"event_id": party.id, "code": voucher["code"], "idempotency_key": new_key()}
        redeeming = asyncio.create_task(at_door.call("redeem", request))
        await began.wait()
        closing = asyncio.create_task(node.hub.close())
        await eventually(lambda: node.hub._desk._closing)
        refused = await at_door.call("watch", {"event_id": party.id})
        go_on.set()
        assert (refused["problem"]["status"], refused["problem"]["retry_after"]) == (503, 1)
        assert (await redeeming)["verdict"]["verdict"] == "accepted"
        await closing
