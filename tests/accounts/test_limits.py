import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import pytest
from redis import Redis as PlainRedis

from dibs_realtime.kit.limits import UNDER_WAY_SECONDS, FailureWindow, Limits, TokenBucket
from dibs_realtime.kit.problems import Problem
from dibs_realtime.kit.redis import Redis
from tests.support.waiting import PATIENCE

from .node import SetClock

WINDOW = FailureWindow("test", 3, 60)
BUCKET = TokenBucket("test", 5, 0.02)
"""Slow enough for Redis, whose keys end by real time, to keep it through every test."""


@pytest.fixture(params=["shared", "alone"])
async def limits(request: pytest.FixtureRequest, redis_url: str):
    """The same rules hold in Redis and, without it, in memory."""
    address = redis_url if request.param == "shared" else "unix:///nowhere/redis.sock"
    redis = Redis(address, timeout=PATIENCE)  # one that is slow is there all the same
    await redis.open()
    yield Limits(redis, "secret")
    await redis.close()


async def refused(answer: Awaitable[object]) -> int:
    with pytest.raises(Problem) as raised:
        await answer
    assert raised.value.status == 429
    return int(raised.value.headers["Retry-After"])


async def test_failures_within_the_window(limits: Limits, clock: SetClock):
    for _ in range(3):
        await limits.count(WINDOW, "ana", clock.now)
        clock.forward(seconds=10)
    assert await refused(limits.count(WINDOW, "ana", clock.now)) == 30
    await limits.count(WINDOW, "ben", clock.now)
    clock.forward(seconds=29)
    assert await refused(limits.count(WINDOW, "ana", clock.now)) == 1
    clock.forward(seconds=1)
    await limits.count(WINDOW, "ana", clock.now)
    assert await refused(limits.count(WINDOW, "ana", clock.now)) == 10


async def fail(limits: Limits, clock: SetClock, times: int = 1) -> None:
    for _ in range(times):
        async with limits.attempt(clock.now, (WINDOW, "ana")) as attempt:
            attempt.fail()


async def one(limits: Limits, clock: SetClock, *windows: tuple[FailureWindow, str]) -> None:
    async with limits.attempt(clock.now, *(windows or [(WINDOW, "ana")])):
        pass


async def test_only_failures_count(limits: Limits, clock: SetClock):
    for _ in range(10):
        await one(limits, clock)
    await fail(limits, clock, 2)
    with pytest.raises(ZeroDivisionError):
        async with limits.attempt(clock.now, (WINDOW, "ana")):
            raise ZeroDivisionError
    await one(limits, clock)
    await fail(limits, clock)
    clock.forward(seconds=50)
    assert await refused(one(limits, clock)) == 10
    clock.forward(seconds=10)
    await one(limits, clock)


async def test_what_is_refused_by_one_window_holds_no_place_in_another(limits: Limits, clock: SetClock):
    await fail(limits, clock, 3)
    wide = FailureWindow("wide", 1, 60)
    for _ in range(2):
        await refused(one(limits, clock, (wide, "venue"), (WINDOW, "ana")))
    await one(limits, clock, (wide, "venue"))


async def test_many_at_once_do_not_slip_through(limits: Limits, clock: SetClock):
    began = 0

    async def guess() -> None:
        nonlocal began
        async with limits.attempt(clock.now, (WINDOW, "ana")) as attempt:
            began += 1
            await asyncio.sleep(0)
            attempt.fail()

    await asyncio.gather(*(guess() for _ in range(50)), return_exceptions=True)
    assert began == 3
    assert await refused(one(limits, clock)) == 60


async def test_attempts_under_way_keep_nobody_out_for_long(limits: Limits, clock: SetClock):
    async with AsyncExitStack() as many:
        for _ in range(3):
            await many.enter_async_context(limits.attempt(clock.now, (WINDOW, "ana")))
        assert await refused(one(limits, clock)) == UNDER_WAY_SECONDS
        clock.forward(seconds=UNDER_WAY_SECONDS)
        await one(limits, clock)
    await one(limits, clock)


async def test_an_attempt_that_takes_long_counts_all_the_same(limits: Limits, clock: SetClock):
    await fail(limits, clock, 2)
    async with limits.attempt(clock.now, (WINDOW, "ana")) as attempt:
        clock.forward(seconds=UNDER_WAY_SECONDS)
        await one(limits, clock)
        attempt.fail()
    assert await refused(one(limits, clock)) == 60 - UNDER_WAY_SECONDS


async def test_a_failure_counts_although_redis_went_away_meanwhile(redis_url: str, clock: SetClock):
    redis = Redis(redis_url, timeout=PATIENCE)
    await redis.open()
    limits = Limits(redis, "secret")
    async with limits.attempt(clock.now, (FailureWindow("test", 1, 60), "ana")) as attempt:
        attempt.fail()
        await redis.close()
        redis._mark(healthy=False)
    assert await refused(limits.count(FailureWindow("test", 1, 60), "ana", clock.now)) == 60


async def test_rules_do_not_mix(limits: Limits, clock: SetClock):
    for _ in range(3):
        await limits.count(WINDOW, "ana", clock.now)
    await limits.count(FailureWindow("other", 3, 60), "ana", clock.now)


async def test_a_burst_and_then_so_many_a_second(limits: Limits, clock: SetClock):
    for _ in range(5):
        await limits.take(BUCKET, "venue", clock.now)
    assert await refused(limits.take(BUCKET, "venue", clock.now)) == 50
    await limits.take(BUCKET, "elsewhere", clock.now)
    clock.forward(seconds=100)
    for _ in range(2):
        await limits.take(BUCKET, "venue", clock.now)
    await refused(limits.take(BUCKET, "venue", clock.now))
    clock.forward(hours=1)
    results = await asyncio.gather(
        *(limits.take(BUCKET, "venue", clock.now) for _ in range(20)), return_exceptions=True
    )
    assert results.count(None) == 5


async def test_a_token_may_be_left_there(limits: Limits, clock: SetClock):
    for _ in range(10):
        await limits.take(BUCKET, "venue", clock.now, keep=True)
    for _ in range(5):
        await limits.take(BUCKET, "venue", clock.now)
    assert await refused(limits.take(BUCKET, "venue", clock.now, keep=True)) == 50
    clock.forward(seconds=50)
    await limits.take(BUCKET, "venue", clock.now, keep=True)


async def test_memory_is_bounded(limits: Limits, clock: SetClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.kit.limits.MOST_KEYS", 10)
    for n in range(30):
        await limits.count(WINDOW, str(n), clock.now)
        await limits.take(BUCKET, str(n), clock.now)
    assert len(limits._own._windows) <= 10
    assert len(limits._own._buckets) <= 10


async def test_redis_sees_no_name_and_forgets(redis_url: str, clock: SetClock):
    redis = Redis(redis_url, timeout=PATIENCE)
    await redis.open()
    limits = Limits(redis, "secret")
    await limits.count(WINDOW, "ana@party.example 192.0.2.7", clock.now)
    await limits.take(BUCKET, "192.0.2.7", clock.now)
    await redis.close()
    with PlainRedis.from_url(redis_url) as plain:
        keys = plain.keys()
        assert len(keys) == 2
        assert not any(b"ana" in key or b"192" in key for key in keys)
        assert all(0 < plain.pttl(key) <= 60_000 for key in keys)
