"""The whole server works through PgBouncer in transaction mode, on the configuration that we ship."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from dibs_realtime.kit.database import READER_PLANS, WRITER_PLANS, Database, UnfitError
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.migrate import migrate
from dibs_realtime.schema import SchemaError
from tests.conftest import StartNode
from tests.deploy.pooler import Pooler
from tests.ledger.night import Night
from tests.support.clock import MovableClock
from tests.support.sockets import Observer
from tests.support.world import Party, World


@pytest.fixture
def pooler(tmp_path: Path, postgres: LocalPostgres, database_url: str) -> Iterator[Pooler]:
    """A PgBouncer before this test's database."""
    name = database_url.rpartition("?")[0].rpartition("/")[2]
    with Pooler(tmp_path, postgres, database=name) as running:
        yield running


@pytest.fixture
async def pooled(pooler: Pooler) -> AsyncIterator[Database]:
    """The pools of a node behind it."""
    opened = Database(pooler.url(), writer_url=pooler.url("dibs_writer"), prepared=pooler.prepares)
    await opened.open()
    yield opened
    await opened.close()


async def test_the_writer_has_its_plans_on_every_connection_that_it_is_lent(pooled: Database):
    async def look() -> dict[str, str]:
        async with pooled.writing() as connection, connection.transaction():
            rows = await connection.fetch(
                "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])", list(WRITER_PLANS)
            )
            await connection.execute("SELECT pg_sleep(0.05)")  # so that the next one gets another connection
            return {row["name"]: row["setting"] for row in rows}

    assert await asyncio.gather(*(look() for _ in range(8))) == [WRITER_PLANS] * 8


async def test_the_readers_keep_their_own_plans(pooled: Database):
    for name, value in READER_PLANS.items():
        assert await pooled.fetchval(f"SHOW {name}") == value
    assert await pooled.fetchval("SHOW enable_hashjoin") == "on"


async def test_the_writers_statements_are_planned_for_their_index(pooled: Database):
    await Night(pooled).begin()
    async with pooled.writing() as connection:
        plan = await connection.fetch(
            "EXPLAIN SELECT * FROM vouchers WHERE event_id = gen_random_uuid() AND code = 'X'"
        )
    assert any("Index" in row[0] for row in plan)
    assert not any("Seq Scan" in row[0] for row in plan)


async def test_a_writer_without_its_plans_stops_the_start(pooler: Pooler):
    database = Database(pooler.url(), prepared=pooler.prepares)
    with pytest.raises(UnfitError, match=r"DIBS_DATABASE_WRITER_URL lack enable_hashjoin = off"):
        await database.open()
    await database.close()


async def test_migrating_through_a_pooler_is_refused(pooler: Pooler):
    with pytest.raises(SchemaError, match="own address"):
        await migrate(pooler.url())


async def test_nights_of_two_nodes_go_through(pooler: Pooler, pooled: Database):
    other = Database(pooler.url(), writer_url=pooler.url("dibs_writer"), prepared=pooler.prepares)
    await other.open()
    try:
        nights = [await Night(pooled, nodes=2).begin() for _ in range(3)]
        for night in nights:
            offer = await night.offer()
            codes = await night.issue(offer, 100)
            verdicts = await asyncio.gather(*(night.redeem(code) for code in codes for _ in range(2)))
            assert sum(verdict["verdict"] == "accepted" for verdict in verdicts) == 100
            assert (await night.recount())[str(offer.id)]["redeemed_units"] == 100
    finally:
        await other.close()


async def test_doors_guests_and_screens_work_through_it(pooler: Pooler, start_node: StartNode, clock: MovableClock):
    settings = {
        "database_url": pooler.url(),
        "database_writer_url": pooler.url("dibs_writer"),
        "database_prepared_statements": pooler.prepares,
    }
    first, second = await start_node(**settings), await start_node(**settings)
    party = await Party(World(first, clock)).begin()
    assert party.owner.token
    async with Observer(second, party.owner.token, party.id) as screen:
        claimed = await party.guest.claim(party.offer["id"])
        assert claimed["verdict"] == "claimed"
        assert (await party.device.redeem(party.codes[0]))["verdict"] == "accepted"
        codes = await party.world.codes(party.owner, party.id, party.ticket["id"], 500)
        assert len(codes) == 500
        head = await party.owner.get(f"{party.path}/ledger", after_seq=0, limit=1)
        await screen.reaches(head["head_seq"])


async def test_old_poolers_and_named_statements_do_not_meet(pooler: Pooler, pooled: Database):
    """What our own release of PgBouncer cannot keep, we do not ask it to: nothing named is left behind."""
    for number in range(20):
        assert await pooled.fetchval("SELECT $1::int", number) == number
    connection = await asyncpg.connect(pooler.url(), statement_cache_size=0)
    try:
        names = await connection.fetch("SELECT name FROM pg_prepared_statements")
    finally:
        await connection.close()
    assert not [row["name"] for row in names if row["name"].startswith("__asyncpg")]
