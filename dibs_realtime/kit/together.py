"""Questions that come at the same moment are asked together: one statement for a crowd, and no delay for one alone."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MOST_AT_ONCE = 1_000


class Together(Generic[Key, Value]):
    """Asks for many keys in one question.

    One question at a time: who comes while it is under way goes with the next one, so that no answer is older than
    the asking.
    """

    def __init__(self, read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        """read: answers the values of those keys that have one."""
        self._read = read
        self._waiting: dict[Key, asyncio.Future[Value | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def ask(self, key: Key) -> Value | None:
        """Return the key's value or None. Raises what reading raises."""
        future = self._waiting.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._waiting[key] = loop.create_future()
            if self._task is None:
                self._task = loop.create_task(self._run())
        return await asyncio.shield(future)  # who gives up does not take the others' answer away

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = dict(list(self._waiting.items())[:MOST_AT_ONCE])
                for key in asked:
                    del self._waiting[key]
                await self._answer(asked)
        finally:
            self._task = None

    async def _answer(self, asked: Mapping[Key, "asyncio.Future[Value | None]"]) -> None:
        try:
            found = await self._read(list(asked))
        except Exception as error:  # noqa: BLE001  # whoever asked gets it
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # somebody may have left
            return
        for key, future in asked.items():
            future.set_result(found.get(key))
