"""A node starts, and everybody comes at once: what a crowd asks for is read once and encoded once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.accounts.sessions import FEW
from dibs_realtime.kit import problems
from dibs_realtime.kit.together import Together
from dibs_realtime.live import answers
from tests.support.waiting import eventually

from .clients import Observer
from .load import busy
from .node import Node, Start
from .party import Party

CROWD = 60


class Reads:
    """Counts the statements of a node by what they read."""

    def __init__(self, node: Node) -> None:
        self.of: Counter[str] = Counter()
        ports = node.hub._ports
        for name in ("entries_after", "snapshot"):
            object.__setattr__(ports, name, self._counted(name, getattr(ports, name)))

    def _counted(self, name: str, read: Any) -> Any:
        async def counted(*arguments: Any) -> Any:
            self.of[name] += 1
            return await read(*arguments)

        return counted


async def crowd_of(party: Party) -> list[str]:
    """Return tokens of sessions of their own, of viewers of their own."""
    return [await party.member("viewer") for _ in range(4)] + [
        (await party.device(f"Door {n}"))[0] for n in range(CROWD - 4)
    ]


async def test_a_crowd_resumes_from_a_ring_that_is_read_once(start: Start, monkeypatch: pytest.MonkeyPatch):
    old = await start()
    party = await Party.begin(old)
    guest = await party.guest()
    tokens = await crowd_of(party)
    observers = [Observer(old, token, party.id) for token in tokens]
    for observer in observers:
        await observer.connect()
        await observer.begin()
    at = observers[0].seq
    await old.close()
    new = await start()
    party.node = new
    for _ in range(20):  # what they miss
        await party.claim(guest)
    reads = Reads(new)
    bodies = []
    body = answers._body
    monkeypatch.setattr(answers, "_body", lambda *a, **o: bodies.append(a) or body(*a, **o))

    async def come_back(observer: Observer) -> None:
        observer.client = type(observer)(new, observer.auth["token"], party.id).client
        observer.client.on("*", observer._take)
        observer.node = new
        observer._answered = False
        await observer.connect()
        await observer.begin()

    await asyncio.gather(*(come_back(observer) for observer in observers))
    ledger = await party.ledger()
    for observer in observers:
        assert (observer.faults, observer.resyncs, observer.seq) == ([], 0, len(ledger))
        assert observer.entries == ledger[observer.first :]
    assert len(ledger) >= at + 20
    # Once for the feed's head and once for its ring, whoever comes.
    assert reads.of["entries_after"] == 2
    assert reads.of["snapshot"] == 0
    assert len(bodies) == 1
    for observer in observers:
        await observer.disconnect()


async def test_a_crowd_that_comes_for_the_first_time_shares_one_snapshot(start: Start):
    node = await start()
    party = await Party.begin(node)
    observers = [Observer(node, party.owner, party.id) for _ in range(CROWD)]
    for observer in observers:
        await observer.connect()
    reads = Reads(node)
    await asyncio.gather(*(observer.begin() for observer in observers))
    for observer in observers[:2]:
        await observer.again()  # after_seq at the head: nothing to read
    assert reads.of["snapshot"] <= 3  # those who came in the same moment share it, the others get it as it is kept
    guest = await party.guest()
    voucher = await party.claim(guest)
    for observer in observers:
        await eventually(lambda observer=observer: observer.has(voucher["id"]))
        assert observer.faults == []
        await observer.disconnect()


async def test_a_crowd_at_a_busy_event_misses_nothing(start: Start):
    old = await start()
    party = await Party.begin(old)
    observers = [Observer(old, party.owner, party.id) for _ in range(20)]
    for observer in observers:
        await observer.connect()
        await observer.begin()
    new = await start()
    async with busy(party, [new]):
        await asyncio.sleep(0.2)
        await asyncio.gather(*(observer.again(new) for observer in observers))
        await asyncio.sleep(0.2)
    party.node = new
    ledger = await party.ledger()
    for observer in observers:
        await eventually(lambda observer=observer: observer.is_at(len(ledger)))
        assert (observer.faults, observer.resyncs) == ([], 0)
        assert observer.entries == ledger[observer.first :]
        await observer.disconnect()


async def test_an_answer_is_kept_for_this_state_alone(node: Node, party: Party):
    first, second = Observer(node, party.owner, party.id), Observer(node, party.owner, party.id)
    await first.connect()
    await second.connect()
    await first.begin()
    await node.ask("PATCH", f"/events/{party.id}", party.owner, {"description": "Another."})
    await eventually(lambda: first.is_at(4))
    ack = await second.watch(party.id)
    assert (ack["head_seq"], ack["snapshot"]["event"]["description"]) == (4, "Another.")
    assert ack["snapshot"] == await node.ask("GET", f"/events/{party.id}/snapshot", party.owner)
    await first.disconnect()
    await second.disconnect()


# ── asking together ──


async def test_a_crowds_sessions_and_roles_are_looked_up_together(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.accounts.sessions.TRUST_SECONDS", 60)  # records count, however slow all is
    old = await start()
    party = await Party.begin(old)
    tokens = [await party.member("viewer") for _ in range(8)]
    node = await start()
    directory, gatekeeper = node.parts.sessions, node.parts.gatekeeper
    records = directory._records.get
    of: Counter[str] = Counter()
    everybody = asyncio.Event()

    async def record(session_id: UUID) -> Any:
        of["records"] += 1
        await everybody.wait()  # until then all are looked up at the same moment
        return await records(session_id)

    def counted(name: str, read: Any) -> Any:
        async def count(asked: Any) -> Any:
            of[name] += 1
            await everybody.wait()
            return await read(asked)

        return count

    monkeypatch.setattr(directory._records, "get", record)
    directory._reading._read = counted("sessions", directory._reading._read)
    gatekeeper._reading._read = counted("roles", gatekeeper._reading._read)
    now = node.parts.clock()
    callers = [asyncio.create_task(directory.authenticate(token, now)) for token in tokens]
    await eventually(lambda: directory._looking == len(tokens))
    everybody.set()
    event_id = UUID(party.id)
    found = await asyncio.gather(*callers)
    everybody.clear()
    allowed = [asyncio.create_task(gatekeeper.authorise(caller, "V", event_id)) for caller in found]
    await eventually(lambda: of["roles"] == 1)
    everybody.set()
    await asyncio.gather(*allowed)
    assert (of["records"], of["roles"]) == (FEW, 1)
    assert of["sessions"] <= 2  # the first one does not wait for others


async def test_who_asks_at_the_same_moment_is_answered_together():
    asked: list[list[int]] = []
    go_on = asyncio.Event()

    async def read(keys: Sequence[int]) -> dict[int, str]:
        asked.append(sorted(keys))
        await go_on.wait()
        return {key: str(key) for key in keys if key != 3}

    together = Together(read)
    first = asyncio.create_task(together.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.ask(key)) for key in (2, 3, 1, 2)]
    await asyncio.sleep(0)
    go_on.set()
    assert await first == "1"
    assert await asyncio.gather(*others) == ["2", None, "1", "2"]
    assert asked == [[1], [1, 2, 3]]  # who came later is not answered with what was read before


async def test_a_question_that_fails_fails_for_all_who_asked_it_and_for_nobody_else():
    async def read(keys: Sequence[int]) -> dict[int, int]:
        await asyncio.sleep(0)
        if 1 in keys:
            raise problems.unavailable()
        return {key: key for key in keys}

    together = Together(read)
    answered = await asyncio.gather(together.ask(1), together.ask(2), return_exceptions=True)
    assert [getattr(answer, "status", None) for answer in answered] == [503, 503]
    assert await together.ask(2) == 2


async def test_who_gives_up_takes_nobodys_answer_away():
    go_on = asyncio.Event()

    async def read(keys: Sequence[int]) -> dict[int, int]:
        await go_on.wait()
        return {key: key for key in keys}

    together = Together(read)
    impatient, patient = asyncio.create_task(together.ask(1)), asyncio.create_task(together.ask(1))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    go_on.set()
    assert await patient == 1
