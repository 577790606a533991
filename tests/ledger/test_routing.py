"""Two processes on one event: one decides, the other asks it, and whatever goes wrong between them costs nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from dibs_realtime.claims.commands import ClaimVoucher
from dibs_realtime.dashboard.queries import RESIDENT
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.problems import Problem
from dibs_realtime.kit.tasks import end
from dibs_realtime.ledger.forwarding import encode
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.peers import LONGEST
from dibs_realtime.ledger.routing import LONGEST_SECONDS, MOST_ITEMS, PATIENCE_SECONDS, Router
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.redemptions.case import Scan
from dibs_realtime.redemptions.commands import Redeem
from dibs_realtime.redemptions.reversal import Reverse
from dibs_realtime.redemptions.schemas import LocalJudgement
from tests.ledger.night import Night
from tests.support.waiting import eventually

SECRET = "s" * 32


class Process:
    """What of a server process decides commands."""

    def __init__(self, database: Database, secret: str = SECRET) -> None:
        self.ledger = Ledger(database, utc_now, RESIDENT)
        self.registry = CollectorRegistry()
        self.commits = 0
        self.ledger.listen(self._count)
        kinds = (Redeem, Reverse, ClaimVoucher)
        self.router = Router(self.ledger, database, secret, "127.0.0.1", kinds, self.registry)

    def _count(self, _: Any) -> None:
        self.commits += 1

    @property
    def own_id(self) -> UUID:
        return self.router._neighbours.own_id

    def routed(self, where: str) -> float:
        return self.registry.get_sample_value("dibs_ledger_routed_total", {"where": where}) or 0.0

    async def close(self) -> None:
        await self.router.leave()
        await self.router.close()


Begin = Callable[..., Awaitable[Process]]


@pytest.fixture
async def begin(database: Database) -> AsyncIterator[Begin]:
    """Start processes that know each other."""
    async with AsyncExitStack() as running:
        team: list[Process] = []

        async def start(**other: Any) -> Process:
            process = Process(database, **other)
            await process.router.open()
            running.push_async_callback(process.close)
            if not other:
                team.append(process)
            ids = {each.own_id for each in team}
            await eventually(lambda: all(each.router._neighbours.others == ids - {each.own_id} for each in team))
            return process

        yield start


async def pair(begin: Begin) -> tuple[Process, Process]:
    """Start two that know each other from now on, for however long the machine stands still."""
    both = await begin(), await begin()
    for process in both:
        await end(process.router._sweeping, process.router._neighbours._task)
    return both


async def night_of(database: Database, owner: Process, other: Process) -> Night:
    """Return an event that belongs to `owner`."""
    while True:
        night = await Night(database).begin()
        found = other.router._neighbours.owner_of(night.event_id)
        assert owner.router._neighbours.owner_of(night.event_id) == found  # both reckon the same
        if found == owner.own_id:
            return night


async def test_one_process_decides_and_both_get_verdicts(database: Database, begin: Begin):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    offer = await night.offer()
    codes = await night.issue(offer, 60)
    both = [(process, code) for code in codes for process in (owner, other)]
    verdicts = await asyncio.gather(*(process.router.submit(night.redeeming(code)) for process, code in both))
    assert sum(verdict["verdict"] == "accepted" for verdict in verdicts) == 60
    assert (other.commits, other.routed("elsewhere"), other.routed("fallback")) == (0, 60, 0)
    assert (await night.recount())[str(offer.id)]["redeemed_units"] == 60


async def test_a_crowd_s_commands_are_no_longer_than_a_frame(
    database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 60)
    monkeypatch.setattr("dibs_realtime.ledger.peers.LONGEST", 12_000)
    monkeypatch.setattr("dibs_realtime.ledger.routing.MOST_ITEMS", 10)
    verdicts = await asyncio.gather(*(other.router.submit(night.redeeming(code)) for code in codes))
    assert [verdict["verdict"] for verdict in verdicts] == ["accepted"] * 60
    assert (other.commits, other.routed("elsewhere"), other.routed("fallback")) == (0, 60, 0)


def test_the_longest_commands_of_one_frame_fit_into_it():
    longest = Redeem(
        event_id=UUID(int=0), actor=Actor("device", UUID(int=0), "\N{BUG}" * 120), key="k" * 200, device_id=UUID(int=0),
        new_id=UUID(int=0), conflict_id=UUID(int=0),
        scan=Scan(
            code="C" * 32, raw_digest="d" * 64, voucher_id=UUID(int=0), gate_id=UUID(int=0), units=100, dry_run=False,
            scanned_at=utc_now(), local=LocalJudgement(
                verdict="refused", reason="insufficient_uses", device_time=utc_now(), clock_offset_ms=-(10**15),
                clock_suspect=True, staff="\N{BUG}" * 80,
            ),
        ),
    )  # fmt: skip
    assert len(encode({"ask": [[2**63, "Redeem", longest]] * MOST_ITEMS})) < LONGEST / 2


async def test_an_answer_from_elsewhere_is_the_one_from_here(database: Database, begin: Begin):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    offer = await night.offer(max_uses=9)
    [code] = await night.issue(offer, 1)
    command = night.redeeming(code, "one-key-for-both-ways")
    first = await other.router.submit(command)
    again = await owner.router.submit(command)
    assert first.keys() == again.keys()
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert str(first["redemption_id"]) == str(again["redemption_id"])
    with pytest.raises(Problem) as raised:  # the key again, for something else
        await other.router.submit(night.redeeming("0THERC0DE", "one-key-for-both-ways"))
    assert (raised.value.status, raised.value.errors[0]["loc"]) == (422, ["body", "idempotency_key"])


async def test_what_doors_judged_alone_travels_whole(database: Database, begin: Begin):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    [code] = await night.issue(await night.offer(), 1)
    now = utc_now()
    local = LocalJudgement(verdict="accepted", device_time=now, clock_offset_ms=3, staff="Mia")
    command = night.redeeming(code, units=50, scanned_at=now, local=local, actor=await night.device())
    verdict = await other.router.submit(command)
    assert (verdict["reason"], other.routed("elsewhere")) == ("insufficient_uses", 1)
    assert verdict["conflict_id"]
    sides = await database.fetchval("SELECT sides FROM conflicts WHERE event_id = $1", night.event_id)
    assert "Mia" in sides


async def test_an_owner_that_dies_leaves_its_events_to_the_others(
    database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 20)
    asked = asyncio.Event()

    async def die(*_: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(owner.router, "_decide", die)
    waiting = [asyncio.create_task(other.router.submit(night.redeeming(code))) for code in codes]
    await asked.wait()
    await owner.router._peers.close()  # as the kernel does for a process that is killed
    assert {verdict["verdict"] for verdict in await asyncio.gather(*waiting)} == {"accepted"}
    assert (owner.commits, other.routed("fallback")) == (0, 20)


async def test_an_owner_that_hangs_is_asked_once(database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 20)

    async def hang(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(owner.router, "_decide", hang)
    verdicts = await asyncio.gather(*(other.router.submit(night.redeeming(code)) for code in codes))
    assert {verdict["verdict"] for verdict in verdicts} == {"accepted"}


async def test_an_owner_that_is_busy_is_not_taken_for_dead(
    database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
):
    """A command waits in its queue for longer than the patience with a silent one, while others get their answers."""
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    [code] = await night.issue(await night.offer(), 1)
    forgotten = asyncio.Event()

    async def forget(*_: Any) -> None:
        forgotten.set()

    monkeypatch.setattr(owner.router, "_decide", forget)
    asked = asyncio.create_task(other.router.submit(night.redeeming(code)))
    await forgotten.wait()
    [waiting] = other.router._waiting.values()
    line = other.router._peers.line_to(owner.own_id)
    assert line is not None
    line.heard_at = waiting.since + LONGEST_SECONDS  # here the test tells the time
    other.router._give_up(waiting.since + LONGEST_SECONDS)
    assert other.router._neighbours.others == {owner.own_id}
    assert not waiting.answer.done()
    other.router._give_up(waiting.since + LONGEST_SECONDS + 0.1)  # but not for ever
    assert (await asked)["verdict"] == "accepted"
    assert (other.routed("fallback"), other.commits) == (1, 1)
    assert other.router._peers.line_to(owner.own_id) is line


async def test_an_owner_that_comes_back_has_one_line(database: Database, begin: Begin):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    for code in await night.issue(await night.offer(), 4):
        other.router._lose(owner.own_id)
        assert (await other.router.submit(night.redeeming(code)))["verdict"] == "accepted"
        await eventually(lambda: other.router._peers.line_to(owner.own_id))
    await eventually(lambda: sum(line.is_open and line._calls for line in other.router._peers._all) == 1)


async def test_an_owner_that_is_lost_as_soon_as_it_is_reached_is_called_again(begin: Begin):
    owner, other = await begin(), await begin()
    neighbours, call = other.router._neighbours, other.router._neighbours._call
    calls = 0

    async def reach_and_lose(node_id: UUID, address: str) -> object:
        nonlocal calls
        is_there = await call(node_id, address)
        calls += 1
        if calls == 1:
            asyncio.get_running_loop().call_soon(other.router._lose, node_id)
        return is_there

    neighbours._call = reach_and_lose
    other.router._lose(owner.own_id)
    await eventually(lambda: other.router._peers.line_to(owner.own_id) and calls > 1)
    await eventually(lambda: neighbours.others == {owner.own_id})


async def test_a_lost_answer_ends_in_the_same_verdict(
    database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    [code] = await night.issue(await night.offer(), 1)
    monkeypatch.setattr(owner.router, "_say", lambda *_: None)
    asked = asyncio.create_task(other.router.submit(night.redeeming(code)))
    await eventually(lambda: owner.commits == 1)
    [waiting] = other.router._waiting.values()
    line = other.router._peers.line_to(owner.own_id)
    assert line is not None
    other.router._give_up(max(waiting.since, line.heard_at) + PATIENCE_SECONDS + 0.1)
    verdict = await asked
    assert (verdict["verdict"], verdict["replayed"]) == ("accepted", True)  # the owner had decided it
    assert (owner.commits, other.commits) == (1, 0)


async def test_who_leaves_owns_nothing_and_finishes_what_it_took(
    database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
):
    owner, other = await pair(begin)
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 100)
    decide, taking = owner.router._decide, asyncio.Event()

    async def noticed(*arguments: Any) -> None:
        taking.set()
        await decide(*arguments)

    monkeypatch.setattr(owner.router, "_decide", noticed)
    taken = [asyncio.create_task(other.router.submit(night.redeeming(code))) for code in codes]
    await taking.wait()
    await owner.router.leave()
    assert {verdict["verdict"] for verdict in await asyncio.gather(*taken)} == {"accepted"}
    await other.router._neighbours._beat()
    assert not other.router._neighbours.others
    assert other.router._neighbours.owner_of(night.event_id) == other.own_id


async def test_who_does_not_know_the_secret_decides_nothing(database: Database, begin: Begin):
    owner, stranger = await begin(), await begin(secret="another" * 8)
    night = await Night(database).begin()
    codes = await night.issue(await night.offer(), 30)
    for code in codes:
        await owner.router.submit(night.redeeming(code))
    assert not owner.router._neighbours.others
    assert not stranger.router._neighbours.others
    assert stranger.commits == 0
