"""Nodes of the part of the server that is tested here, on a clock that stands still."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from .node import Node, SetClock, Start
from .rest import Rest


@pytest.fixture
def clock() -> SetClock:
    """The clock of all nodes."""
    return SetClock()


@pytest.fixture
async def start(database_url: str, redis_url: str, clock: SetClock) -> AsyncIterator[Start]:
    """Start nodes: `await start()`, or `await start(redis_url=…)` for one whose Redis is another or none."""
    async with AsyncExitStack() as running:

        async def begin(**other: Any) -> Node:
            node = Node(**{"database_url": database_url, "redis_url": redis_url, "clock": clock, **other})
            await node.open()
            running.push_async_callback(node.close)
            return node

        yield begin


@pytest.fixture
async def node(start: Start) -> Node:
    """The first node."""
    return await start()


@pytest.fixture
async def rest(node: Node) -> AsyncIterator[Rest]:
    """A client of the first node."""
    async with Rest.of(node) as made:
        yield made
