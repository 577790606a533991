"""SQL of the door's book: what is still to be sealed, and writing seals in the order of their revisions."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from dibs_realtime.doors.book.model import ITERATIONS
from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database

ENTRIES = 500
"""Entries that are looked through at once."""
_KINDS = ["vouchers.issued", "voucher.claimed"]
# Only events that have a door: elsewhere nobody could ask for it.
_BEHIND = """
SELECT h.event_id FROM ledger_heads h LEFT JOIN door_books b ON b.event_id = h.event_id
 WHERE h.seq > coalesce(b.seq, 0)
   AND EXISTS (SELECT FROM devices d WHERE d.event_id = h.event_id AND d.status = 'paired')
 ORDER BY h.at DESC LIMIT 100
"""
_OPEN = """
INSERT INTO door_books (event_id, salt, iterations)
SELECT $1, $2, $3 WHERE EXISTS (SELECT FROM devices WHERE event_id = $1 AND status = 'paired')
    ON CONFLICT DO NOTHING
"""
_NEWS = """
SELECT h.seq AS head, l.seq, l.kind, l.voucher_id, (l.data ->> 'batch_id')::uuid AS batch_id
  FROM ledger_heads h
  LEFT JOIN LATERAL (
       SELECT * FROM ledger e WHERE e.event_id = h.event_id AND e.seq > $2 AND e.kind = ANY($3::text[])
        ORDER BY e.seq LIMIT $4) l ON true
 WHERE h.event_id = $1 ORDER BY l.seq
"""
_TO_SEAL = """
SELECT v.id, v.code, v.offer_id, v.max_uses, v.guest_id, g.name AS guest_name, s.ordinal, s.derived
  FROM vouchers v
  LEFT JOIN guests g ON g.event_id = v.event_id AND g.id = v.guest_id
  LEFT JOIN door_seals s ON s.event_id = v.event_id AND s.voucher_id = v.id
 WHERE v.event_id = $1 AND (v.batch_id = ANY($2::uuid[]) OR v.id = ANY($3::uuid[]))
   AND (s.voucher_id IS NULL OR s.guest_id IS DISTINCT FROM v.guest_id)
 ORDER BY v.id LIMIT $4
"""
_WRITE = """
INSERT INTO door_seals (event_id, voucher_id, ordinal, revision, derived, record, guest_id)
SELECT $1, u.* FROM unnest($2::uuid[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[], $7::uuid[]) AS u
    ON CONFLICT (event_id, voucher_id)
    DO UPDATE SET revision = excluded.revision, record = excluded.record, guest_id = excluded.guest_id
"""
# Nobody else seals this event while the transaction lasts.
_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('door book ' || $1::uuid::text, 0))"


@dataclass(frozen=True, slots=True)
class Book:
    """An event's book: how its codes are stretched, and how far it got."""

    event_id: UUID
    salt: bytes
    iterations: int
    seq: int
    sealed: int


@dataclass(frozen=True, slots=True)
class News:
    """What entries up to `seq` ask to be sealed; `more`: there are further ones."""

    seq: int
    more: bool
    batch_ids: list[UUID]
    voucher_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Seal:
    """One voucher's seal as it is written."""

    voucher_id: UUID
    ordinal: int
    derived: bytes
    record: bytes
    guest_id: UUID | None


class BookRepository:
    """Reads what is to be sealed and writes seals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def behind(self) -> list[UUID]:
        """Return events whose book is not complete, the busiest first."""
        return [row["event_id"] for row in await self._database.fetch(_BEHIND)]

    @asynccontextmanager
    async def turn(self, event_id: UUID) -> AsyncIterator[Book | None]:
        """Hold the event's book; None: it has no door, somebody else holds it, or it is gone."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_TURN, event_id):
                yield None
                return
            # Ends the statement above, which the driver leaves open. Its snapshot would keep PostgreSQL, for as long as
            # the turn lasts, from tidying up behind anybody: every update of a hot row would leave its old self there.
            await connection.execute("SELECT")
            try:
                await self._database.execute(_OPEN, event_id, secrets.token_bytes(16), ITERATIONS)
            except asyncpg.ForeignKeyViolationError:
                yield None
                return
            row = await self._database.fetchrow(
                "SELECT event_id, salt, iterations, seq, sealed FROM door_books WHERE event_id = $1", event_id
            )
            yield Book(**dict(row)) if row is not None else None

    async def news(self, event_id: UUID, after_seq: int) -> News | None:
        """Return what entries after `after_seq` ask for; None: nothing happened since."""
        rows = await self._database.fetch(_NEWS, event_id, after_seq, _KINDS, ENTRIES)
        if not rows or rows[0]["head"] <= after_seq:
            return None
        entries = [row for row in rows if row["seq"] is not None]
        more = len(entries) == ENTRIES
        return News(
            entries[-1]["seq"] if more else rows[0]["head"],
            more,
            list({row["batch_id"]: None for row in entries if row["batch_id"] is not None}),
            list({row["voucher_id"]: None for row in entries if row["voucher_id"] is not None}),
        )

    async def to_seal(self, event_id: UUID, news: News, limit: int) -> list[Any]:
        """Return vouchers of these news that have no seal, or one without their guest's name."""
        return await self._database.fetch(_TO_SEAL, event_id, news.batch_ids, news.voucher_ids, limit)

    async def write(self, book: Book, seals: Sequence[Seal], before: int, sealed: int) -> None:
        """Write seals; their revisions come after all committed before.

        before, sealed: vouchers in the book until now and from now on. Raises Problem 503 when the turn is over: the
        event was deleted, or the turn was lost with its connection and somebody else has gone on since.
        """
        async with self._database.transaction() as connection:
            last = await connection.fetchval(
                """UPDATE door_books SET revision = revision + $2, sealed = $4
                    WHERE event_id = $1 AND sealed = $3 RETURNING revision""",
                book.event_id,
                len(seals),
                before,
                sealed,
            )
            if last is None:
                raise problems.unavailable()
            revisions = range(last - len(seals) + 1, last + 1)
            await connection.execute(
                _WRITE,
                book.event_id,
                [seal.voucher_id for seal in seals],
                [seal.ordinal for seal in seals],
                list(revisions),
                [seal.derived for seal in seals],
                [seal.record for seal in seals],
                [seal.guest_id for seal in seals],
            )

    async def reached(self, event_id: UUID, seq: int) -> None:
        """Note that everything up to `seq` is sealed."""
        await self._database.execute("UPDATE door_books SET seq = $2 WHERE event_id = $1", event_id, seq)
