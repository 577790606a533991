"""Entries are sent at once while an event is quiet and gathered while it is busy; none is lost or doubled."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from dibs_realtime.kit import json
from dibs_realtime.live import codec
from dibs_realtime.live.connections import Connection, Connections, watchers
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.gathering import MOST_LINES, Gathering
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.transport import Outbox
from tests.support.waiting import eventually

from .clients import Observer, Socket
from .load import busy
from .memory import MemoryLedger
from .node import Start
from .party import Party


class Sent:
    """A fan-out that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def send(self, room: str, name: str, payload: Any) -> None:
        assert (room[:2], name) == ("w:", "ledger")
        self.frames.append(json.loads(codec.dumps(payload)))

    def send_to(self, *_: Any) -> None:
        raise AssertionError

    @property
    def stretches(self) -> list[tuple[int, int]]:
        for frame in self.frames:
            seqs = [entry["seq"] for entry in frame["entries"]]
            assert seqs == list(range(frame["from_seq"], frame["to_seq"] + 1))
        return [(frame["from_seq"], frame["to_seq"]) for frame in self.frames]


def crowd(count: int, event_id: UUID, limits: LiveLimits) -> Connections:
    figures = LiveFigures(CollectorRegistry())
    connections = Connections(figures)
    for number in range(count):
        connection = Connection(f"sid {number}", None, "", Outbox(limits, figures), limits)
        connections.add(connection)
        connections.join(connection, watchers(event_id))
    return connections


@pytest.fixture
async def skip(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the loop's clock on by so many seconds, so that nothing waits for them and no pause ends by itself."""
    loop, ahead = asyncio.get_running_loop(), 0.0
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + ahead)

    def forward(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    return forward


async def test_a_quiet_event_does_not_wait_and_a_busy_one_gathers(skip: Callable[[float], None]):
    limits = LiveLimits(gather_seconds=60, delivery_seconds=60)
    ledger, sent = MemoryLedger(), Sent()
    gathering = Gathering(crowd(2, ledger.event_id, limits), sent, limits)
    gathering.deliver(ledger.event_id, ledger.append(2))
    assert sent.stretches == [(1, 2)]
    for _ in range(10):
        gathering.deliver(ledger.event_id, ledger.append())
    assert sent.stretches == [(1, 2)]
    skip(60)
    await eventually(lambda: len(sent.frames) == 2)
    assert sent.stretches == [(1, 2), (3, 12)]
    skip(60)
    gathering.deliver(ledger.event_id, ledger.append())
    assert sent.stretches == [(1, 2), (3, 12), (13, 13)]


async def test_the_pause_grows_with_the_crowd_up_to_a_limit():
    limits = LiveLimits(gather_seconds=0.1, delivery_seconds=10e-6, fanout_share=0.5)
    loop = asyncio.get_running_loop()
    for count, pause in ((1, 0.00002), (200, 0.004), (1_000, 0.02), (6_000, 0.1)):
        ledger, sent = MemoryLedger(), Sent()
        gathering = Gathering(crowd(count, ledger.event_id, limits), sent, limits)
        before = loop.time()
        gathering.deliver(ledger.event_id, ledger.append())
        free_at = gathering._events[ledger.event_id].free_at
        assert before + pause <= free_at <= loop.time() + pause


async def test_what_is_too_much_for_one_frame_is_not_held_back():
    limits = LiveLimits(gather_seconds=60, delivery_seconds=60)
    ledger, sent = MemoryLedger(), Sent()
    gathering = Gathering(crowd(1, ledger.event_id, limits), sent, limits)
    for _ in range(2 * MOST_LINES + 1):
        gathering.deliver(ledger.event_id, ledger.append())
    assert sent.stretches == [(1, 1), (2, MOST_LINES + 1), (MOST_LINES + 2, 2 * MOST_LINES + 1)]


async def test_another_history_does_not_get_into_the_same_frame():
    limits = LiveLimits(gather_seconds=60, delivery_seconds=60)
    ledger, sent = MemoryLedger(), Sent()
    gathering = Gathering(crowd(1, ledger.event_id, limits), sent, limits)
    for _ in range(3):
        gathering.deliver(ledger.event_id, ledger.append())
    old = str(ledger.epoch)
    ledger.restore(1)
    gathering.deliver(ledger.event_id, ledger.append())
    gathering.flush(ledger.event_id)
    assert sent.stretches == [(1, 1), (2, 3), (2, 2)]
    assert [frame["epoch"] for frame in sent.frames] == [old, old, str(ledger.epoch)]


async def test_nothing_stays_behind_for_an_event_that_nobody_watches():
    limits = LiveLimits(gather_seconds=60, delivery_seconds=60)
    ledger, sent = MemoryLedger(), Sent()
    connections = crowd(1, ledger.event_id, limits)
    gathering = Gathering(connections, sent, limits)
    for _ in range(2):
        gathering.deliver(ledger.event_id, ledger.append())
    timer = gathering._events[ledger.event_id].timer
    assert timer is not None
    assert not timer.cancelled()
    connections.remove("sid 0")
    gathering.deliver(ledger.event_id, ledger.append())
    assert not gathering._events
    assert timer.cancelled()
    assert sent.stretches == [(1, 1)]


SLOW = {"gather_seconds": 0.3, "delivery_seconds": 1.0}


async def test_who_joins_in_between_gets_every_entry_once(start: Start):
    """What waits for the others is in the newcomer's answer already."""
    node = await start(limits=SLOW)
    party = await Party.begin(node)
    observers = [Observer(node, party.owner, party.id) for _ in range(6)]
    async with busy(party, [node]):
        for observer in observers:
            await observer.connect()
            await observer.begin()
            await asyncio.sleep(0.1)
        for observer in observers:
            await eventually(lambda observer=observer: len(observer.got["ledger"]) < len(observer.entries))
    ledger = await party.ledger()
    for observer in observers:
        await eventually(lambda observer=observer: observer.is_at(len(ledger)))
        assert observer.faults == []
        assert observer.entries == ledger[observer.first :]
        assert len(observer.got["ledger"]) < len(observer.entries)
        await observer.disconnect()


async def test_the_head_never_overtakes_an_entry(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.live.beacon.HEAD_SECONDS", 0.2)
    node = await start(limits=SLOW)
    party = await Party.begin(node)
    async with Socket(node, party.owner) as watcher:
        at = (await watcher.watch(party.id))["head_seq"]
        order: list[tuple[str, int]] = []
        watcher.client.on("ledger", lambda frame: order.append(("ledger", frame["to_seq"])))
        watcher.client.on("head", lambda head: order.append(("head", head["head_seq"])))
        async with busy(party, [node]):
            await asyncio.sleep(2)
        for name, seq in order:
            if name == "ledger":
                at = seq
            else:
                assert seq <= at
        assert {"ledger", "head"} == {name for name, _ in order}


async def test_a_guests_own_voucher_is_not_gathered(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.live.beacon.HEAD_SECONDS", 300)
    node = await start(limits={"gather_seconds": 30.0, "delivery_seconds": 60.0})
    party = await Party.begin(node)
    guest = await party.guest()
    async with Socket(node, party.owner) as watcher, Socket(node, guest) as screen:
        await watcher.watch(party.id)
        for number in range(1, 4):
            await party.claim(guest)
            await screen.expect("voucher", number)
        assert [frame["to_seq"] for frame in watcher.got["ledger"]] == [4]  # the others wait
