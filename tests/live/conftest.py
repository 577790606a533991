"""Whole nodes on ports of their own, with limits and a Redis that a test may choose."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.settings import Settings
from tests.support.clock import MovableClock

from .node import Node, Start, nodes
from .party import Party


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[LocalRedis]:
    """A Redis that a test may stop, pause and start again."""
    with LocalRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def start(settings: Settings, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Start nodes: `await start()`, or `await start(redis_url=…, limits={"waiting_bytes": …})`."""
    async with nodes(settings, clock, monkeypatch) as begin:
        yield begin


@pytest.fixture
async def node(start: Start) -> Node:
    """A node."""
    return await start()


@pytest.fixture
async def party(node: Node) -> Party:
    """An open event on it."""
    return await Party.begin(node)
