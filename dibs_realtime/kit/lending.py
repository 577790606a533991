"""Lending a pool's connections: who works all the time gets the one that was given back a moment ago, at once."""

import asyncio
import logging
from typing import Any

import asyncpg

from dibs_realtime.kit.tasks import end

_log = logging.getLogger(__name__)

REST_SECONDS = 1.0
"""So long at most a connection rests here before the pool gets it back, which closes what nobody needs."""

MOST_KNOWN = 1_000
"""Of so many connections it is remembered how old their plans are; a process has a few dozen at a time."""


def is_lost(connection: Any) -> bool:
    """Say whether the server closed the connection, or whoever had it gave it up."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool took it back already
        return True


class Lending:
    """Lends connections of a pool.

    To take one from the pool and give it back costs more CPU than a short statement (a task, a shield and three timers
    each time), and a busy ledger does it twice a batch. So a connection that comes back whole rests here, unless
    somebody waits: then it goes by way of the pool, which serves them in turn. One that is never left alone never goes
    back, and is not replaced after so and so many statements as the pool would do.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", plan_seconds: float) -> None:
        """plan_seconds: plans that were made longer ago are not used any more; infinite where none are kept."""
        self._pool = pool
        self._plan_seconds = plan_seconds
        self._planned_at: dict[int, float] = {}
        """When each connection began to make new plans, by its server process."""
        self._resting: list[Any] = []
        self._waiting = 0
        self._closing = False
        self._sweep: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def take(self, seconds: float) -> Any:
        """Return a connection, waiting for one up to `seconds`. Raises what the pool raises when there is none.

        Plans that are due are dropped first, for which the server gets as many seconds again.
        """
        connection = await self._resting_or_new(seconds)
        now, pid = asyncio.get_running_loop().time(), connection.get_server_pid()
        if now - self._planned_at.get(pid, now) >= self._plan_seconds:
            try:
                await connection.execute("DISCARD PLANS", timeout=seconds)
            except BaseException:
                connection.terminate()  # the pool would wait for a server that may hang to hear of it
                raise
            self._planned_at[pid] = now
        elif pid not in self._planned_at:
            if len(self._planned_at) >= MOST_KNOWN:  # nearly all of connections that are gone
                self._planned_at.clear()
            self._planned_at[pid] = now
        return connection

    async def give(self, connection: Any, *, whole: bool) -> None:
        """Take a connection back. whole: what it was lent for ended well, so that nothing of it is under way."""
        if not whole or self._waiting or self._closing or is_lost(connection):
            await self._pool.release(connection)
            return
        self._resting.append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(REST_SECONDS, self._begin_sweep)

    async def close(self, seconds: float) -> None:
        """Close all connections; running statements get so many seconds."""
        self._closing = True
        if self._sweep is not None:
            self._sweep.cancel()
        try:
            async with asyncio.timeout(seconds):
                await end(self._sweeping)
                await self._give_back()
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _resting_or_new(self, seconds: float) -> Any:
        while self._resting:
            connection = self._resting.pop()
            if not is_lost(connection):
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=seconds)
        finally:
            self._waiting -= 1

    def _begin_sweep(self) -> None:
        self._sweep = None
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._give_back(), name="connections")

    async def _give_back(self) -> None:
        while self._resting:
            connection = self._resting.pop()
            try:
                await self._pool.release(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:  # it is the pool's to replace
                _log.info("a connection could not be given back", extra={"error": type(error).__name__})
