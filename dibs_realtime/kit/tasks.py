"""The end of tasks that run in the background."""

import asyncio
import logging
from typing import Any

_log = logging.getLogger(__name__)

AGAIN_SECONDS = 2.0
"""How long a task has to end before it is cancelled once more."""


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel the tasks and wait until all have ended, however they end; None is no task.

    One cancellation is not always enough: where it meets a connection that breaks, a library may raise that error in
    its place, and a loop that survives errors goes on. So a task that is still there after a while is cancelled again.
    """
    there = [task for task in tasks if task is not None]
    pending = {task for task in there if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
        if pending:
            _log.warning("tasks outlived their end", extra={"tasks": sorted(task.get_name() for task in pending)})
    for task in there:
        if not task.cancelled():
            task.exception()  # looked at, so that nobody is told of it later
