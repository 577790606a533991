"""What the nodes of all tests are spared: dear passwords and door books, and that a Redis that is slow is away."""

from functools import partial

import pytest

from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.redis import Redis
from tests.support.waiting import PATIENCE


def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nodes hash passwords and seal vouchers cheaply, and wait for Redis for as long as it takes.

    A Redis that is killed is away at once all the same. What passwords and seals cost in earnest, and how long a Redis
    that hangs is waited for, is the business of the tests that are about that.
    """
    monkeypatch.setattr("dibs_realtime.doors.book.repository.ITERATIONS", 16)
    monkeypatch.setattr("dibs_realtime.app.Passwords", partial(Passwords, rounds=1, memory_kib=1024, parallelism=1))
    monkeypatch.setattr("dibs_realtime.app.Redis", partial(Redis, timeout=PATIENCE))
