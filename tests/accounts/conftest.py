"""Real servers, a database of its own for each test, and nodes of the part of the server that is tested here."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer
from redis import Redis as PlainRedis

from dibs_realtime.kit.clock import utc_now
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.migrate import migrate

from .node import Node

TEMPLATE = "template_of_tests"


class SetClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = utc_now().replace(microsecond=0)

    def __call__(self):
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    with LocalPostgres(tmp_path_factory.mktemp("accounts") / "postgres", {"fsync": "off"}) as server:
        server.ensure_database(TEMPLATE)
        asyncio.run(migrate(server.url(TEMPLATE)))
        yield server


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory):
    with LocalRedis(tmp_path_factory.mktemp("accounts") / "redis") as server:
        yield server


@pytest.fixture
async def database_url(postgres) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def redis_url(shared_redis) -> str:
    with PlainRedis.from_url(shared_redis.url) as plain:
        plain.flushall()
    return shared_redis.url


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def start(database_url, redis_url, clock) -> AsyncIterator[Callable[..., Awaitable[Node]]]:
    """Start nodes: `await start()`, or `await start(redis_url=…)` for one whose Redis is another or none."""
    async with AsyncExitStack() as running:

        async def begin(**other) -> Node:
            node = Node(**{"database_url": database_url, "redis_url": redis_url, "clock": clock, **other})
            await node.open()
            running.push_async_callback(node.close)
            return node

        yield begin


@pytest.fixture
async def node(start) -> Node:
    return await start()


@pytest.fixture
async def client(node) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(node.app())) as made:
        yield made
