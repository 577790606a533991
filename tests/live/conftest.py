"""Whole nodes on ports of their own, with limits and a Redis that a test may choose."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.settings import Settings

from .node import Node, Start
from .party import Party


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[LocalRedis]:
    """A Redis that a test may stop, pause and start again."""
    with LocalRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Start nodes: `await start()`, or `await start(redis_url=…, limits={"waiting_bytes": …})`."""
    monkeypatch.setattr("dibs_realtime.app.Passwords", partial(Passwords, rounds=1, memory_kib=1024, parallelism=1))
    async with AsyncExitStack() as running:

        async def begin(limits: dict[str, Any] | None = None, **other: Any) -> Node:
            node = Node(settings.model_copy(update=other), limits or {}, monkeypatch)
            await node.open()
            running.push_async_callback(node.close)
            return node

        yield begin


@pytest.fixture
async def node(start: Start) -> Node:
    """A node."""
    return await start()


@pytest.fixture
async def party(node: Node) -> Party:
    """An open event on it."""
    return await Party.begin(node)
