"""A watcher that joins in the middle, drops its connection and comes back ends with exactly the ledger."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from dibs_realtime.kit import json
from dibs_realtime.live.lines import Parcel
from tests.support.waiting import eventually

from .clients import Bare, Observer
from .load import busy
from .node import Node, Start, let_beacons_rest, teller_and_hearer
from .party import Party, check


async def test_joining_while_the_event_is_busy(node: Node, party: Party):
    observers = [Observer(node, party.owner, party.id) for _ in range(12)]
    async with busy(party, [node]):
        for observer in observers:
            await asyncio.sleep(0.05)
            await observer.connect()
            await observer.begin()
        await asyncio.sleep(0.3)
    for observer in observers:
        await check(party, observer)
        await observer.disconnect()


async def test_on_the_wire_the_answer_comes_first_and_entries_follow_it(node: Node, party: Party):
    async with busy(party, [node], guests=6):
        for after in (None, 3, None, 3, None, 10**9):
            async with Bare(node) as bare:
                await bare.hello(party.owner)
                resume = {} if after is None else {"after_seq": after}
                await bare.ws.send_str("427" + json.dumps_text(["watch", {"event_id": party.id, **resume}]))
                text = await bare.text()
                assert text.startswith('437[{"ok":true'), text[:200]
                seq = json.loads(text[3:])[0]["head_seq"]
                frames = 0
                while frames < 5:
                    text = await bare.text()
                    if text.startswith('42["ledger",'):
                        frame = json.loads(text[2:])[1]
                        assert frame["from_seq"] == seq + 1
                        seq = frame["to_seq"]
                        frames += 1


async def test_coming_back_again_and_again(node: Node, party: Party):
    observers = [Observer(node, party.owner, party.id) for _ in range(4)]
    async with busy(party, [node]):
        for observer in observers:
            await observer.connect()
            await observer.begin()
        for _ in range(6):
            await asyncio.gather(*(comes_back(observer) for observer in observers))
    for observer in observers:
        await check(party, observer)
        assert observer.resyncs == 0
        await observer.disconnect()


async def comes_back(observer: Observer) -> None:
    await asyncio.sleep(random.uniform(0, 0.1))
    await observer.again()


async def test_two_nodes(start: Start):
    one, two = await start(), await start()
    party = await Party.begin(one)
    observers = [Observer(node, party.owner, party.id) for node in (one, two, one, two)]
    for observer in observers:
        await observer.connect()
        await observer.begin()
    async with busy(party, [one, two]):
        await asyncio.sleep(1)
        for observer, other in zip(observers, (two, one), strict=False):
            await observer.again(other)
        await asyncio.sleep(0.3)
    for observer in observers:
        await check(party, observer)
        assert observer.resyncs == 0
        await observer.disconnect()
    assert two.figure("dibs_live_bus_sent_total") > 0


async def test_who_comes_from_a_node_that_is_ahead_needs_no_new_state(start: Start, monkeypatch: pytest.MonkeyPatch):
    one, two = await teller_and_hearer(start)
    await let_beacons_rest(one, two)
    party = await Party.begin(one)
    guest = await party.guest()
    stays, moves = Observer(two, party.owner, party.id), Observer(one, party.owner, party.id)
    for observer in (stays, moves):
        await observer.connect()
        await observer.begin()
    monkeypatch.setattr(two.hub._bus, "_received", lambda *_: None)  # nothing comes by the bus
    await party.claim(guest)
    await moves.expect("ledger")
    assert stays.is_at(3)
    await moves.again(two)
    for observer in (stays, moves):
        await check(party, observer)
        assert observer.resyncs == 0
        await observer.disconnect()


FATES = ("lost", "doubled", "late", "as it should")


async def test_a_bus_that_drops_doubles_and_reorders(start: Start, monkeypatch: pytest.MonkeyPatch):
    nodes = [await start(), await start()]
    party = await Party.begin(nodes[0])
    chance = random.Random(7)
    loop = asyncio.get_running_loop()
    fates: Counter[str] = Counter()

    def misbehave(received: Callable[[UUID, Parcel], None], event_id: UUID, parcel: Parcel) -> None:
        fate = chance.choice(FATES)
        fates[fate] += 1
        if fate != "lost":
            loop.call_later(chance.uniform(0, 0.2) if fate == "late" else 0, received, event_id, parcel)
        if fate == "doubled":
            loop.call_later(chance.uniform(0, 0.1), received, event_id, parcel)

    # Once the two know each other the event is one node's, and news comes by the bus to the other one alone.
    for node in nodes:
        monkeypatch.setattr(node.hub._bus, "_received", partial(misbehave, node.hub._bus._received))
    observers = [Observer(node, party.owner, party.id) for node in nodes for _ in range(2)]
    async with busy(party, nodes):
        for observer in observers:
            await observer.connect()
            await observer.begin()
        await asyncio.sleep(1)
        await eventually(lambda: all(fates[fate] for fate in FATES))
    for observer in observers:
        await check(party, observer)
        assert observer.resyncs == 0
        await observer.disconnect()


async def test_a_restored_event_makes_watchers_begin_anew(node: Node, party: Party):
    guest = await party.guest()
    observer = Observer(node, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    await party.claim(guest)
    await observer.expect("ledger")
    await node.parts.database.execute(
        "UPDATE ledger_heads SET epoch = gen_random_uuid(), seq = 3 WHERE event_id = $1", party.id
    )
    await node.parts.database.execute("DELETE FROM ledger WHERE event_id = $1 AND seq > 3", party.id)
    await eventually(lambda: any(head["epoch"] != observer.epoch for head in observer.got["head"]))
    await observer.begin()
    assert (observer.resyncs, observer.seq) == (1, 3)
    await observer.disconnect()
