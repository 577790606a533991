"""The writer's statements keep their index, whatever the planner believes about the tables."""

import asyncio

import asyncpg

from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from tests.ledger.night import Night

SCANS = 60
ROWS_PER_SCAN = 25
"""Rows that one redemption and its share of the batch may touch: its own, its neighbours' counters, its offer's."""
HOT = ("vouchers", "verdicts", "redemptions", "ledger", "offer_counters", "ledger_heads", "guests", "voucher_batches")

_TOUCHED = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname = ANY($1::text[])
"""


async def touched(database: Database) -> int:
    """Return how many rows the hot tables' scans have read, all sessions' figures flushed."""
    for borrow in (database.writing, database.reading):
        async with borrow() as connection:
            await connection.execute("SELECT pg_stat_force_next_flush()")
            await connection.execute("SELECT 1")
    return int(await database.fetchval(_TOUCHED, list(HOT)))


async def test_plans_made_on_ten_rows_serve_two_hundred_thousand(database_url: str):
    database = Database(database_url, readers=1, writers=1)
    await database.open()
    try:
        night = await Night(database).begin()
        offer = await night.offer(max_uses=2)
        few = await night.issue(offer, 10)
        flash = await night.offer(title="Flash", claimable=True, quantity=100_000)
        for code in few:  # every statement is prepared now, for tables that are all but empty
            first = await night.redeem(code)
            await night.redeem(code, units=2)
            await night.claim(flash.id, new_id())
            await night.reverse(first["redemption_id"])
        await database.execute("ANALYZE")
        many = await night.issue(offer, SCANS)
        await fill(database_url, night, offer.id, 200_000)

        before = await touched(database)
        results = await asyncio.gather(*(night.redeem(code) for code in many))
        assert all(result["verdict"] == "accepted" for result in results)
        await asyncio.gather(*(night.redeem(code, units=2) for code in many))
        await asyncio.gather(*(night.claim(flash.id, new_id()) for _ in range(SCANS)))
        await asyncio.gather(*(night.reverse(result["redemption_id"]) for result in results))
        assert await touched(database) - before < 4 * SCANS * ROWS_PER_SCAN
    finally:
        await database.close()


async def fill(url: str, night: Night, offer_id: object, count: int) -> None:
    """Grow the event's hot tables behind the planner's back."""
    connection = await asyncpg.connect(url)
    for statement in (
        """INSERT INTO vouchers (event_id, id, code, offer_id, state, max_uses, generated, poolable, created_at,
                                 updated_at)
           SELECT $1, gen_random_uuid(), 'X' || n, $2, 'issued', 1, false, true, now(), now()
             FROM generate_series(1, $3::int) n""",
        """INSERT INTO verdicts (event_id, scope, key, fingerprint, answer, at)
           SELECT $1, 'door', 'filling-' || n || $2::uuid, '', '{}', now() FROM generate_series(1, $3::int) n""",
        """INSERT INTO redemptions (event_id, id, seq, voucher_id, offer_id, actor_type, actor_id, units, redeemed_at,
                                    received_at, offline)
           SELECT $1, gen_random_uuid(), n, gen_random_uuid(), $2, 'user', $2, 1, now(), now(), false
             FROM generate_series(1, $3::int) n""",
    ):
        await connection.execute(statement, night.event_id, offer_id, count)
    await connection.close()
