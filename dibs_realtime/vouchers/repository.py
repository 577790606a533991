"""SQL of codes on their way in: written outside the ledger's writer, then published by it or cleared away.

Rows of a batch that is not on the ledger exist for nobody. Whoever writes a batch shows a sign of life (an advisory
lock) until its fate is decided: a batch without one belongs to a process that died, and whoever finds it in the way
clears it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from dibs_realtime.kit import json, problems
from dibs_realtime.kit.database import Connection, Database
from dibs_realtime.kit.ids import new_id_text
from dibs_realtime.vouchers.commands import BATCH_SCOPE

LEFTOVER_AFTER = timedelta(minutes=15)
"""An unpublished batch that old belongs to nobody any more."""
CHUNK = 5_000
"""Keys in one query, and rows between two words on the progress."""
BREATH = 50
"""Rows made and encoded before the event loop gets its turn: well below a millisecond, because a door's answer takes
several turns. A thread would not help: each time the loop has looked for news it would wait for the interpreter."""
COPY_SECONDS = 600.0
WAIT = timedelta(seconds=6)
"""How long an import waits for another one that brings the same codes."""

Progress = Callable[[int], None]
"""Told how many rows are done."""

_VOUCHER_COLUMNS = (
    "event_id", "id", "code", "offer_id", "batch_id", "state", "max_uses", "guest_id", "generated", "poolable",
    "created_at", "updated_at",
)  # fmt: skip
_GUEST_COLUMNS = ("event_id", "id", "name", "email", "created_at")
_Values = tuple[Any, ...]
_SIGN_OF_LIFE = "SELECT pg_advisory_xact_lock(hashtextextended('voucher batch ' || $1::uuid::text, 0))"
TURN = "SELECT pg_advisory_xact_lock(hashtextextended('codes again ' || $1::uuid::text, 0))"
# Found one by one through the index, whatever the statistics say.
_IN_THE_WAY = """
SELECT v.code, CASE WHEN b.id IS NOT NULL AND b.seq IS NULL THEN b.id END AS staged
  FROM unnest($2::text[]) AS k (code)
 CROSS JOIN LATERAL (
       SELECT w.code, w.batch_id FROM vouchers w WHERE w.event_id = $1 AND w.code = k.code LIMIT 1) v
  LEFT JOIN voucher_batches b ON b.event_id = $1 AND b.id = v.batch_id
"""
_CLEAR = """
WITH gone AS (
    DELETE FROM vouchers WHERE event_id = $1 AND id IN (
        SELECT id FROM vouchers WHERE event_id = $1 AND batch_id = $2 LIMIT $3) RETURNING guest_id),
guests_gone AS (
    DELETE FROM guests WHERE event_id = $1 AND id IN (SELECT guest_id FROM gone WHERE guest_id IS NOT NULL))
SELECT count(*) FROM gone
"""
# The last word on a batch, unless it was said already: see PublishBatch.
_NEVER = """
INSERT INTO verdicts (event_id, scope, key, fingerprint, answer, at)
VALUES ($1, $2, $3, '', '{"published": false}', now()) ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Picks:
    """Codes that are to become vouchers, in the order in which they are to be claimed.

    They are kept by columns: the garbage collector looks through a million small objects again and again, and everybody
    waits for it. guests: name and e-mail of whoever is to get the code at that place.
    """

    codes: list[str] = field(default_factory=list)
    offer_ids: list[UUID] = field(default_factory=list)
    max_uses: list[int] = field(default_factory=list)
    guests: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, code: str, offer_id: UUID, max_uses: int, guest: tuple[str | None, str | None] | None) -> None:
        """Add one."""
        if guest is not None:
            self.guests[len(self.codes)] = guest
        self.codes.append(code)
        self.offer_ids.append(offer_id)
        self.max_uses.append(max_uses)


@dataclass(frozen=True, slots=True)
class Batch:
    """What all codes of a batch share."""

    event_id: UUID
    id: UUID
    created_at: datetime
    generated: bool


class Collision(Exception):  # noqa: N818  # no error: it happens, and the codes are looked at again
    """Some of the codes are there already, or come in at this very moment."""


class StagingRepository:
    """Writes batches, says what is in their way, and clears away what never came to be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def staged(
        self, batch: Batch, picks: Picks, progress: Progress | None = None, *, again: bool = False
    ) -> AsyncIterator[None]:
        """Write the codes, which nobody sees yet, and show the sign of life while their fate is decided.

        again: others were in the way before. Those who write again do so one after the other: with the same codes in
        different orders they would for ever end in each other's way.

        Raises Collision on entering, when nothing is written, and Problem 404 or 503.
        """
        async with self._database.transaction() as connection:
            try:
                if again:
                    await connection.execute(TURN, batch.event_id)
                await self._write(connection, batch, picks, progress)
            except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError) as error:
                raise Collision from error
            except asyncpg.ForeignKeyViolationError:
                raise problems.not_found() from None  # the event was deleted while its guests came in
            # Nobody else comes in between: who waits for one of these codes finds them written and alive.
            sign_of_life = _SIGN_OF_LIFE.replace("$1", f"'{batch.id}'")  # several statements take no arguments
            await connection.execute(f"COMMIT AND CHAIN; {sign_of_life}")
            yield

    async def _write(self, connection: Connection, batch: Batch, picks: Picks, progress: Progress | None) -> None:
        await connection.execute(_SIGN_OF_LIFE, batch.id)
        await connection.execute(
            "INSERT INTO voucher_batches (event_id, id, created_at) VALUES ($1, $2, $3)",
            batch.event_id,
            batch.id,
            batch.created_at,
        )
        guests: list[_Values] = []
        vouchers = _vouchers(batch, picks, guests, progress)
        await _copy(connection, "vouchers", _VOUCHER_COLUMNS, vouchers)
        if guests:
            await _copy(connection, "guests", _GUEST_COLUMNS, _breathing(guests))

    async def taken(self, event_id: UUID, codes: Sequence[str]) -> set[str]:
        """Return those of the codes that the event has.

        Codes of a batch that comes in right now are waited for, those of a process that died are cleared away.
        Raises Problem 503 when the other batch takes too long.
        """
        found: set[str] = set()
        for start in range(0, len(codes), CHUNK):
            while True:
                rows = await self._database.fetch(_IN_THE_WAY, event_id, codes[start : start + CHUNK])
                staged = {row["staged"] for row in rows} - {None}
                if not staged:
                    break
                for batch_id in staged:
                    await self.discard(event_id, batch_id)
            found.update(row["code"] for row in rows)
        return found

    async def discard(self, event_id: UUID, batch_id: UUID) -> bool:
        """Clear a batch away, unless it is published; return whether it is gone.

        Raises Problem 503 when somebody is still at work on it after a while.
        """
        try:
            if await self._is_published(event_id, batch_id, WAIT):
                return False
        except asyncpg.LockNotAvailableError:
            raise problems.unavailable("Somebody brings in the same codes right now.") from None
        await self._clear(event_id, batch_id)
        return True

    async def clear_leftovers(self, now: datetime) -> int:
        """Clear away what processes that died have left; return how many batches. Several nodes may do it at once.

        Raises Problem 503 when the database is away.
        """
        rows = await self._database.fetch(
            "SELECT event_id, id FROM voucher_batches WHERE seq IS NULL AND created_at < $1 ORDER BY created_at",
            now - LEFTOVER_AFTER,
        )
        cleared = 0
        for row in rows:
            try:
                if await self._is_published(row["event_id"], row["id"], timedelta(milliseconds=1)):
                    continue
            except asyncpg.LockNotAvailableError:
                continue  # somebody is at work on it after all
            await self._clear(row["event_id"], row["id"])
            cleared += 1
        return cleared

    async def _is_published(self, event_id: UUID, batch_id: UUID, wait: timedelta) -> bool:
        """Return whether the batch is published; else it never will be. Raises LockNotAvailableError after `wait`."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "SELECT set_config('lock_timeout', $1, true)", f"{wait // timedelta(milliseconds=1)}ms"
            )
            await connection.execute(_SIGN_OF_LIFE, batch_id)
            of_batch = (event_id, BATCH_SCOPE, str(batch_id))
            await connection.execute(_NEVER, *of_batch)
            answer = await connection.fetchval(
                "SELECT answer FROM verdicts WHERE event_id = $1 AND scope = $2 AND key = $3", *of_batch
            )
            return bool(json.loads(answer)["published"])

    async def _clear(self, event_id: UUID, batch_id: UUID) -> None:
        # Nobody can publish it any more; should we be interrupted, anybody may go on.
        while await self._database.fetchval(_CLEAR, event_id, batch_id, CHUNK) == CHUNK:
            pass
        await self._database.execute("DELETE FROM voucher_batches WHERE event_id = $1 AND id = $2", event_id, batch_id)


async def _copy(connection: Connection, table: str, columns: Sequence[str], rows: AsyncIterator[_Values]) -> None:
    await connection.copy_records_to_table(table, columns=columns, records=rows, timeout=COPY_SECONDS)


async def _vouchers(
    batch: Batch, picks: Picks, guests: list[_Values], progress: Progress | None
) -> AsyncIterator[_Values]:
    """Yield the vouchers' rows; those of their guests are added to `guests`."""
    # Ids as texts, which the driver takes as well and the garbage collector need not look at.
    event_id, batch_id, at, generated = str(batch.event_id), str(batch.id), batch.created_at, batch.generated
    columns = zip(picks.codes, picks.offer_ids, picks.max_uses, strict=True)
    for place, (code, offer_id, max_uses) in enumerate(columns):
        state, guest_id = "issued", None
        if place in picks.guests:
            state, guest_id = "claimed", new_id_text()
            guests.append((event_id, guest_id, *picks.guests[place], at))
        pooled = guest_id is None
        yield event_id, new_id_text(), code, offer_id, batch_id, state, max_uses, guest_id, generated, pooled, at, at
        if place % BREATH == 0:
            await asyncio.sleep(0)
        if progress is not None and place % CHUNK == 0:
            progress(place)
    if progress is not None:
        progress(len(picks))


async def _breathing(rows: Collection[_Values]) -> AsyncIterator[_Values]:
    """Yield the rows and let others run in between: the driver encodes them on the event loop."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % BREATH == 0:
            await asyncio.sleep(0)
