"""The scene, and the route table beside the catalogue."""

import pytest
from aiohttp import web

from dibs_realtime.accounts.links import PasswordLinks
from dibs_realtime.app import PARTS
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import BASE_PATH, Route
from tests.api import scene as scenes
from tests.api.scene import Scene
from tests.support.world import World


@pytest.fixture
async def scene(world: World, database: Database) -> Scene:
    """A party with every kind of caller, and another one beside it."""
    scene = await scenes.begin(world)
    # Nobody gets such a link over REST: `dibs user` prints it.
    someone = await world.organizer()
    link = await PasswordLinks(database, "").for_forgotten_password(someone.email, world.clock())
    scene.spare["reset"] = link.rpartition("/")[2]
    return scene


@pytest.fixture
def table(app: web.Application) -> dict[str, Route]:
    """The application's routes by their name in the catalogue."""
    return {f"{route.method} {route.path.removeprefix(BASE_PATH)}": route for route in app[PARTS].routes}
