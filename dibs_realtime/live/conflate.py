"""Many changes, few messages: the last state always goes out, but no more often than it should."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from dibs_realtime.kit import problems
from dibs_realtime.kit.tasks import end

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Conflater(Generic[Key]):
    """Runs `action(key)` at once after a touch, one run at a time for each key and at most one in `seconds`.

    `longer(key)`: seconds to pause after a run where that is more. A touch during or soon after a run is never lost: it
    makes another run. A run that fails is tried again.
    """

    def __init__(
        self,
        seconds: float,
        action: Callable[[Key], Awaitable[None]],
        *,
        longer: Callable[[Key], float] = lambda _: 0.0,
    ) -> None:
        self._seconds = seconds
        self._longer = longer
        self._action = action
        self._dirty: set[Key] = set()
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def touch(self, key: Key) -> None:
        """Something about `key` has changed."""
        self._dirty.add(key)
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key))

    def forget(self, key: Key) -> None:
        """Nobody wants to know any more."""
        self._dirty.discard(key)

    async def close(self) -> None:
        """Stop."""
        await end(*self._tasks.values())

    async def _run(self, key: Key) -> None:
        loop = asyncio.get_running_loop()
        try:
            while key in self._dirty:
                self._dirty.discard(key)
                began = loop.time()
                pause = self._seconds
                try:
                    await self._action(key)
                    pause = max(pause, self._longer(key))
                except Exception as error:  # noqa: BLE001  # whatever it is, it is tried again
                    if not isinstance(error, problems.Problem):
                        _log.exception("a message could not be made")
                    self._dirty.add(key)
                    pause = max(pause, RETRY_SECONDS)
                if (rest := pause - (loop.time() - began)) > 0:
                    await asyncio.sleep(rest)
        finally:
            del self._tasks[key]


class Shared(Generic[Key, Answer]):
    """Lets those who ask for the same thing at the same moment share one answer."""

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Task[Answer]] = {}

    async def ask(self, key: Key, question: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Return the question's answer, which somebody else may have asked for a moment ago."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(question())
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)
