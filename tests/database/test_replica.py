"""Long reads go to a replica, and nobody ever sees from it that it is one."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from dibs_realtime.kit import database as module
from dibs_realtime.kit.database import Database
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.migrate import migrate
from dibs_realtime.settings import Settings
from tests.conftest import StartNode
from tests.support.clock import MovableClock
from tests.support.replica import LocalReplica
from tests.support.world import Party, World

WHERE = "SELECT pg_is_in_recovery() AS aside, (SELECT max(n) FROM marks) AS newest"


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """A durable PostgreSQL of these tests' own."""
    with LocalPostgres(tmp_path_factory.mktemp("primary"), {"shared_buffers": "32MB"}) as server:
        server.ensure_database()
        yield server


@pytest.fixture(scope="module")
def replica(primary: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalReplica]:
    """Its replica."""
    with LocalReplica(tmp_path_factory.mktemp("replica"), primary) as server:
        yield server


@pytest.fixture
async def database(
    primary: LocalPostgres, replica: LocalReplica, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """Both, as a node has them; but the replica is asked again at once, whatever a busy machine made it miss."""
    monkeypatch.setattr(module, "REPLICA_REST_SECONDS", 0)
    opened = Database(primary.url(), replica_url=replica.url())
    await opened.open()
    await opened.execute("CREATE TABLE IF NOT EXISTS marks (n int)")
    yield opened
    await opened.close()


@asynccontextmanager
async def behind(replica: LocalReplica) -> AsyncIterator[None]:
    """Let the replica stand still."""
    connection = await asyncpg.connect(replica.url())
    await connection.execute("SELECT pg_wal_replay_pause()")
    while await connection.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":
        pass
    try:
        yield
    finally:
        await connection.execute("SELECT pg_wal_replay_resume()")
        await connection.close()


async def settled(database: Database) -> bool:
    """Read until the replica answers; a busy machine may take longer than it is given. Never with old rows."""
    newest = await database.fetchval("SELECT max(n) FROM marks")
    for _ in range(500):
        row = (await database.fetch_aside(WHERE))[0]
        assert row["newest"] == newest
        if row["aside"]:
            return True
    return False


async def test_a_replica_that_is_current_takes_long_reads(database: Database):
    await database.execute("INSERT INTO marks VALUES (1)")
    assert await settled(database)


async def test_a_replica_that_is_behind_shows_nothing_old(database: Database, replica: LocalReplica):
    await database.execute("INSERT INTO marks VALUES (10)")
    assert await settled(database)
    async with behind(replica):
        for number in range(11, 16):
            await database.execute("INSERT INTO marks VALUES ($1)", number)
            row = (await database.fetch_aside(WHERE))[0]
            assert (row["aside"], row["newest"]) == (False, number)
    assert await settled(database)


async def test_what_is_read_for_a_decision_never_goes_there(database: Database, replica: LocalReplica):
    async with behind(replica):
        assert not await database.fetchval("SELECT pg_is_in_recovery()")
        async with database.writing() as connection:
            assert not await connection.fetchval("SELECT pg_is_in_recovery()")


async def test_a_replica_that_is_away_is_not_missed(database: Database, replica: LocalReplica):
    replica.kill()
    try:
        assert not (await database.fetch_aside(WHERE))[0]["aside"]
    finally:
        replica.start()
    assert await settled(database)


@pytest.mark.parametrize("due", [False, True], ids=["", "plans are due"])
async def test_a_replica_that_hangs_is_asked_once_and_then_left_alone(
    database: Database, replica: LocalReplica, monkeypatch: pytest.MonkeyPatch, *, due: bool
):
    assert await settled(database)
    aside = database._replica
    assert aside is not None
    if due:
        aside._planned_at = dict.fromkeys(aside._planned_at, float("-inf"))
    monkeypatch.setattr(module, "REPLICA_REST_SECONDS", 3600)
    monkeypatch.setattr(module, "ACQUIRE_SECONDS", 3600)
    connection = await asyncpg.connect(replica.url())
    hanging = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'dibs'")
    await connection.close()
    assert hanging
    for row in hanging:
        os.kill(row["pid"], signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):  # what is waited for would take an hour
            assert not (await database.fetch_aside(WHERE))[0]["aside"]
        assert aside._pool.get_size() == 0
    finally:
        for row in hanging:
            os.kill(row["pid"], signal.SIGCONT)
    for _ in range(20):
        assert not (await database.fetch_aside(WHERE))[0]["aside"]
    monkeypatch.setattr(module, "REPLICA_REST_SECONDS", 0)
    monkeypatch.setattr(database, "_replica_rests_until", 0)
    assert await settled(database)


async def test_a_server_that_is_no_replica_is_not_trusted(primary: LocalPostgres, database_url: str):
    database = Database(primary.url(), replica_url=database_url)
    await database.open()
    try:
        assert await database.fetch_aside("SELECT current_database()") == [("dibs",)]
    finally:
        await database.close()


async def test_lists_are_whole_while_the_replica_stands_still(
    primary: LocalPostgres, replica: LocalReplica, start_node: StartNode, settings: Settings, clock: MovableClock
):
    del settings
    await migrate(primary.url())
    node = await start_node(database_url=primary.url(), database_replica_url=replica.url())
    async with behind(replica):
        party = await Party(World(node, clock)).begin()
        redeemed = await party.device.redeem(party.codes[0])
        await party.device.redeem(party.codes[0])
        listed = await party.owner.get(f"{party.path}/redemptions")
        assert [item["id"] for item in listed["items"]] == [redeemed["redemption_id"]]
        assert len((await party.owner.get(f"{party.path}/attempts"))["items"]) == 1
        assert len((await party.owner.get(f"{party.path}/vouchers"))["items"]) == len(party.codes)
        assert (await party.owner.get(f"{party.path}/stats"))["refused"] == 1
