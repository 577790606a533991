"""Connections to PostgreSQL: a pool for queries, a small one for the ledger's writer, one connection for the news."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from dibs_realtime.kit import problems
from dibs_realtime.kit.lending import Lending, is_lost

# Whatever the statistics say, the writer's statements go through their index: right after a bulk load, or on a table
# that grew from nothing within minutes, the planner else scans the whole table for every batch. A generic plan is
# then the right one whatever the arguments, so planning happens once in PLAN_SECONDS.
WRITER_PLANS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
# Queries may join as they like: some answer with thousands of rows. They, too, are asked about one event's rows, and a
# scan of a table that was small when it was planned is then a scan of everybody's.
READER_PLANS = {"enable_seqscan": "off", "jit": "off"}
# Times come back as they went in, whatever zone the server was set up with; a lost peer's locks do not outlive it by
# hours.
SESSION = {"timezone": "UTC", "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
_BROKEN_OFF = (
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What a statement ends with when the database goes away meanwhile."""
_UNREACHABLE = (OSError, asyncpg.InterfaceError, *_BROKEN_OFF)
"""What comes instead of a connection when it is away."""
ACQUIRE_SECONDS = 3.0
STATEMENT_SECONDS = 8.0
CLOSE_SECONDS = 5.0
PLAN_SECONDS = 5.0
"""How long a plan is used. While a table is empty PostgreSQL cannot tell which of its indexes serves best, and a plan
of then must be gone by the time the table has filled."""

Connection = Any
"""An asyncpg connection or its pool proxy; the stubs type them apart, their use is the same."""

REPLAY_TRIES, REPLAY_PAUSE = 5, 0.02
"""How often, and how many seconds apart, a replica is asked whether it has caught up."""
REPLICA_SECONDS = 0.2
"""How long all that may take, a connection included: one that hangs is not waited for."""
REPLICA_REST_SECONDS = 5.0
"""How long a replica that failed is left alone."""


class UnfitError(Exception):
    """The database answers but is not set up as it must be. One line for whoever starts us."""


class Database:
    """The pools of one process. Every way in turns "PostgreSQL is away" into Problem 503."""

    def __init__(
        self,
        url: str,
        *,
        writer_url: str | None = None,
        replica_url: str | None = None,
        prepared: bool = True,
        readers: int = 7,
        writers: int = 4,
        plan_seconds: float = PLAN_SECONDS,
    ) -> None:
        """writer_url: another way to the same database for the ledger's writer (a pooler's entry with its settings).

        replica_url: a streaming replica. prepared: keep statements prepared; not through a pooler that loses them.
        plan_seconds: how long a connection keeps its plans.
        """
        self._url = url
        self._writer_url = writer_url or url
        self._replica_url = replica_url
        self._prepared = prepared
        self._readers = readers
        self._writers = writers
        self._plan_seconds = plan_seconds
        self._read: Lending | None = None
        self._write: Lending | None = None
        self._reserve: Lending | None = None
        self._replica: Lending | None = None
        self._replica_rests_until = 0.0

    async def open(self) -> None:
        """Open the pools. Raises OSError or an asyncpg error when the database does not answer, or UnfitError."""
        self._read = await self._pool(self._url, self._readers, READER_PLANS)
        self._write = await self._pool(self._writer_url, self._writers, WRITER_PLANS)
        # By the writer's way: a pooler before the readers may have a queue.
        self._reserve = await self._pool(self._writer_url, 1, WRITER_PLANS, at_once=0)
        await self._check_plans()
        if self._replica_url:
            # It is not needed: a replica that is away stops no start.
            self._replica = await self._pool(self._replica_url, self._readers, READER_PLANS, at_once=0)

    async def close(self) -> None:
        """Close the pools; running statements get a few seconds."""
        for pool in (self._read, self._write, self._reserve, self._replica):
            if pool is not None:
                await pool.close(CLOSE_SECONDS)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Lend a connection for queries and for writes outside the ledger."""
        async with _borrowed(self._read) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """Lend a connection of the ledger's writer."""
        async with _borrowed(self._write) as connection:
            yield connection

    @asynccontextmanager
    async def reserved(self) -> AsyncIterator[Connection]:
        """Lend the one connection that is kept for what must not wait behind a crowd."""
        async with _borrowed(self._reserve) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction."""
        async with self.reading() as connection, connection.transaction():
            yield connection

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        """Return all rows."""
        async with self.reading() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def fetch_aside(self, sql: str, *arguments: Any) -> list[Any]:
        """Return all rows, from the replica where it has everything that was committed before this call.

        Else from the primary: a replica that is away or behind is never seen by anybody. For long reads; a short one
        costs less on the primary than asking how far the replica is.
        """
        if self._replica is not None and time.monotonic() >= self._replica_rests_until:
            committed = await self.fetchval("SELECT pg_current_wal_flush_lsn()::text")
            try:
                async with asyncio.timeout(REPLICA_SECONDS) as patience, _borrowed(self._replica) as connection:
                    if await _has_replayed(connection, committed):
                        patience.reschedule(None)
                        return list(await connection.fetch(sql, *arguments))
            except (problems.Problem, TimeoutError):
                self._replica_rests_until = time.monotonic() + REPLICA_REST_SECONDS
            except asyncpg.PostgresError:  # a read that a replay is in the way of
                pass
        return await self.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        """Return the first row or None."""
        async with self.reading() as connection:
            return await connection.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """Return the first row's first value or None."""
        async with self.reading() as connection:
            return await connection.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: Any) -> str:
        """Run a statement; return its command tag."""
        async with self.reading() as connection:
            tag: str = await connection.execute(sql, *arguments)
            return tag

    async def _check_plans(self) -> None:
        # A pooler drops what it does not know, and a server with other plans is right but slower by far.
        for borrow, plans, setting in (
            (self.reading, READER_PLANS, "DIBS_DATABASE_URL"),
            (self.writing, WRITER_PLANS, "DIBS_DATABASE_WRITER_URL"),
        ):
            async with borrow() as connection:
                found = await connection.fetch(
                    "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])", list(plans)
                )
            missing = sorted(plans.items() - {(row["name"], row["setting"]) for row in found})
            if missing:
                settings = ", ".join(f"{name} = {value}" for name, value in missing)
                raise UnfitError(
                    f"Connections to {setting} lack {settings}. A pooler in between lost that: name an entry there"
                    " whose connect_query sets it (docs/scaling.md)."
                )

    async def _pool(self, url: str, size: int, settings: dict[str, str], *, at_once: int = 1) -> Lending:
        pool = await asyncpg.create_pool(
            url,
            min_size=at_once,
            max_size=size,
            command_timeout=STATEMENT_SECONDS,
            timeout=ACQUIRE_SECONDS,
            max_inactive_connection_lifetime=300,
            statement_cache_size=500 if self._prepared else 0,
            reset=_left_as_found,
            server_settings={"application_name": "dibs", **SESSION, **settings},
        )
        return Lending(pool, self._plan_seconds if self._prepared else math.inf)


async def _left_as_found(_connection: Connection) -> None:
    """Spare the round trip that resets a returned connection: nobody leaves a lock, a cursor or a setting behind."""


async def _has_replayed(replica: Connection, committed: str) -> bool:
    """Say whether the replica shows all that the primary had committed at that place of its log; wait a moment."""
    try:
        for attempt in range(REPLAY_TRIES):
            if attempt:
                await asyncio.sleep(REPLAY_PAUSE)
            # Null on a server that is no replica: then it is not ours to trust.
            if await replica.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", committed):
                return True
    except asyncio.CancelledError:
        # The pool would wait for the server to stop the statement, and the server may not hear it.
        replica.terminate()
        raise
    return False


@asynccontextmanager
async def _borrowed(pool: Lending | None) -> AsyncIterator[Connection]:
    if pool is None:
        raise problems.unavailable()
    try:
        connection = await pool.take(ACQUIRE_SECONDS)
    except _UNREACHABLE as error:
        raise _away() from error
    whole = False
    try:
        try:
            yield connection
            whole = True
        except asyncpg.InterfaceError as error:
            if is_lost(connection):
                raise _away() from error
            connection.terminate()  # a mistake of ours, such as two statements at once: who knows what it is at
            raise
        finally:
            await pool.give(connection, whole=whole)
    except _BROKEN_OFF as error:
        raise _away() from error


def _away() -> BaseException:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        # The driver tells how the connection broke off, not why: whoever was cancelled must not go on.
        return asyncio.CancelledError()
    return problems.unavailable("The database is away. Nothing is lost: try again.")
