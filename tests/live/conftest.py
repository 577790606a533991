"""Real servers, a database of its own for each test, and whole nodes on ports of their own."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.migrate import migrate

from .node import Node
from .party import Party

TEMPLATE = "template_of_tests"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    with LocalPostgres(tmp_path_factory.mktemp("live") / "postgres", {"fsync": "off"}) as server:
        server.ensure_database(TEMPLATE)
        asyncio.run(migrate(server.url(TEMPLATE)))
        yield server


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedis]:
    with LocalRedis(tmp_path_factory.mktemp("live") / "redis") as server:
        yield server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[LocalRedis]:
    """A Redis that a test may stop, pause and start again."""
    with LocalRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def database_url(postgres: LocalPostgres) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def start(database_url: str, shared_redis: LocalRedis) -> AsyncIterator[Callable[..., Awaitable[Node]]]:
    """Start nodes: `await start()`, or `await start(redis_url=…, limits=…)`."""
    async with AsyncExitStack() as running:

        async def begin(**options: object) -> Node:
            node = Node(**{"database_url": database_url, "redis_url": shared_redis.url, **options})
            await node.open()
            running.push_async_callback(node.close)
            return node

        yield begin


@pytest.fixture
async def node(start: Callable[..., Awaitable[Node]]) -> Node:
    return await start()


@pytest.fixture
async def party(node: Node) -> Party:
    """An open event on `node`."""
    return await Party.begin(node)
