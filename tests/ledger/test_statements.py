"""What the composed statements send is what PostgreSQL reads."""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dibs_realtime.doors.model import DEVICES
from dibs_realtime.events.model import EVENT_COUNTERS, EVENTS, GATE_COUNTERS, GATES, STATUS_CHANGES
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger import batch, statements
from dibs_realtime.ledger.command import VERDICT_BY_KEY, VERDICTS
from dibs_realtime.ledger.table import Table
from dibs_realtime.ledger.view import Changes
from dibs_realtime.offers.model import MINUTE_COUNTERS, OFFER_COUNTERS, OFFERS
from dibs_realtime.redemptions.model import ATTEMPTS, CONFLICTS, LAST_OF_CODE, REDEMPTIONS
from dibs_realtime.vouchers.model import BATCHES, VOIDS, VOUCHER_BY_CODE, VOUCHERS
from tests.ledger.night import Night

AWKWARD = ["", " ", "a", 'a"b', "a\\b", '\\"', "{a,b}", "NULL", "null", "a,b", "a\nb", "\t", "ačiū", "🎟", "'", "\\"]

NOW = datetime(2026, 6, 1, 20, 15, 30, 123_456, UTC)
TABLES: list[Table[Any]] = [
    ATTEMPTS, BATCHES, CONFLICTS, DEVICES, EVENTS, EVENT_COUNTERS, GATES, GATE_COUNTERS, MINUTE_COUNTERS, OFFERS,
    OFFER_COUNTERS, REDEMPTIONS, STATUS_CHANGES, VERDICTS, VOIDS, VOUCHERS,
]  # fmt: skip
WITHIN: dict[tuple[str, str], tuple[Any, Any]] = {
    ("vouchers", "state"): ("claimed", "redeemed"),
    ("vouchers", "uses"): (0, 1),
    ("vouchers", "max_uses"): (2, 3),
    ("offers", "status"): ("active", "paused"),
    ("offers", "offline"): ("allow", "lease"),
    ("events", "status"): ("draft", "open"),
    ("events", "guest_access"): ("open", "access_code"),
    ("events", "guest_name"): ("off", "optional"),
    ("events", "ends_at"): (NOW + timedelta(days=1), NOW + timedelta(days=2)),
    ("devices", "status"): ("paired", "revoked"),
}
"""Two values each of the columns that may hold a few only."""


def _value(table: Table[Any], column: str, kind: str, second: int) -> Any:
    if (table.name, column) in WITHIN:
        return WITHIN[table.name, column][second]
    return {
        "uuid": new_id,
        "text": lambda: f"{new_id()}\"\\{{,}}\n\t'ačiū",
        "integer": lambda: 3 + second,
        "bigint": lambda: 2**40 + second,
        "boolean": lambda: not second,
        "timestamptz": lambda: NOW + timedelta(seconds=second),
        "jsonb": lambda: {"a": None, "b": ['x"\\', second, {"c": "ą"}], "d": "null"},
        "uuid[]": lambda: [new_id() for _ in range(2 * second)],
    }[kind]()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_rows_are_stored_as_they_are(database: Database, table: Table[Any]) -> None:
    night = await Night(database).begin()

    async with database.writing() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # nobody misses what rows refer to
        nullable = {
            row[0]
            for row in await connection.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_nullable = 'YES'",
                table.name,
            )
        }

        def some(second: int, *, without: bool, known: Any = None) -> Any:
            values = {name: _value(table, name, kind, second) for name, kind in table.columns.items()}
            if without:
                values |= dict.fromkeys(nullable & values.keys())
            if known is not None:
                values |= {name: getattr(known, name) for name in values if name not in table.updates}
            if table.scope == "id":
                values["id"] = night.event_id
            return table.row(**{name: values.get(name) for name in table.row.__struct_fields__})

        async def check(row: Any, changes: Changes, columns: Collection[str]) -> None:
            head = await connection.fetchrow("SELECT seq, epoch FROM ledger_heads WHERE event_id = $1", night.event_id)
            sql = statements.writing(*statements.tables_of(changes), False)
            arguments = statements.writing_arguments((), changes)
            assert await connection.fetchval(sql, night.event_id, head["seq"], head["epoch"], *arguments) is not None
            where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(table.key, 2))
            stored = await connection.fetchrow(
                f"SELECT {table.column_list()} FROM {table.name} WHERE {table.scope} = $1 AND {where}",
                night.event_id,
                *(getattr(row, name) for name in table.key),
            )
            kinds = table.columns
            assert {
                name: json.loads(value) if kinds[name] == "jsonb" and value not in (None, "null") else value
                for name, value in stored.items()
                if name in columns
            } == {name: getattr(row, name) for name in columns}

        for without in (True, False):
            row = some(0, without=without)
            if table.scope == "event_id":
                await check(row, Changes(inserted={table: {table.key_of(row): row}}), table.columns)
            if table.updates:
                changed = some(1, without=without, known=row)
                await check(changed, Changes(updated={table: {table.key_of(changed): changed}}), table.changed_columns)


async def test_texts_are_looked_up_as_they_are(database: Database) -> None:
    night = await Night(database).begin()
    async with database.writing() as connection:
        for key in AWKWARD:
            await connection.execute(
                """INSERT INTO verdicts (event_id, scope, key, fingerprint, answer, at)
                   VALUES ($1, $2, $3, '', '{}', now())""",
                night.event_id,
                f"scope {key}",
                key,
            )
        for keys in (AWKWARD, *([key] for key in AWKWARD)):
            asked: batch.Asked = {VERDICT_BY_KEY: {(f"scope {key}", key): 1 for key in keys}}
            _, found, _ = await batch.read(connection, night.event_id, asked, ())
            assert [(row.scope, row.key) for row in _of(found, VERDICT_BY_KEY)] == list(asked[VERDICT_BY_KEY])


@pytest.mark.parametrize("beside", [False, True])
async def test_a_vouchers_last_use_comes_with_the_voucher(database: Database, *, beside: bool) -> None:
    """`beside`: another command of the batch asks for another voucher alone."""
    night = await Night(database).begin()
    used, unused, other = await night.issue(await night.offer(max_uses=3), 3)
    await night.redeem(used)
    last = await night.redeem(used)
    asked: batch.Asked = {LAST_OF_CODE: {used: 1, unused: 1, "UNKN0WN": 1}}
    if beside:
        asked[VOUCHER_BY_CODE] = {other: 1}
    async with database.writing() as connection:
        _, found, _ = await batch.read(connection, night.event_id, asked, ())
    assert [row.id for row in _of(found, LAST_OF_CODE)] == [last["redemption_id"]]
    assert {row.code for row in _of(found, VOUCHER_BY_CODE)} == {used, unused, *([other] if beside else [])}


async def test_codes_that_are_being_staged_are_nobodys(database: Database) -> None:
    night = await Night(database).begin()
    offer, batch_id = await night.offer(), new_id()
    await night.stage(batch_id, offer, ["STAGED01"])
    async with database.writing() as connection:
        _, found, _ = await batch.read(connection, night.event_id, {VOUCHER_BY_CODE: {"STAGED01": 1}}, ())
    assert _of(found, VOUCHER_BY_CODE) == []


def _of(found: list[Any], lookup: Any) -> list[Any]:
    return next(rows for each, rows in found if each is lookup)
