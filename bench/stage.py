"""What the rows stand on: a database of ours, nodes on it, and events with an organizer, a door and guests."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from bench.load import Plan, Result
from bench.organizer import Organizer
from bench.processes import HOST, Server, free_port, serving
from bench.run import CONNECTIONS, MeasurementError, load
from dibs_realtime import settings
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.tokens import Claims, Tokens
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.migrate import migrate
from dibs_realtime.settings import Settings

WARM_SECONDS = 0.5
SESSION = timedelta(days=1)


@dataclass(slots=True)
class Event:
    """An open event; `codes` are of the offer that nobody claims, each is used once."""

    id: str
    organizer_token: str
    device_token: str
    offer_id: str
    codes: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Below it lies everything of the event."""
        return f"/api/v1/events/{self.id}"

    def take(self, wanted: int) -> list[str]:
        """Return codes that nobody has used."""
        taken = self.codes[:wanted]
        del self.codes[:wanted]
        return taken


@dataclass(slots=True)
class Stage:
    """Servers that somebody started, and a database on them that is ours alone."""

    servers: LocalServers
    folder: Path
    database: str = "hot"
    nodes: int = 0

    @property
    def url(self) -> str:
        """The database's address."""
        return self.servers.postgres.url(self.database)

    @property
    def processes(self) -> dict[str, int]:
        """Whose CPU time is looked at besides the node's."""
        assert self.servers.postgres.pid is not None
        return {"postgres": self.servers.postgres.pid}

    def begin(self) -> None:
        """Make the database."""
        self.servers.postgres.ensure_database(self.database)
        asyncio.run(migrate(self.url))

    @contextmanager
    def node(self, workers: int = 1) -> Iterator[Server]:
        """Run `dibs serve` on it."""
        self.nodes += 1
        port = free_port()
        configured = Settings(
            database_url=self.url,
            redis_url=self.servers.redis_url,
            secret_key=self.servers.secret_key(),
            public_url=f"http://localhost:{port}",
            host=HOST,
            port=port,
            workers=workers,
        )
        log = self.folder / f"{self.database}-node-{self.nodes}.log"
        arguments = ["serve", "--workers", str(workers)]
        with serving("dibs_realtime", arguments, port, settings.environment(configured), log) as server:
            yield server

    def event(self, port: int, vouchers: int) -> Event:
        """Make an event over the API, as an organizer would."""
        return asyncio.run(self._event(port, vouchers))

    async def _event(self, port: int, vouchers: int) -> Event:
        async with Organizer(port) as organizer:
            hot = await organizer.prepare(vouchers, name=f"hot-{secrets.token_hex(4)}")
            return Event(hot.event_id, hot.organizer_token, hot.device_token, hot.offer_id, hot.codes)

    def sql(self, *statements: str) -> None:
        """Run statements, each on its own."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def value(self, query: str) -> Any:
        """Return the one value that the query selects."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        return asyncio.run(run())

    def guests(self, event: Event, count: int) -> list[str]:
        """Return the tokens of new guests: by hand, for their number an address is limited over the API."""
        return asyncio.run(self._guests(UUID(event.id), count))

    async def _guests(self, event_id: UUID, count: int) -> list[str]:
        now = datetime.now(UTC)
        until = now + SESSION
        pairs = [(new_id(), new_id()) for _ in range(count)]
        connection = await asyncpg.connect(self.url)
        try:
            await connection.copy_records_to_table(
                "guests",
                records=[(event_id, guest, now) for guest, _ in pairs],
                columns=["event_id", "id", "created_at"],
            )
            await connection.copy_records_to_table(
                "sessions",
                records=[
                    (session, "guest", guest, event_id, secrets.token_bytes(16), now, now, until)
                    for guest, session in pairs
                ],
                columns=[
                    "id", "kind", "subject_id", "event_id", "refresh_salt", "created_at", "last_used_at", "expires_at",
                ],
            )  # fmt: skip
        finally:
            await connection.close()
        tokens = Tokens(self.servers.secret_key())
        return [tokens.issue(Claims("guest", guest, session, event_id, until), now) for guest, session in pairs]

    def redeem(
        self, server: Server, event: Event, count: int, seconds: float, warm_seconds: float = WARM_SECONDS
    ) -> Result:
        """Redeem as quickly as it goes. Raises MeasurementError."""
        plan = Plan(
            port=server.port,
            path=f"{event.path}/redemptions",
            token=event.device_token,
            codes=event.take(count),
            connections=CONNECTIONS,
            warm_seconds=warm_seconds,
            seconds=seconds,
            processes={"server": server.pid, **self.processes},
        )
        (result,) = load([plan])
        if not result.accepted:
            why = f"all {count:,} codes were used before" if result.ran_out else "the node did not answer"
            raise MeasurementError(f"Nothing was measured: {why}.")
        return result


def cost(result: Result) -> float:
    """Return the microseconds of CPU that one took, of the node and of PostgreSQL."""
    return (result.cpu["server"] + result.cpu["postgres"]) / result.accepted * 1e6
