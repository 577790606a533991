"""What every route answers while PostgreSQL or Redis is away."""

import asyncio
import time
from pathlib import Path

from dibs_realtime.accounts.links import PasswordLinks
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Route
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.migrate import migrate
from tests.api import scene as scenes
from tests.api.catalogue import OPERATIONS
from tests.api.scene import Scene
from tests.api.test_routes import good
from tests.conftest import QUICK, StartNode
from tests.support.clock import MovableClock
from tests.support.rest import Client
from tests.support.world import World

NEED_NOTHING = ("GET /healthz", "GET /metrics", "GET /api/openapi.json", "GET /api/asyncapi.json")


async def test_without_redis_every_route_works(scene: Scene, table: dict[str, Route], redis_server: LocalRedis) -> None:
    redis_server.kill()
    try:
        for name, operation in OPERATIONS.items():
            answer = await good(scene, name, operation)
            assert answer.status == table[name].status, f"{name}: {answer.status} {answer.raw!r}"
    finally:
        redis_server.start()


async def test_without_postgresql_every_route_says_when_to_come_back(
    tmp_path: Path, start_node: StartNode, clock: MovableClock
) -> None:
    with LocalPostgres(tmp_path / "postgres", QUICK) as server:
        server.ensure_database()
        await migrate(server.url())
        scene = await _scene(server.url(), await start_node(database_url=server.url()), clock)
        server.kill()
        for name, operation in OPERATIONS.items():
            if name in NEED_NOTHING:
                continue
            started = time.monotonic()
            answer = await good(scene, name, operation)
            if name.endswith("/batch"):  # each item on its own
                assert [result["problem"]["status"] for result in answer.expect(200)["results"]] == [503]
                continue
            assert answer.status == 503, f"{name}: {answer.status} {answer.raw!r}"
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - started < 10, name
        server.start()
        # Whoever comes back is served, as soon as the node has heard whom it must not let in any more.
        async with asyncio.timeout(10):
            while (await scene.owner.ask("GET", "/users/me")).status == 503:  # noqa: ASYNC110  # that is what is tested
                await asyncio.sleep(0.1)
        await scene.owner.get("/events")
        await scene.party.device.get(f"{scene.party.path}/snapshot")
        await scene.party.guest.get("/guest/vouchers")


async def _scene(database_url: str, client: Client, clock: MovableClock) -> Scene:
    scene = await scenes.begin(World(client, clock))
    database = Database(database_url)
    await database.open()
    link = await PasswordLinks(database, "").for_forgotten_password(scene.party.owner.email, clock())
    await database.close()
    scene.spare["reset"] = link.rpartition("/")[2]
    return scene
