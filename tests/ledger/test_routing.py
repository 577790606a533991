"""Two processes on one event: one decides, the other asks it, and whatever goes wrong between them costs nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from dibs_realtime.claims.commands import ClaimVoucher
from dibs_realtime.dashboard.queries import RESIDENT
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.problems import Problem
from dibs_realtime.kit.redis import Redis
from dibs_realtime.ledger.forwarding import Seal, channel_of
from dibs_realtime.ledger.routing import Router
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.redemptions.commands import Redeem
from dibs_realtime.redemptions.reversal import Reverse
from tests.ledger.night import Night
from tests.live.node import eventually

SECRET = "s" * 32


class Process:
    """What of a server process decides commands."""

    def __init__(self, database: Database, url: str) -> None:
        self.redis = Redis(url, timeout=10)
        self.ledger = Ledger(database, utc_now, RESIDENT)
        self.registry = CollectorRegistry()
        self.commits = 0
        self.ledger.listen(self._count)
        self.router = Router(self.ledger, database, self.redis, SECRET, (Redeem, Reverse, ClaimVoucher), self.registry)

    def _count(self, _: Any) -> None:
        self.commits += 1

    @property
    def own_id(self) -> Any:
        return self.router._neighbours.own_id

    def routed(self, where: str) -> float:
        return self.registry.get_sample_value("dibs_ledger_routed_total", {"where": where}) or 0.0

    async def open(self) -> None:
        await self.redis.open()
        self.router.start()

    async def close(self) -> None:
        await self.router.leave()
        await self.router.close()
        await self.redis.close()


Begin = Callable[[], Awaitable[Process]]


@pytest.fixture
def own_redis(tmp_path: Path) -> Any:
    with LocalRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def begin(database: Database, own_redis: LocalRedis) -> AsyncIterator[Begin]:
    """Start processes that know each other."""
    async with AsyncExitStack() as running:
        team: list[Process] = []

        async def start() -> Process:
            process = Process(database, own_redis.url)
            await process.open()
            running.push_async_callback(process.close)
            team.append(process)
            ids = {each.own_id for each in team}
            await eventually(lambda: all(each.router._neighbours.others == ids - {each.own_id} for each in team), 20)
            return process

        yield start


async def night_of(database: Database, owner: Process, other: Process) -> Night:
    """Return an event that belongs to `owner`."""
    while True:
        night = await Night(database).begin()
        found = other.router._neighbours.owner_of(night.event_id)
        assert owner.router._neighbours.owner_of(night.event_id) == found  # both reckon the same
        if found == owner.own_id:
            return night


async def test_one_process_decides_and_both_get_verdicts(database: Database, begin: Begin):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    offer = await night.offer()
    codes = await night.issue(offer, 60)
    both = [(process, code) for code in codes for process in (owner, other)]
    verdicts = await asyncio.gather(*(process.router.submit(night.redeeming(code)) for process, code in both))
    assert sum(verdict["verdict"] == "accepted" for verdict in verdicts) == 60
    assert (other.commits, other.routed("elsewhere"), other.routed("fallback")) == (0, 60, 0)
    assert (await night.recount())[str(offer.id)]["redeemed_units"] == 60


async def test_an_answer_from_elsewhere_is_the_one_from_here(database: Database, begin: Begin):
    owner, other = await begin(), await begin()
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


async def test_an_owner_that_dies_leaves_its_events_to_the_others(database: Database, begin: Begin):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 2)
    await owner.redis.close()  # as when its process is killed: nobody hears on its channel
    await owner.router.close()
    assert (await other.router.submit(night.redeeming(codes[0])))["verdict"] == "accepted"
    assert other.commits == 1


async def test_an_owner_that_hangs_is_asked_once(database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 20)

    async def hang(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(owner.router, "_decide", hang)
    await owner.router._neighbours.leave()
    verdicts = await asyncio.gather(*(other.router.submit(night.redeeming(code)) for code in codes))
    assert {verdict["verdict"] for verdict in verdicts} == {"accepted"}


async def test_a_lost_answer_ends_in_the_same_verdict(
    database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch
):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    [code] = await night.issue(await night.offer(), 1)
    monkeypatch.setattr(owner.router._seal, "close", lambda _: b"lost on the way")
    verdict = await other.router.submit(night.redeeming(code))
    assert (verdict["verdict"], verdict["replayed"]) == ("accepted", True)  # the owner had decided it
    assert (owner.commits, other.commits) == (1, 0)


async def test_without_redis_everybody_decides(database: Database, begin: Begin, own_redis: LocalRedis):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 40)
    own_redis.kill()
    verdicts = await asyncio.gather(
        *((owner, other)[number % 2].router.submit(night.redeeming(code)) for number, code in enumerate(codes))
    )
    assert {verdict["verdict"] for verdict in verdicts} == {"accepted"}
    own_redis.start()
    await eventually(lambda: other.routed("elsewhere") or _again(other, night), 20)


def _again(process: Process, night: Night) -> bool:
    asyncio.get_running_loop().create_task(process.router.submit(night.redeeming("N0SUCHC0DE")))
    return False


async def test_who_leaves_owns_nothing_and_finishes_what_it_took(database: Database, begin: Begin):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    codes = await night.issue(await night.offer(), 100)
    taken = [asyncio.create_task(other.router.submit(night.redeeming(code))) for code in codes]
    await eventually(lambda: owner.router._answering)
    await owner.router.leave()
    assert {verdict["verdict"] for verdict in await asyncio.gather(*taken)} == {"accepted"}
    await eventually(lambda: not other.router._neighbours.others, 20)
    assert other.router._neighbours.owner_of(night.event_id) == other.own_id


async def test_what_none_of_us_has_sealed_decides_nothing(database: Database, begin: Begin):
    owner, other = await begin(), await begin()
    night = await night_of(database, owner, other)
    [code] = await night.issue(await night.offer(), 1)
    forged = {"from": new_id(), "ask": [[1, "Redeem", night.redeeming(code)]]}
    await owner.redis.publish(channel_of(owner.own_id), Seal("another secret").close(forged))
    # Afterwards, on the same channel: so the forged one has been looked at.
    await other.router.submit(night.redeeming("N0SUCHC0DE"))
    assert owner.commits <= 1
    assert (await night.redeem(code))["verdict"] == "accepted"
