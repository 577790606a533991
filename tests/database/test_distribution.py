"""Every table of an event is keyed by it first: so the schema can be spread over servers by event, as it is."""

from typing import Any

from dibs_realtime.kit.database import Database

GLOBAL = {
    "alembic_version": "which revisions have run",
    "users": "organizers have many events",
    "password_links": "a user's",
    "sessions": "found by the token's session alone, before anybody knows the event",
    "nodes": "server processes have all events",
    "revocations": "every node reads the newest ones of all events",
    "events": "one row an event; found by its slug, which is unique among all",
    "event_creations": "a user's keys: the event does not exist yet when they are looked at",
    "pairings": "found by the code that a phone shows, before anybody knows the event",
}
"""Tables that every server of a spread database has a copy of, each with the reason."""

ACROSS_EVENTS = {
    "members_user_idx": "the events of one user",
    "vouchers_generated_code_idx": "a code's own page, which names no event",
    "voucher_batches_leftover_idx": "what a crashed node left, of whatever event",
}
"""Indexes of an event's table that do not begin with the event. None of them is unique."""

_TABLES = """
SELECT c.relname::text AS name,
       EXISTS (SELECT FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'event_id' AND a.attnotnull) AS scoped
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
_INDEXES = """
SELECT t.relname::text AS table_name, i.relname::text AS name, x.indisunique AS is_unique, x.indisprimary AS is_primary,
       a.attname::text AS first
  FROM pg_index x
  JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
 WHERE t.relnamespace = 'public'::regnamespace
"""
_FOREIGN_KEYS = """
SELECT f.conname::text AS name, t.relname::text AS table_name, r.relname::text AS refers_to,
       (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY(f.conkey))
           AS columns
  FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
 WHERE f.contype = 'f'
"""


async def of_events(database: Database) -> set[str]:
    return {row["name"] for row in await database.fetch(_TABLES)} - set(GLOBAL)


async def test_a_table_is_an_events_or_is_listed_with_the_reason(database: Database):
    rows = await database.fetch(_TABLES)
    assert set(GLOBAL) <= {row["name"] for row in rows}
    assert {row["name"] for row in rows if not row["scoped"]} <= set(GLOBAL)


async def test_every_key_of_an_events_table_begins_with_the_event(database: Database):
    tables = await of_events(database)
    indexes = [row for row in await database.fetch(_INDEXES) if row["table_name"] in tables]
    assert {row["table_name"] for row in indexes if row["is_primary"]} == tables
    assert {row["name"] for row in indexes if row["is_unique"] and row["first"] != "event_id"} == set()
    assert {row["name"] for row in indexes if row["first"] != "event_id"} == set(ACROSS_EVENTS)


async def test_no_key_refers_to_another_events_rows(database: Database):
    tables = await of_events(database)
    strays: list[Any] = [
        row["name"]
        for row in await database.fetch(_FOREIGN_KEYS)
        # To a copy that every server has, or along the event; never from a copy into a part.
        if (row["table_name"] in tables and row["refers_to"] in tables and "event_id" not in row["columns"])
        or (row["table_name"] in GLOBAL and row["refers_to"] in tables)
    ]
    assert strays == []
