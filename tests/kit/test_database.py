"""What a cancellation and a broken connection at the same moment come to."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from dibs_realtime.kit import database as module
from dibs_realtime.kit.database import Database
from dibs_realtime.local.postgres import LocalPostgres


async def test_who_is_cancelled_does_not_take_it_for_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACQUIRE_SECONDS", 0.5)
    with LocalPostgres(tmp_path / "postgres", {"fsync": "off"}) as server:
        server.ensure_database()
        database = Database(server.url())
        await database.open()
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
