import asyncio
import contextlib
import time
from pathlib import Path

import pytest
from redis import Redis as PlainRedis

from dibs_realtime.kit.redis import Redis
from dibs_realtime.local.redis import LocalRedis
from tests.support.waiting import PATIENCE, eventually

TIMEOUT = 0.4
"""Seconds that a command may take."""


@pytest.fixture
def own_redis(tmp_path: Path):
    """A server that the test may stop."""
    with LocalRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def redis(own_redis: LocalRedis, request: pytest.FixtureRequest):
    made = Redis(own_redis.url, timeout=getattr(request, "param", PATIENCE))
    await made.open()
    yield made
    await made.close()


async def test_commands(redis: Redis, own_redis: LocalRedis):
    assert redis.healthy
    assert await redis.get("a") is None
    assert await redis.set("a", b"1", 1_000)
    assert await redis.get("a") == b"1"
    with PlainRedis.from_url(own_redis.url) as plain:
        assert 900_000 < plain.pttl("a") <= 1_000_000
    assert await redis.delete("a", "b")
    assert await redis.delete()
    assert await redis.get("a") is None
    assert await redis.eval("return {KEYS[1], ARGV[1]}", ["k"], [1.5]) == [b"k", b"1.5"]
    assert await redis.publish("c", b"m")


async def nothing_answers(redis: Redis) -> None:
    assert await redis.get("a") is None
    assert await redis.set("a", b"1", 1) is False
    assert await redis.delete("a") is False
    assert await redis.publish("c", b"m") is False
    assert await redis.eval("return 1", [], []) is None


async def test_a_redis_that_is_not_there_is_no_error_and_costs_nothing():
    redis = Redis("unix:///nowhere/redis.sock")
    await redis.open()
    began = time.monotonic()
    for _ in range(100):
        await nothing_answers(redis)
    assert time.monotonic() - began < 20 * TIMEOUT  # where 500 of them would take 500
    assert not redis.healthy
    await redis.close()


async def test_it_goes_and_comes_back_empty(redis: Redis, own_redis: LocalRedis):
    await redis.set("a", b"1", 100)
    own_redis.kill()
    await nothing_answers(redis)
    assert not redis.healthy
    waiting = asyncio.create_task(redis.until_healthy())
    own_redis.start()
    await eventually(waiting.done)
    assert redis.healthy
    assert await redis.get("a") is None
    assert await redis.set("a", b"2", 1)


async def test_it_is_restarted_between_two_commands_unnoticed(redis: Redis, own_redis: LocalRedis):
    await asyncio.gather(*(redis.set(f"k{n}", b"1", 100) for n in range(10)))  # several pooled connections
    own_redis.stop()
    own_redis.start()
    assert await redis.set("a", b"2", 1)


@pytest.mark.parametrize("redis", [TIMEOUT], indirect=True)
async def test_one_that_hangs_costs_one_timeout_for_all(redis: Redis, own_redis: LocalRedis):
    own_redis.pause()
    try:
        began = time.monotonic()
        await asyncio.gather(*(redis.get("a") for _ in range(200)))
        assert time.monotonic() - began < 200 * TIMEOUT / 4  # one after the other they would take all of that
        began = time.monotonic()
        for _ in range(20):
            await nothing_answers(redis)
        assert time.monotonic() - began < 20 * TIMEOUT  # where 100 of them would take 100
    finally:
        own_redis.resume()
    await eventually(lambda: redis.healthy)


@pytest.mark.parametrize("redis", [TIMEOUT], indirect=True)
async def test_a_subscriber_waits_longer_than_a_command_may(redis: Redis):
    subscriber = redis.new_subscriber()
    await subscriber.subscribe("c")
    heard = []

    async def listen() -> None:
        while True:
            heard.append((await subscriber.get()).data)

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.7)

    async def is_heard() -> bool:  # one publication may take longer than a command may
        await redis.publish("c", b"late")
        return b"late" in heard

    await eventually(is_heard)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await subscriber.aclose()
