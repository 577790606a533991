"""Connections that are lent again at once, and what becomes of those that must not be."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest

from dibs_realtime.kit import lending
from dibs_realtime.kit.lending import Lending, is_lost
from tests.support.waiting import PATIENCE, eventually

PLAN_SECONDS = 5.0
PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2)
    yield pool
    pool.terminate()


async def test_what_came_back_whole_is_lent_again(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    lent = Lending(pool, PLAN_SECONDS)
    first = await lent.take(PATIENCE)
    await lent.give(first, whole=True)
    assert await lent.take(PATIENCE) is first
    second = await lent.take(PATIENCE)
    assert await second.fetchval(PID) != await first.fetchval(PID)
    for connection in (first, second):
        await lent.give(connection, whole=True)
    await lent.close(PATIENCE)
    assert pool.is_closing()


async def test_what_may_have_broken_goes_by_the_pool(
    pool: "asyncpg.Pool[asyncpg.Record]", database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "REST_SECONDS", 3_600)
    lent = Lending(pool, PLAN_SECONDS)
    connection = await lent.take(PATIENCE)
    pid = await connection.fetchval(PID)
    await lent.give(connection, whole=False)
    assert pool.get_idle_size() == 1

    connection = await lent.take(PATIENCE)
    await lent.give(connection, whole=True)
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    await other.close()
    await eventually(lambda: is_lost(connection))
    fresh = await lent.take(PATIENCE)
    assert await fresh.fetchval(PID) != pid
    await lent.give(fresh, whole=True)
    await lent.close(PATIENCE)


async def test_plans_are_dropped_when_they_are_due_and_then_begin_anew(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    lent = Lending(pool, 100.0)
    connection = await lent.take(PATIENCE)
    asked: list[str] = []
    connection.add_query_logger(lambda record: asked.append(record.query))
    pid = connection.get_server_pid()

    async def lend_after(seconds: float) -> int:
        """Return how often plans were dropped for it."""
        await lent.give(connection, whole=True)
        lent._planned_at[pid] -= seconds
        asked.clear()
        assert await lent.take(PATIENCE) is connection
        await asyncio.sleep(0)  # the driver tells a moment later
        return asked.count("DISCARD PLANS")

    assert [await lend_after(60) for _ in range(4)] == [0, 1, 0, 1]
    await lent.give(connection, whole=True)
    await lent.close(PATIENCE)


async def test_a_connection_whose_plans_cannot_be_dropped_is_replaced(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    lent = Lending(pool, 0.0)
    connection = await lent.take(PATIENCE)
    pid = connection.get_server_pid()
    await lent.give(connection, whole=True)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            await lent.take(0.1)
        held = [await lent.take(PATIENCE) for _ in range(pool.get_max_size())]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert pid not in {each.get_server_pid() for each in held}
    for each in held:
        await lent.give(each, whole=True)
    await lent.close(PATIENCE)


async def test_who_waits_gets_what_comes_back(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    lent = Lending(pool, PLAN_SECONDS)
    held = [await lent.take(PATIENCE), await lent.take(PATIENCE)]
    waiting = [asyncio.create_task(lent.take(PATIENCE)) for _ in range(2)]
    await asyncio.sleep(0)
    for connection in held:
        await lent.give(connection, whole=True)
    for connection in await asyncio.gather(*waiting):
        assert await connection.fetchval("SELECT 1") == 1
        await lent.give(connection, whole=True)
    await lent.close(PATIENCE)


async def test_what_nobody_needs_goes_back_to_the_pool(
    pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "REST_SECONDS", 0.01)
    lent = Lending(pool, PLAN_SECONDS)
    held = [await lent.take(PATIENCE), await lent.take(PATIENCE)]
    for connection in held:
        await lent.give(connection, whole=True)
    await eventually(lambda: pool.get_idle_size() == 2)
    await lent.close(PATIENCE)
