"""Which doors are connected."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from dibs_realtime.doors.repository import ONLINE_WITHIN
from dibs_realtime.kit.tasks import end
from dibs_realtime.live import presence
from tests.support.clock import MovableClock
from tests.support.waiting import eventually

from .clients import Socket
from .node import Node, Start
from .party import Party


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.5)


def is_online(watcher: Socket, device_id: str) -> bool | None:
    """What the last message says."""
    for told in reversed(watcher.got["presence"]):
        return next((device["online"] for device in told["devices"] if device["device_id"] == device_id), None)
    return None


async def test_doors_come_and_go(start: Start):
    one, two = await start(), await start()
    party = await Party.begin(one)
    door, device = await party.device()
    async with Socket(two, party.owner) as watcher:
        await watcher.watch(party.id)
        [told] = await watcher.expect("presence")
        assert told == {
            "event_id": party.id,
            "devices": [
                {"device_id": device["id"], "label": "North", "gate_id": None, "online": False, "last_seen_at": None}
            ],
        }
        async with Socket(one, door):
            await eventually(lambda: is_online(watcher, device["id"]))
            seen = (await one.ask("GET", f"/events/{party.id}/devices", party.owner))["items"][0]
            assert seen["online"]
            async with Socket(two, door):  # a second tab
                await asyncio.sleep(0.2)
            await asyncio.sleep(1.2)
            assert is_online(watcher, device["id"])
        await eventually(lambda: is_online(watcher, device["id"]) is False)
        assert watcher.got["presence"][-1]["devices"][0]["last_seen_at"] is not None


async def test_a_busy_watcher_is_told_once_a_second(node: Node, party: Party):
    door, _ = await party.device()
    async with Socket(node, party.owner) as watcher:
        await watcher.watch(party.id)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(8):
            async with Socket(node, door):
                await asyncio.sleep(0.1)
        assert len(watcher.got["presence"]) <= loop.time() - began + 3
        await eventually(lambda: not node.hub._presence._writes)
        rows = await node.parts.database.fetch("SELECT * FROM device_presence")
        assert len(rows) <= 2  # of past connections the last one stays


async def test_the_doors_of_a_node_that_dies_go_offline(
    start: Start, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(presence, "HEARTBEAT_SECONDS", 0.1)
    long = (ONLINE_WITHIN + timedelta(seconds=1)).total_seconds()
    one, two = await start(), await start()
    party = await Party.begin(one)
    door, device = await party.device()
    async with Socket(two, party.owner) as watcher:
        await watcher.watch(party.id)
        async with Socket(one, door):
            await eventually(lambda: is_online(watcher, device["id"]))
            clock.forward(seconds=long)
            now = clock()

            async def is_seen_again() -> bool:
                seen_at = await two.parts.database.fetchval("SELECT max(seen_at) FROM device_presence")
                return bool(seen_at >= now)

            await eventually(is_seen_again)
            await eventually(lambda: is_online(watcher, device["id"]))
            await end(*one.hub._presence._tasks)  # it says nothing any more
            clock.forward(seconds=long)
            await eventually(lambda: is_online(watcher, device["id"]) is False)


async def test_the_heartbeat_is_one_statement(node: Node, party: Party, monkeypatch: pytest.MonkeyPatch):
    await end(*node.hub._presence._tasks)  # the heart beats when the test says so
    doors = [(await party.device(f"Door {number}"))[0] for number in range(5)]
    sockets = [Socket(node, door) for door in doors]
    for socket in sockets:
        await socket.connect()
    await eventually(lambda: len(node.hub._connections) == len(doors))
    await eventually(lambda: not node.hub._presence._writes)
    statements = []
    execute = node.parts.database.execute

    async def counted(sql: str, *arguments: Any) -> str:
        if "INSERT INTO device_presence" in sql:
            statements.append(sql)
        return await execute(sql, *arguments)

    monkeypatch.setattr(node.parts.database, "execute", counted)
    await node.hub._presence._beat()
    assert len(statements) == 1
    for socket in sockets:
        await socket.disconnect()
