"""What every route answers while PostgreSQL or Redis is away."""

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
from tests.support.waiting import PATIENCE, eventually
from tests.support.world import World

READINESS = "GET /readyz"
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
            if name in (*NEED_NOTHING, READINESS):
                continue
            started = time.monotonic()
            answer = await good(scene, name, operation)
            if name.endswith("/batch"):  # each item on its own
                assert [result["problem"]["status"] for result in answer.expect(200)["results"]] == [503]
                continue
            assert answer.status == 503, f"{name}: {answer.status} {answer.raw!r}"
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - started < PATIENCE, name

        async def is_away(name: str) -> bool:
            return (await good(scene, name, OPERATIONS[name])).status == 503

        async def is_back(name: str) -> bool:
            return not await is_away(name)

        # A node calls itself ready until it has heard nothing of PostgreSQL for a while.
        await eventually(lambda: is_away(READINESS))
        server.start()
        # Whoever comes back is served, as soon as the node has heard whom it must not let in any more.
        await eventually(lambda: is_back("GET /users/me"))
        await eventually(lambda: is_back(READINESS))
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
