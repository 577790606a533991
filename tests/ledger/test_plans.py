"""The hot statements keep their index, whatever the planner believes about the tables."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from dibs_realtime.claims.queries import vouchers_of_guests, wallet
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.queries import entries_after, heads
from dibs_realtime.redemptions.queries import verdict_of_key
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers.commands import VoidVoucher
from tests.ledger.night import Night

FEW, MANY, TIMES = 10, 20_000, 30
OTHERS = 500
"""Guests who look at their vouchers while one of them gets another."""
ROWS_EACH = 20
"""Rows that one command and its share of the batch, or one read, may touch: its own, the counters, the offers."""
TO_SETTLE = 7
"""PostgreSQL plans a prepared statement anew five times before it may settle on one plan for good."""

_TOUCHED = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
Act = Callable[["Hot", int], Awaitable[Any]]


class Hot:
    """An event and what the statements are run on: as many codes, guests and keys as there are turns."""

    def __init__(self, database: Database, night: Night) -> None:
        self.database = database
        self.night = night
        self.codes: list[str] = []
        self.guests: list[UUID] = []
        self.others: list[UUID] = []
        self.claimed: list[UUID] = []
        self.used: list[Any] = []
        self.flash: UUID

    async def prepare(self, offer: Any, count: int) -> None:
        self.codes = await self.night.issue(offer, 5 * count)
        self.guests = [new_id() for _ in range(count)]
        self.claimed, self.used = [], []

    def code(self, kind: int, turn: int) -> str:
        return self.codes[5 * turn + kind]

    async def redeem(self, turn: int) -> None:
        self.used.append(await self.night.redeem(self.code(0, turn), f"redeemed-{self.code(0, turn)}-0123"))

    async def replay(self, turn: int) -> None:
        assert (await self.night.redeem(self.code(0, turn), f"redeemed-{self.code(0, turn)}-0123"))["replayed"]

    async def refuse(self, turn: int) -> None:
        assert (await self.night.redeem(self.code(0, turn), units=50))["verdict"] == "refused"

    async def refuse_unknown(self, _turn: int) -> None:
        assert (await self.night.redeem("N0SUCHC0DE"))["reason"] == "unknown_code"

    async def upload(self, turn: int) -> None:
        """A door judged alone, admitted a code that is unknown here, and tells now: a conflict."""
        now = datetime.now(UTC)
        local = LocalJudgement(verdict="accepted", device_time=now, clock_offset_ms=0)
        verdict = await self.night.redeem(self.code(0, turn), units=50, scanned_at=now, local=local)
        assert verdict["conflict_id"]

    async def reverse(self, turn: int) -> None:
        assert (await self.night.reverse(self.used[turn]["redemption_id"]))["verdict"] == "reversed"

    async def claim(self, turn: int) -> None:
        verdict = await self.night.claim(self.flash, self.guests[turn])
        self.claimed.append(verdict["voucher"]["id"])

    async def void(self, turn: int) -> None:
        voucher_id = await self.database.fetchval(
            "SELECT id FROM vouchers WHERE event_id = $1 AND code = $2", self.night.event_id, self.code(1, turn)
        )
        await self.night.submit(VoidVoucher(self.night.event_id, self.night.owner, voucher_id, "lost"))

    async def catch_up(self, _turn: int) -> None:
        head = (await heads(self.database, [self.night.event_id]))[self.night.event_id][1]
        assert len((await entries_after(self.database, self.night.event_id, head - 5, 1_000)).entries) == 5

    async def read_wallet(self, turn: int) -> None:
        assert await wallet(self.database, self.night.event_id, self.guests[turn], None, 50)

    async def read_changed(self, turn: int) -> None:
        """What a guest's phone is told after a commit, while many others look at theirs."""
        found = await vouchers_of_guests(
            self.database, self.night.event_id, [self.claimed[turn]], [*self.guests, *self.others]
        )
        assert len(found) == 1

    async def read_verdict(self, turn: int) -> None:
        key = f"redeemed-{self.code(0, turn)}-0123"
        assert await verdict_of_key(self.database, self.night.event_id, key, None, datetime.now(UTC))

    async def release(self, turn: int) -> None:
        await self.night.release(self.guests[turn], self.claimed[turn])


ACTS: Sequence[Act] = (
    Hot.redeem, Hot.replay, Hot.refuse, Hot.refuse_unknown, Hot.upload, Hot.claim, Hot.void, Hot.catch_up,
    Hot.read_wallet, Hot.read_changed, Hot.read_verdict, Hot.reverse, Hot.release,
)  # fmt: skip


@asynccontextmanager
async def counted(database: Database) -> AsyncIterator[list[int]]:
    """Yield a list that holds, afterwards, how many rows all tables' scans have read inside the block."""
    before, touched = await _touched(database), [0]
    yield touched
    touched[0] = await _touched(database) - before


async def _touched(database: Database) -> int:
    for borrow in (database.writing, database.reading):
        async with borrow() as connection:
            await connection.execute("SELECT pg_stat_force_next_flush()")
            await connection.execute("SELECT 1")
    return int(await database.fetchval(_TOUCHED))


@pytest.mark.parametrize("known", ["nothing", "that there is nothing", "a few rows"])
async def test_plans_made_on_hardly_any_rows_serve_twenty_thousand(database_url: str, known: str):
    """`known`: what PostgreSQL's statistics tell when it settles on its plans."""
    # Plans made on a few rows must serve for good; those made on none are not used for longer than it is said.
    database = Database(database_url, readers=1, writers=1, plan_seconds=3_600 if known == "a few rows" else 0)
    await database.open()
    try:
        await leave_alone(database)
        night = await Night(database).begin()
        offer = await night.offer(max_uses=20)
        hot = Hot(database, night)
        hot.flash = (await night.offer(title="Flash", claimable=True, quantity=100_000)).id
        if known == "that there is nothing":
            await database.execute("ANALYZE")
        for again in (False, True) if known == "a few rows" else (False,):
            if again:  # every statement is planned anew, with statistics of a few rows, and settles on that plan
                await database.execute("ANALYZE")
            await hot.prepare(offer, FEW)
            for act in ACTS:
                for turn in range(TO_SETTLE):
                    await act(hot, turn)
        await hot.prepare(offer, TIMES)
        await fill(database_url, night, offer.id, MANY)
        hot.others = [row[0] for row in await database.fetch("SELECT id FROM guests LIMIT $1", OTHERS)]

        costs = {}
        for act in ACTS:
            async with counted(database) as touched:
                await asyncio.gather(*(act(hot, turn) for turn in range(TIMES)))
            costs[act.__name__] = touched[0] / TIMES
        assert {name: cost for name, cost in costs.items() if cost > ROWS_EACH} == {}, costs
    finally:
        await database.close()


async def leave_alone(database: Database) -> None:
    """Let nobody bring the statistics up to date meanwhile: that would plan everything anew, and well."""
    for row in await database.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    ):
        await database.execute(f"ALTER TABLE {row[0]} SET (autovacuum_enabled = false)")


async def fill(url: str, night: Night, offer_id: object, count: int) -> None:
    """Grow the event's hot tables behind the planner's back."""
    connection = await asyncpg.connect(url)
    head = await connection.fetchval("SELECT seq FROM ledger_heads WHERE event_id = $1", night.event_id)
    for statement in (
        """INSERT INTO vouchers (event_id, id, code, offer_id, state, max_uses, generated, poolable, guest_id,
                                 created_at, updated_at)
           SELECT $1, gen_random_uuid(), 'X' || n, $2, 'claimed', 1, false, false, gen_random_uuid(), now(), now()
             FROM generate_series(1, $3::int) n""",
        """INSERT INTO verdicts (event_id, scope, key, fingerprint, answer, at)
           SELECT $1, 'door', 'filling-' || n || $2::uuid, '', '{}', now() FROM generate_series(1, $3::int) n""",
        """INSERT INTO redemptions (event_id, id, seq, voucher_id, offer_id, actor_type, actor_id, units, redeemed_at,
                                    received_at, offline)
           SELECT $1, gen_random_uuid(), n, gen_random_uuid(), $2, 'user', $2, 1, now(), now(), false
             FROM generate_series(1, $3::int) n""",
        """INSERT INTO attempts (event_id, id, at, reason, actor_type, actor_id, actor_label, units, offline)
           SELECT $1, gen_random_uuid(), now(), 'voided', 'user', $2, 'Door staff', 1, false
             FROM generate_series(1, $3::int)""",
        """INSERT INTO conflicts (event_id, id, key, reason, sides, opened_at)
           SELECT $1, gen_random_uuid(), 'filling-' || n || $2::uuid, 'voided', '[]', now()
             FROM generate_series(1, $3::int / 10) n""",
    ):
        await connection.execute(statement, night.event_id, offer_id, count)
    await connection.execute(
        """INSERT INTO guests (event_id, id, created_at)
           SELECT event_id, guest_id, now() FROM vouchers WHERE code LIKE 'X%' AND guest_id IS NOT NULL"""
    )
    await connection.execute(
        """WITH filled AS (
               INSERT INTO ledger (event_id, seq, at, kind, actor_type, actor_label, data)
               SELECT $1, $2 + n, now(), 'event.updated', 'system', 'System', '{"changes": {}}'
                 FROM generate_series(1, $3::int) n RETURNING seq)
           UPDATE ledger_heads SET seq = (SELECT max(seq) FROM filled) WHERE event_id = $1""",
        night.event_id, head, count,
    )  # fmt: skip
    await connection.close()
