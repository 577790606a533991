"""What is measured: how each target is started, and what to send to it."""

import asyncio
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.organizer import HotEvent, Organizer
from bench.original.app import OriginalSettings
from bench.original.seed import new_codes, seed
from bench.processes import HOST, Server, free_port, serving
from bench.watcher import Watch
from dibs_realtime import settings
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.migrate import migrate
from dibs_realtime.settings import Settings

ORIGINAL_DATABASE = "original"
BY_HAND_DATABASE = "original_by_hand"
CONSTANT_DATABASE = "constant"
_numbers = count(1)


class Codes:
    """Codes in an order of their own. What was spent does not come again, except of `endless` ones."""

    def __init__(self, codes: list[str], *, endless: bool = False) -> None:
        self._codes = codes
        self._endless = endless
        random.Random(1).shuffle(self._codes)  # guests come in no order; the same one in every run
        self._spent = 0

    def next(self, wanted: int) -> list[str]:
        """Return the next ones to send; fewer when there are no more."""
        return self._codes[self._spent : self._spent + wanted]

    def spend(self, count: int) -> None:
        """Say how many of the next ones were sent."""
        if not self._endless:
            self._spent += count


@dataclass(frozen=True, slots=True)
class Target:
    """One server and its hot event. `watch`: how to watch it live while it is measured."""

    name: str
    server: Server
    path: str
    token: str
    codes: Codes
    watch: Watch | None = None


@contextmanager
def original(
    servers: LocalServers,
    logs: Path,
    vouchers: int,
    *,
    processes: int = 1,
    database: str = ORIGINAL_DATABASE,
    by_hand: bool = False,
) -> Iterator[Target]:
    """Run the original stack on a database of its own. by_hand: with statements in place of the unit of work."""
    servers.postgres.ensure_database(database)
    configured = OriginalSettings(servers.postgres.url(database), servers.redis_url, secrets.token_urlsafe(32))
    event_id, token, codes = asyncio.run(seed(configured, vouchers))
    environment = {
        "ORIGINAL_DATABASE_URL": configured.database_url,
        "ORIGINAL_REDIS_URL": configured.redis_url,
        "ORIGINAL_SECRET_KEY": configured.secret_key,
        "ORIGINAL_BY_HAND": "1" if by_hand else "",
    }
    port = free_port()
    with serving("bench.original", [str(port), str(processes)], port, environment, logs / f"{database}.log") as server:
        name = "original by hand" if by_hand else "original"
        yield Target(name, server, f"/events/{event_id}/redemptions", token, Codes(codes))


@contextmanager
def ours(servers: LocalServers, logs: Path, vouchers: int) -> Iterator[tuple[Target, HotEvent]]:
    """Run one process of `dibs serve` and prepare a hot event on it; yields both."""
    with _dibs("dibs_realtime", ["serve"], servers, logs, servers.database_url) as server:
        event = asyncio.run(_prepared(server.port, vouchers))
        # The door watches: its token outlives a long run, the manager's ends after a quarter of an hour.
        watch = Watch(server.port, event.device_token, event.event_id)
        path = f"/api/v1/events/{event.event_id}/redemptions"
        yield Target("ours", server, path, event.device_token, Codes(event.codes), watch), event


@contextmanager
def constant(servers: LocalServers, logs: Path, codes: int) -> Iterator[Target]:
    """Run another process of the same server that answers a door with a constant.

    On a database of its own: on ours the two would be neighbours, and either would decide for the other.
    """
    servers.postgres.ensure_database(CONSTANT_DATABASE)
    with _dibs("bench.constant", [], servers, logs, servers.postgres.url(CONSTANT_DATABASE)) as server:
        event = asyncio.run(_prepared(server.port, 1))
        path = f"/api/v1/bench/{event.event_id}/constant"
        yield Target("constant", server, path, event.device_token, Codes(new_codes(codes), endless=True))


@contextmanager
def _dibs(module: str, arguments: list[str], servers: LocalServers, logs: Path, database_url: str) -> Iterator[Server]:
    asyncio.run(migrate(database_url))
    port = free_port()
    configured = Settings(
        database_url=database_url,
        redis_url=servers.redis_url,
        secret_key=servers.secret_key(),
        public_url=f"http://localhost:{port}",
        host=HOST,
        port=port,
    )
    log = logs / f"{next(_numbers)}-{module}.log"
    with serving(module, arguments, port, settings.environment(configured), log) as server:
        yield server


async def _prepared(port: int, vouchers: int) -> HotEvent:
    async with Organizer(port) as organizer:
        return await organizer.prepare(vouchers)
