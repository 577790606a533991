"""Connections to PostgreSQL: a pool for queries and a small one for the ledger's writer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from dibs_realtime.kit import problems

# Whatever the statistics say, the writer's statements go through their index: right after a bulk load, or on a table
# that grew from nothing within minutes, the planner else scans the whole table for every batch. A generic plan is
# then the right one for good, so planning happens once.
WRITER_PLANS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
# Times come back as they went in, whatever zone the server was set up with; a lost peer's locks do not outlive it by
# hours.
SESSION = {"timezone": "UTC", "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)
ACQUIRE_SECONDS = 3.0
STATEMENT_SECONDS = 8.0

Connection = Any
"""An asyncpg connection or its pool proxy; the stubs type them apart, their use is the same."""


class Database:
    """The pools of one process. Every way in turns "PostgreSQL is away" into Problem 503."""

    def __init__(self, url: str, *, replica_url: str | None = None, readers: int = 8, writers: int = 4) -> None:
        self._url = url
        self._replica_url = replica_url
        self._readers = readers
        self._writers = writers
        self._read: asyncpg.Pool[Any] | None = None
        self._write: asyncpg.Pool[Any] | None = None
        self._replica: asyncpg.Pool[Any] | None = None

    async def open(self) -> None:
        """Open the pools. Raises OSError or an asyncpg error when the database does not answer."""
        self._read = await self._pool(self._url, self._readers, {"jit": "off"})
        self._write = await self._pool(self._url, self._writers, WRITER_PLANS)
        if self._replica_url:
            # It is not needed: a replica that is away stops no start.
            self._replica = await self._pool(self._replica_url, self._readers, {"jit": "off"}, at_once=0)

    async def close(self) -> None:
        """Close the pools; running statements get a few seconds."""
        for pool in (self._read, self._write, self._replica):
            if pool is not None:
                try:
                    await asyncio.wait_for(pool.close(), 5)
                except TimeoutError:
                    pool.terminate()

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
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction."""
        async with self.reading() as connection, connection.transaction():
            yield connection

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        """Return all rows."""
        async with self.reading() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def fetch_behind(self, sql: str, *arguments: Any) -> list[Any]:
        """Return all rows as they were a moment ago: from the replica, or from the primary where it is away."""
        if self._replica is not None:
            try:
                async with _borrowed(self._replica) as connection:
                    return list(await connection.fetch(sql, *arguments))
            except problems.Problem:
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

    async def _pool(self, url: str, size: int, settings: dict[str, str], *, at_once: int = 1) -> "asyncpg.Pool[Any]":
        return await asyncpg.create_pool(
            url,
            min_size=at_once,
            max_size=size,
            command_timeout=STATEMENT_SECONDS,
            timeout=ACQUIRE_SECONDS,
            max_inactive_connection_lifetime=300,
            statement_cache_size=500,
            reset=_left_as_found,
            server_settings={"application_name": "dibs", **SESSION, **settings},
        )


async def _left_as_found(_connection: Connection) -> None:
    """Spare the round trip that resets a returned connection: nobody leaves a lock, a cursor or a setting behind."""


@asynccontextmanager
async def _borrowed(pool: "asyncpg.Pool[Any] | None") -> AsyncIterator[Connection]:
    if pool is None:
        raise problems.unavailable()
    try:
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            yield connection
    except _AWAY as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # The driver tells how the connection broke off, not why: whoever was cancelled must not go on.
            raise asyncio.CancelledError from error
        raise problems.unavailable("The database is away. Nothing is lost: try again.") from error
