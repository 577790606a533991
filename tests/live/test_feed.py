"""A feed hands on exactly the ledger, in order, whatever the bus does."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dibs_realtime.kit import problems
from dibs_realtime.live import feed as feed_module, lines
from dibs_realtime.live.feed import LEAP, LOOKS, RING
from dibs_realtime.live.lines import Parcel, pack, unpack

from .memory import MemoryLedger, Watcher


async def settle(watcher: Watcher) -> None:
    """Let a beat come, as the beacon does."""
    await watcher.feed.reach(watcher.ledger.epoch, len(watcher.ledger.entries))


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed_module, "GRACE", 0)


# What happens to each commit on its way: when it arrives, and how often (0: lost, 2: doubled).
fates = st.lists(
    st.tuples(st.integers(1, 7), st.integers(0, 12), st.integers(0, 2), st.booleans()), min_size=1, max_size=40
)


@settings(max_examples=300, deadline=None)
@given(fates=fates, start=st.integers(0, 30))
def test_a_bus_that_drops_doubles_and_reorders_still_delivers_the_ledger(
    fates: list[tuple[int, int, int, bool]], start: int
):
    async def night() -> None:
        ledger = MemoryLedger(start)
        watcher = Watcher(ledger)
        on_the_way: list[tuple[int, int, lines.Passage]] = []
        await watcher.feed.ready()
        assert watcher.feed.head == start
        for now, (size, delay, copies, pause) in enumerate(fates):
            passage = ledger.append(size)
            on_the_way += [(now + delay * (copy + 1), now, passage) for copy in range(copies)]
            for item in sorted(item for item in on_the_way if item[0] <= now):
                on_the_way.remove(item)
                watcher.feed.offer(item[2])
            if pause:
                await asyncio.sleep(0)
        for _, _, passage in on_the_way:
            watcher.feed.offer(passage)
        await settle(watcher)
        assert watcher.seqs == list(range(start + 1, len(ledger.entries) + 1))
        assert watcher.jumps == 0
        await watcher.feed.close()

    asyncio.run(night())


@settings(max_examples=100, deadline=None)
@given(before=st.integers(1, 20), kept=st.integers(0, 20), after=st.integers(0, 10), straggler=st.booleans())
def test_a_restored_ledger_begins_anew(before: int, kept: int, after: int, straggler: bool):
    async def night() -> None:
        ledger = MemoryLedger()
        watcher = Watcher(ledger)
        await watcher.feed.ready()
        old = ledger.append(before)
        watcher.feed.offer(old)
        ledger.restore(min(kept, before))
        new = ledger.append(after)
        if straggler:
            watcher.feed.offer(old)
        if new is not None:
            watcher.feed.offer(new)
        await settle(watcher)
        assert watcher.jumps == 1
        assert (watcher.feed.epoch, watcher.feed.head) == (ledger.epoch, len(ledger.entries))
        watcher.feed.offer(ledger.append(2))
        assert watcher.seqs == [len(ledger.entries) - 1, len(ledger.entries)]
        await watcher.feed.close()

    asyncio.run(night())


async def test_a_gap_is_read_once_however_many_messages_tell_of_it():
    ledger = MemoryLedger(5)
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    ledger.append(3)
    reads = ledger.reads
    for _ in range(20):
        watcher.feed.offer(ledger.append())
    assert watcher.seqs == []
    await settle(watcher)
    assert watcher.seqs == list(range(6, 29))
    assert ledger.reads == reads + 1
    assert watcher.figures.gaps._value.get() == 1


async def test_a_message_that_was_merely_overtaken_costs_no_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed_module, "GRACE", 0.02)
    ledger = MemoryLedger()
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    reads = ledger.reads
    first, second = ledger.append(2), ledger.append()
    watcher.feed.offer(second)
    await asyncio.sleep(0.005)
    watcher.feed.offer(first)
    assert watcher.seqs == [1, 2, 3]
    await asyncio.sleep(0.03)
    assert ledger.reads == reads
    assert watcher.figures.gaps._value.get() == 0


async def test_what_comes_before_the_feed_is_ready_is_kept():
    ledger = MemoryLedger(3)
    watcher = Watcher(ledger)
    ready = asyncio.create_task(watcher.feed.ready())
    await asyncio.sleep(0)  # its question is on the way
    await asyncio.sleep(0)
    watcher.feed.offer(ledger.append(2))
    await ready
    await settle(watcher)
    assert watcher.seqs in ([4, 5], [])
    assert watcher.feed.head == 5


async def test_a_ring_serves_those_who_come_back_with_one_read():
    ledger = MemoryLedger(2_500)
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    reads = ledger.reads
    head = watcher.feed.head
    answers = await asyncio.gather(*(watcher.feed.since(head - back) for back in range(0, RING + 1, 10)))
    for back, answer in zip(range(0, RING + 1, 10), answers, strict=True):
        assert [line.seq for line in answer] == list(range(head - back + 1, head + 1))
    assert ledger.reads == reads + 1
    assert await watcher.feed.since(head - RING - 1) is None
    assert await watcher.feed.since(head + 1) is None


async def test_who_comes_from_a_node_that_is_ahead_goes_on():
    ledger = MemoryLedger(5)
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    ledger.append(3)
    assert [line.seq for line in await watcher.feed.since(6)] == [7, 8]
    assert watcher.seqs == [6, 7, 8]
    reading = watcher.feed._fetch()
    await asyncio.sleep(0)  # its question is on the way, and what is committed now is not in its answer
    ledger.append(2)
    assert not reading.done()
    assert await watcher.feed.since(10) == []
    assert watcher.seqs == list(range(6, 11))


async def test_who_is_beyond_the_ledger_does_not_keep_the_feed_asking(monkeypatch: pytest.MonkeyPatch):
    ledger = MemoryLedger(5)
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    reads = ledger.reads
    assert await asyncio.gather(*(watcher.feed.since(6 + far) for far in range(20))) == [None] * 20
    assert ledger.reads <= reads + LOOKS  # for all of them
    ledger.away = True
    with pytest.raises(problems.Problem):  # nobody is set back to what a node remembers while the ledger is away
        await watcher.feed.since(6)
    ledger.away = False
    read_after, reads = watcher.feed._read_after, ledger.reads

    async def busy(*asked: Any) -> Any:
        ledger.append()
        return await read_after(*asked)

    monkeypatch.setattr(watcher.feed, "_read_after", busy)
    assert await watcher.feed.since(10**9) is None
    assert ledger.reads <= reads + LOOKS


async def test_the_ring_stays_whole_while_the_feed_moves_on():
    ledger = MemoryLedger(1_200)
    watcher = Watcher(ledger)
    await watcher.feed.ready()

    async def ask() -> tuple[list, int]:
        return await watcher.feed.since(700), watcher.feed.head

    asked = asyncio.create_task(ask())
    for _ in range(5):
        await asyncio.sleep(0)
        watcher.feed.offer(ledger.append(10))
    answer, head = await asked
    assert [line.seq for line in answer] == list(range(701, head + 1))
    ledger_tail = [line.seq for line in watcher.feed.after(watcher.feed.head - RING)]
    assert ledger_tail == list(range(watcher.feed.head - RING + 1, watcher.feed.head + 1))


async def test_a_node_that_stood_still_jumps():
    ledger = MemoryLedger(10)
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    ledger.append(LEAP + 1)
    await settle(watcher)
    assert (watcher.jumps, watcher.feed.head) == (1, LEAP + 11)
    ledger.append(LEAP)
    await settle(watcher)
    assert watcher.jumps == 1
    assert len(watcher.seqs) == LEAP


async def test_without_postgresql_a_feed_waits_and_then_catches_up():
    ledger = MemoryLedger(4)
    watcher = Watcher(ledger)
    await watcher.feed.ready()
    ledger.append(2)
    ledger.away = True
    watcher.feed.offer(ledger.append())
    with pytest.raises(problems.Problem) as problem:
        await settle(watcher)
    assert problem.value.status == 503
    ledger.away = False
    await settle(watcher)
    assert watcher.seqs == [5, 6, 7]


async def test_what_the_ledger_does_not_show_is_not_promised():
    ledger = MemoryLedger(4)
    watcher = Watcher(ledger)
    with pytest.raises(problems.Problem) as problem:
        await watcher.feed.reach(ledger.epoch, 5)
    assert problem.value.status == 503


def test_a_parcel_arrives_as_it_was_packed():
    ledger = MemoryLedger(3)
    passage = ledger.append(4)
    parcel = Parcel(ledger.event_id, passage, ({"reason": "voided", "text": "a\nb"},), presence=True)
    assert unpack(pack(parcel)) == parcel
    empty = Parcel(ledger.event_id, None)
    assert unpack(pack(empty)) == empty


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"nonsense", b'{"origin":1}', b'{"origin":"x","notices":[]}\n{}'])
def test_what_is_no_parcel_is_refused(raw: bytes):
    with pytest.raises(ValueError, match=r"parcel|document|literal"):
        unpack(raw)
