"""What is told as "the database is away", and what never is."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from dibs_realtime.kit import database as module
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.problems import Problem
from dibs_realtime.local.postgres import LocalPostgres


async def test_who_is_cancelled_does_not_take_it_for_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalPostgres(tmp_path / "postgres", {"fsync": "off"}) as server:
        server.ensure_database()
        database = Database(server.url())
        await database.open()
        monkeypatch.setattr(module, "ACQUIRE_SECONDS", 0.5)  # so long the driver waits for the server to stop
        asking = asyncio.create_task(database.fetchval("SELECT pg_sleep(60)"))
        connection = await asyncpg.connect(server.url())
        working = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6%)'"
        while not await connection.fetchval(working):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.01)
        await connection.close()
        assert server.pid is not None
        # The driver asks the server to stop the statement, and the server does not hear it.
        os.kill(server.pid, signal.SIGSTOP)
        try:
            asking.cancel()
            await asyncio.wait([asking])
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert asking.cancelled()
        await database.close()


async def test_a_connection_that_is_lost_is_the_database_away(database: Database) -> None:
    async def ended_by_the_server() -> None:
        async with database.transaction() as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            await database.execute("SELECT pg_terminate_backend($1)", pid)
            while True:
                await connection.execute("SELECT 1")

    async def ended_here() -> None:
        async with database.reading() as connection:
            connection.terminate()
            await connection.execute("SELECT 1")

    for lose in (ended_by_the_server, ended_here):
        with pytest.raises(Problem) as raised:
            await lose()
        assert raised.value.status == 503
    assert await database.fetchval("SELECT 1") == 1


async def test_a_mistake_of_ours_is_not_told_as_a_database_that_is_away(database: Database) -> None:
    async def two_at_once() -> None:
        async with database.reading() as connection:
            await asyncio.gather(connection.execute("SELECT pg_sleep(0.1)"), connection.execute("SELECT 1"))

    with pytest.raises(asyncpg.InterfaceError, match="another operation"):
        await two_at_once()
    assert await database.fetchval("SELECT 1") == 1


async def test_what_else_breaks_while_a_connection_is_lent_is_not_the_database(database: Database) -> None:
    with pytest.raises(BrokenPipeError):
        async with database.transaction():
            raise BrokenPipeError
