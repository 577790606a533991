"""What the nodes of all tests are spared: dear passwords and door books, and that a Redis that is slow is away."""

from collections.abc import Sequence
from functools import partial

import pytest

from dibs_realtime.doors.book.model import derive, seal
from dibs_realtime.doors.book.repository import Book
from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.redis import Redis
from tests.support.waiting import PATIENCE


class SealsHere:
    """Stretches and seals at once, in the node's own process.

    A process of its own for each node takes longer to start than all its sealing, and gives way to whatever else the
    machine does.
    """

    async def seal(
        self, book: Book, items: Sequence[tuple[str | None, bytes | None, int, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        """Return the derived bytes and the record of each item."""
        made = []
        for code, known, ordinal, content in items:
            derived = known if known is not None else derive(code or "", book.salt, book.iterations)
            made.append((derived, seal(derived, ordinal, content)))
        return made

    async def close(self) -> None:
        """Do nothing: there is no process."""


def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nodes hash passwords and seal vouchers cheaply, and wait for Redis for as long as it takes.

    A Redis that is killed is away at once all the same. What passwords and seals cost in earnest, and how long a Redis
    that hangs is waited for, is the business of the tests that are about that.
    """
    monkeypatch.setattr("dibs_realtime.doors.book.repository.ITERATIONS", 16)
    monkeypatch.setattr("dibs_realtime.doors.book.sealer.Stretcher", SealsHere)
    monkeypatch.setattr("dibs_realtime.app.Passwords", partial(Passwords, rounds=1, memory_kib=1024, parallelism=1))
    monkeypatch.setattr("dibs_realtime.app.Redis", partial(Redis, timeout=PATIENCE))
