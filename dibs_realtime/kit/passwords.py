"""Password hashing: argon2id, away from the event loop, never more at once than the machine can bear."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.hash import argon2  # type: ignore[import-untyped]  # libpass carries no types

from dibs_realtime.kit import problems

Answer = TypeVar("Answer")

WORKERS = 2
"""Hashes computed at the same moment; each takes about 0.1 s of a core and 64 MiB."""
MOST_WAITING = 48
"""Beyond this many at once the answer is 503: they are about two and a half seconds of work."""


class Passwords:
    """Hashes and verifies. One instance a process."""

    def __init__(self, *, rounds: int = 3, memory_kib: int = 65_536, parallelism: int = 4) -> None:
        """Prepare with argon2id's cost: the defaults are RFC 9106's second recommendation."""
        self._hasher = argon2.using(type="ID", rounds=rounds, memory_cost=memory_kib, parallelism=parallelism)
        self._dummy = f"$argon2id$v=19$m={memory_kib},t={rounds},p={parallelism}${_random(16)}${_random(32)}"
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="passwords")
        self._waiting = 0

    def close(self) -> None:
        """Let go of the threads."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Return the hash to store. Raises Problem 503 when too many wait."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether `stored` is the password's hash. Raises Problem 503 when too many wait.

        None: there is no such account, or it has no password yet. The answer is no, and it takes as long.
        """
        against = stored if stored is not None else self._dummy
        matches = await self._run(lambda: self._hasher.verify(password, against))
        return matches and stored is not None

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        if self._waiting >= MOST_WAITING:
            raise problems.unavailable("Too many people sign in at this moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._waiting -= 1


def _random(size: int) -> str:
    return b64encode(os.urandom(size)).decode().rstrip("=")
