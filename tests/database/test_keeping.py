"""How the hot tables are kept: changes stay on their page, and no vacuum ever locks the doors out."""

import asyncio
from random import Random
from uuid import UUID

from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from tests.ledger.night import Night

CODES = 2_000
AT_ONCE = 100
HOT = ("vouchers", "ledger_heads", "offer_counters", "gate_counters", "event_counters")
NEVER_SHORTENED = {
    *HOT,
    *("ledger", "verdicts", "redemptions", "attempts", "minute_counters", "device_presence"),
}

_UPDATES = """
SELECT relname::text AS name, n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = ANY($1)
"""
_OPTIONS = "SELECT relname::text AS name, reloptions AS options FROM pg_class WHERE relname = ANY($1)"


async def redeem_all(night: Night, codes: list[str], gate_id: UUID | None = None) -> None:
    """Redeem the codes in the order in which their holders happen to come."""
    Random(1).shuffle(codes)
    for start in range(0, len(codes), AT_ONCE):
        await asyncio.gather(*(night.redeem(code, gate_id=gate_id) for code in codes[start : start + AT_ONCE]))


async def test_redeeming_changes_rows_on_their_own_page(database_url: str):
    database = Database(database_url, readers=1, writers=1)
    await database.open()
    try:
        night = await Night(database).begin()
        offer, gate_id = await night.offer(), await night.gate()
        await redeem_all(night, await night.issue(offer, CODES), gate_id)
        for borrow in (database.writing, database.reading):
            async with borrow() as connection:
                await connection.execute("SELECT pg_stat_force_next_flush()")
                await connection.execute("SELECT 1")
        updates = {row["name"]: row for row in await database.fetch(_UPDATES, list(HOT))}
        assert updates["vouchers"]["all"] == CODES
        for name in ("vouchers", "ledger_heads", "offer_counters", "gate_counters"):
            share = updates[name]["hot"] / updates[name]["all"]
            assert share >= 0.95, f"{name}: {share:.0%} of the updates stayed on their page"
    finally:
        await database.close()


async def test_a_claim_and_its_redemption_need_no_more_than_the_free_part_of_a_page(database_url: str):
    database = Database(database_url, readers=1, writers=1)
    await database.open()
    try:
        night = await Night(database).begin()
        offer = await night.offer(claimable=True, quantity=CODES)
        claims = []
        for _ in range(0, CODES, AT_ONCE):
            claims += await asyncio.gather(*(night.claim(offer.id, new_id()) for _ in range(AT_ONCE)))
        ids = {claim["voucher"]["id"] for claim in claims}
        rows = await database.fetch("SELECT code FROM vouchers WHERE event_id = $1", night.event_id)
        assert len(ids) == len(rows) == CODES
        await redeem_all(night, [row["code"] for row in rows])
        async with database.writing() as connection:
            await connection.execute("SELECT pg_stat_force_next_flush()")
            await connection.execute("SELECT 1")
        updates = (await database.fetch(_UPDATES, ["vouchers"]))[0]
        assert updates["hot"] / updates["all"] >= 0.9
    finally:
        await database.close()


async def test_vacuum_never_takes_the_lock_that_shortens_a_hot_table(database: Database):
    rows = await database.fetch(_OPTIONS, list(NEVER_SHORTENED))
    assert {row["name"] for row in rows if "vacuum_truncate=off" in (row["options"] or [])} == NEVER_SHORTENED
