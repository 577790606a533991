"""The scene, the route table beside the catalogue, and the log."""

import io
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from dibs_realtime.accounts.links import PasswordLinks
from dibs_realtime.app import PARTS
from dibs_realtime.kit import logs
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


@dataclass
class Log:
    """The log as it is written, and the records as they were before anything was blanked."""

    written: io.StringIO = field(default_factory=io.StringIO)
    records: list[logging.LogRecord] = field(default_factory=list)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """Log as a server in production does, and everything: even what is for debugging."""

    def keep(record: logging.LogRecord) -> bool:
        kept.records.append(record)
        return True

    kept, root = Log(), logging.getLogger()
    levels = {logger: logger.level for logger in (root, *map(logging.getLogger, logs.LEVELS))}
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(sys, "stderr", kept.written)
    logs.configure("json", level=logging.DEBUG)
    root.handlers[0].addFilter(keep)
    yield kept
    logging.captureWarnings(capture=False)
    for logger, level in levels.items():
        logger.setLevel(level)
