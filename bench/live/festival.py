"""What is measured: nodes of ours on one database and one Redis, a hot event, and sessions of those who watch it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.organizer import HotEvent, Organizer
from bench.processes import HOST, Server, free_port, serving
from dibs_realtime import settings
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.tokens import Claims, Tokens
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.migrate import migrate
from dibs_realtime.settings import Settings

MEMBERS = 200
"""So many viewers share the sessions among them: people have a phone, a tablet and a desk."""
SESSION = timedelta(days=1)


@dataclass(slots=True)
class Festival:
    """A hot event, its codes (each is used once) and the watchers' tokens, each of a session of its own."""

    servers: LocalServers
    folder: Path
    database: str
    event: HotEvent
    tokens: list[str]
    nodes: int = 0

    def codes(self, wanted: int) -> list[str]:
        """Return codes that nobody has used."""
        taken = self.event.codes[:wanted]
        del self.event.codes[:wanted]
        return taken

    @property
    def redemptions(self) -> str:
        """The path of the doors."""
        return f"/api/v1/events/{self.event.event_id}/redemptions"

    @contextmanager
    def node(self, port: int | None = None) -> Iterator[Server]:
        """Run a node."""
        self.nodes += 1
        with node(self.servers, self.database, self.folder / f"live-node-{self.nodes}.log", port) as server:
            yield server


async def prepare(servers: LocalServers, folder: Path, database: str, vouchers: int, watchers: int) -> Festival:
    """Make the database, the event and the watchers; a node of ours runs for as long as that takes."""
    servers.postgres.ensure_database(database)
    await migrate(servers.postgres.url(database))
    with node(servers, database, folder / "live-preparing.log", None) as server:
        async with Organizer(server.port) as organizer:
            event = await organizer.prepare(vouchers)
    tokens = await _sessions(servers, database, UUID(event.event_id), watchers)
    return Festival(servers, folder, database, event, tokens)


@contextmanager
def node(servers: LocalServers, database: str, log: Path, port: int | None) -> Iterator[Server]:
    """Run one process of `dibs serve`."""
    port = port or free_port()
    configured = Settings(
        database_url=servers.postgres.url(database),
        redis_url=servers.redis_url,
        secret_key=servers.secret_key(),
        public_url=f"http://localhost:{port}",
        host=HOST,
        port=port,
    )
    with serving("dibs_realtime", ["serve"], port, settings.environment(configured), log) as server:
        yield server


async def _sessions(servers: LocalServers, database: str, event_id: UUID, count: int) -> list[str]:
    """Sign viewers in, as many times as there are watchers: by hand, for hashing passwords takes 0.1 s each."""
    now = datetime.now(UTC)
    until = now + SESSION
    members = [new_id() for _ in range(MEMBERS)]
    sessions = [(new_id(), members[number % MEMBERS]) for number in range(count)]
    connection = await asyncpg.connect(servers.postgres.url(database))
    try:
        await connection.copy_records_to_table(
            "users",
            records=[(user, f"viewer-{n}@example.com", "Viewer", now, now) for n, user in enumerate(members)],
            columns=["id", "email", "name", "created_at", "updated_at"],
        )
        await connection.copy_records_to_table(
            "members",
            records=[(event_id, user, "viewer", now, now) for user in members],
            columns=["event_id", "user_id", "role", "created_at", "updated_at"],
        )
        await connection.copy_records_to_table(
            "sessions",
            records=[(session, "user", user, secrets.token_bytes(16), now, now, until) for session, user in sessions],
            columns=["id", "kind", "subject_id", "refresh_salt", "created_at", "last_used_at", "expires_at"],
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    tokens = Tokens(servers.secret_key())
    return [tokens.issue(Claims("user", user, session, None, until), now) for session, user in sessions]
