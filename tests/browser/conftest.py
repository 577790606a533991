"""One server and one Chromium for all tests of a run; each test has its own people, event and browser contexts.

Everything here lives on one event loop, the session's, because the browser does.
"""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis
from tests.conftest import TEMPLATE
from tests.support.sockets import Socket
from tests.support.world import Party, World

from .cable import Cable, laid
from .camera import Camera
from .chromium import ROOT, launch
from .guard import Guard
from .night import Night, a_night, stretched
from .server import Remote, Server
from .states import Stage
from .visitors import Visitors

HERE = Path(__file__).parent
PICTURES = ROOT / ".playwright"
"""What the pages of a failed test looked like."""
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    on_the_browsers_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        is_async = isinstance(item, pytest.Function) and asyncio.iscoroutinefunction(item.obj)
        if is_async and item.path.is_relative_to(HERE):
            item.add_marker(on_the_browsers_loop, append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    """What every page's camera sees."""
    return Camera(tmp_path_factory.mktemp("camera") / "camera.y4m")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(camera: Camera) -> AsyncIterator[Browser]:
    """A Chromium. SHOW=1 opens its window, where there is a screen."""
    async with async_playwright() as playwright:
        running = await launch(playwright, camera.file, headed=bool(os.environ.get("SHOW")))
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that all tests share, with a Redis and a database of its own."""
    assert (ROOT / "web" / "dist" / "app" / "index.html").exists(), "the pages are not built: run `make setup`"
    folder = tmp_path_factory.mktemp("server")
    with LocalRedis(folder / "redis") as redis:
        name = f"browser_{secrets.token_hex(8)}"
        admin = await asyncpg.connect(postgres.url("postgres"))
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        await admin.close()
        running = Server(postgres.url(name), redis.url, folder)
        await running.start()
        yield running
        await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def world(server: Server) -> AsyncIterator[World]:
    """Makes people and events through the API, as other programs would."""
    async with aiohttp.ClientSession() as session:
        yield World(Remote(server.url, session))


@pytest_asyncio.fixture(loop_scope="session")
async def party(world: World) -> Party:
    """An open event of this test's own, with everything in it."""
    return await Party(world).begin()


@pytest_asyncio.fixture(loop_scope="session")
async def guard() -> AsyncIterator[Guard]:
    """Fails the test when a page complains of something that was not expected."""
    watching = Guard()
    yield watching
    watching.check()


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(
    browser: Browser, server: Server, camera: Camera, guard: Guard, request: pytest.FixtureRequest
) -> AsyncIterator[Visitors]:
    """Opens pages: `await visitors.open("/app/", profile="phone", theme="dark", language="lt")`."""
    camera.show_nothing()
    all_of_them = Visitors(browser, server.url, guard)
    yield all_of_them
    if request.node.stash.get(FAILED, False):
        await all_of_them.picture(PICTURES, re.sub(r"\W+", "-", request.node.name))
    await all_of_them.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def cable(server: Server) -> AsyncIterator[Cable]:
    """A way of this test's own to the server, which it may cut."""
    async with laid(server.url) as one:
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def night(server: Server) -> AsyncIterator[Night]:
    """A lively event that tests look at and never change."""
    async with aiohttp.ClientSession() as session, AsyncExitStack() as online:
        made = await a_night(World(Remote(server.url, session)))
        await stretched(made, server.database_url)
        for door in made.doors[:-1]:
            socket = await online.enter_async_context(Socket(door.client, door.token))
            await socket.call("watch", {"event_id": made.id})
        yield made


@pytest.fixture
def stage(
    visitors: Visitors, server: Server, guard: Guard, camera: Camera, world: World, party: Party, night: Night
) -> Stage:
    """What a state has to act with."""
    return Stage(visitors, server, guard, camera, world, party, night)
