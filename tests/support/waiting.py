"""Waiting for what happens beside a test."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from dibs_realtime.kit.database import Database

TICK = 0.01
PATIENCE = 60.0
"""Seconds for what has no limit of its own: the machine may be busy."""


async def eventually(
    condition: Callable[[], Any | Awaitable[Any]], seconds: float = PATIENCE, database: Database | None = None
) -> None:
    """Wait until the condition holds, or fail.

    The seconds are counted in ticks of this loop, on which the servers of most tests run too: on a machine that does
    other things at the same time all of them take longer alike. With a `database` a tick is over only when PostgreSQL
    has answered, too: while that stands still, so does the limit for what has to come through it.
    """
    for _ in range(int(seconds / TICK)):
        answer = condition()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        await asyncio.gather(asyncio.sleep(TICK), *([database.fetchval("SELECT 1")] if database else []))
    raise AssertionError(f"not within {seconds} s")
