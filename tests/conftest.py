"""Real servers for the whole run, a migrated database of its own for each test, nodes on it, and a world to act in."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import cycle
from typing import Any

import asyncpg
import hypothesis
import pytest
import redis as plain_redis
from aiohttp import web

from dibs_realtime.app import create_app
from dibs_realtime.kit.database import Database
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.migrate import migrate
from dibs_realtime.settings import Settings
from tests.support.clock import MovableClock
from tests.support.nodes import unhurried
from tests.support.rest import Client
from tests.support.world import Party, World

TEMPLATE = "dibs_template"
# Only here: what a test run leaves need not survive a power cut.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
StartNode = Callable[..., Awaitable[Client]]

# How long an example takes is the machine's business. What is loaded already (there is one for CI) stays otherwise.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """PostgreSQL, with a template database that is migrated and closed to everybody."""
    with LocalPostgres(tmp_path_factory.mktemp("shared") / "postgres", QUICK) as server:
        server.ensure_database(TEMPLATE)
        asyncio.run(migrate(server.url(TEMPLATE)))
        # Nobody may be connected while it is copied, autovacuum neither.
        asyncio.run(_admin(server, f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false IS_TEMPLATE true"))
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedis]:
    """A Redis-protocol server."""
    with LocalRedis(tmp_path_factory.mktemp("shared") / "redis") as server:
        yield server


@pytest.fixture
async def database_url(postgres: LocalPostgres) -> AsyncIterator[str]:
    """A database of this test's own."""
    name = f"test_{secrets.token_hex(8)}"
    await _admin(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.url(name)
    await _admin(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's own connections to its database."""
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def redis_url(redis_server: LocalRedis) -> str:
    """A Redis that is empty."""
    with plain_redis.Redis.from_url(redis_server.url) as connection:
        connection.flushall()
    return redis_server.url


@pytest.fixture
def clock() -> MovableClock:
    """The clock of all nodes."""
    return MovableClock()


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """The settings of all nodes."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key=secrets.token_urlsafe(32),
        public_url="https://party.example",
    )


@pytest.fixture
def start_node(
    settings: Settings,
    clock: MovableClock,
    aiohttp_client: Callable[..., Awaitable[Client]],
    monkeypatch: pytest.MonkeyPatch,
) -> StartNode:
    """Start a node: `await start_node()`, or `await start_node(guest_burst=2)` for one with other settings."""
    unhurried(monkeypatch)

    async def start(**other: Any) -> Client:
        return await aiohttp_client(create_app(settings.model_copy(update=other), clock))

    return start


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the spine be tested on several nodes: `--nodes 2`."""
    parser.addoption("--nodes", type=int, default=1, help="Nodes that take turns at answering the tests' requests.")


@pytest.fixture
async def client(start_node: StartNode, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The first node and a client for it. With `--nodes`: each request goes to the next one, like behind a balancer."""
    first = await start_node()
    nodes = [first, *[await start_node() for _ in range(1, pytestconfig.getoption("nodes"))]]
    if len(nodes) > 1:
        turns = cycle([node.server for node in nodes])
        monkeypatch.setattr(first, "make_url", lambda path: next(turns).make_url(path))
    return first


@pytest.fixture
def app(client: Client) -> web.Application:
    """The first node's application."""
    made: web.Application | None = client.app
    assert made is not None
    return made


@pytest.fixture
async def second_node(client: Client, start_node: StartNode) -> Client:
    """Another node on the same database and Redis."""
    del client  # the first is there already
    return await start_node()


@pytest.fixture
def world(client: Client, clock: MovableClock) -> World:
    """A world on the first node."""
    return World(client, clock)


@pytest.fixture
async def party(world: World) -> Party:
    """An open event with everything in it."""
    return await Party(world).begin()


async def _admin(server: LocalPostgres, sql: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
