"""One whole node: what app.py composes, and a hub with limits that a test may choose."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry

from dibs_realtime.app import PARTS, create_app
from dibs_realtime.claims import queries as claims
from dibs_realtime.claims.desk import GuestDesk
from dibs_realtime.claims.repository import GuestRepository
from dibs_realtime.dashboard import queries as dashboard
from dibs_realtime.kit.http.binding import bind
from dibs_realtime.kit.http.middleware import HttpFigures, middleware
from dibs_realtime.kit.limits import FailureWindow, Limits, TokenBucket
from dibs_realtime.ledger import queries as ledger
from dibs_realtime.live.hub import Hub
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.ports import Ports
from dibs_realtime.redemptions.desk import DoorDesk
from dibs_realtime.settings import Settings

SECRET = "a secret of the tests, long enough to be one"


class Node:
    """Serves on a free port of this machine."""

    def __init__(self, database_url: str, redis_url: str, limits: LiveLimits | None = None) -> None:
        settings = Settings(
            database_url=database_url, redis_url=redis_url, secret_key=SECRET, public_url="http://localhost"
        )
        self.parts = parts = create_app(settings)[PARTS]
        guests = GuestDesk(
            parts.ledger,
            GuestRepository(parts.database, parts.sessions),
            parts.sessions,
            Limits(parts.redis, SECRET),
            TokenBucket("guests", 1_000, 1_000),
            FailureWindow("access-code", 100, 600),
            parts.clock,
        )
        self.ports = Ports(
            sessions=parts.sessions,
            authorise=parts.gatekeeper.authorise,
            snapshot=partial(dashboard.snapshot, parts.database),
            entries_after=partial(ledger.entries_after, parts.database),
            heads=partial(ledger.heads, parts.database),
            redeem=DoorDesk(parts.ledger, parts.gatekeeper.role_of).redeem,
            claim=guests.claim,
            public_event=partial(claims.public_event, parts.database),
            counts=partial(claims.counts, parts.database),
            guest_vouchers=partial(claims.vouchers_of_guests, parts.database),
        )
        self.registry = CollectorRegistry()
        self.hub = Hub(self.ports, parts.database, parts.redis, parts.clock, self.registry, limits=limits)
        parts.ledger.listen(self.hub.committed)
        parts.sessions.on_revoked(self.hub.ended)
        self.url = ""
        self._running = AsyncExitStack()

    async def open(self) -> None:
        """Start everything."""
        parts = self.parts
        app = web.Application(middlewares=[middleware(HttpFigures(CollectorRegistry()))])
        bind(app, parts.routes, parts.gatekeeper, parts.addresses)
        self.hub.attach(app)
        for part in (parts.database, parts.redis, parts.sessions):
            await part.open()
            self._running.push_async_callback(part.close)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        self.hub.start()
        self._running.push_async_callback(self.hub.close)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._http = await self._running.enter_async_context(aiohttp.ClientSession())

    async def close(self) -> None:
        """Stop everything, the hub first."""
        await self._running.aclose()

    async def send(self, method: str, path: str, token: str | None = None, body: Any = None) -> tuple[int, Any]:
        """Send a request; return the answer's status and JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._http.request(method, f"{self.url}/api/v1{path}", headers=headers, json=body) as response:
            return response.status, await response.json(content_type=None) if response.status != 204 else None

    async def ask(self, method: str, path: str, token: str | None = None, body: Any = None, status: int = 200) -> Any:
        """Send a request and return the answer's JSON; the status must be the one given."""
        got, answer = await self.send(method, path, token, body)
        assert got == status, answer
        return answer

    def figure(self, name: str, **labels: str) -> float:
        """Return a counter."""
        return self.registry.get_sample_value(name, labels) or 0.0


async def eventually(condition: Any, seconds: float = 5.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
