"""One whole node on a free port of this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from dibs_realtime.app import PARTS, create_app
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.tasks import end
from dibs_realtime.live.hub import Hub
from dibs_realtime.settings import Settings
from tests.support.nodes import unhurried


class Node:
    """What app.py composes; `hub` is its hub."""

    hub: Hub

    def __init__(
        self, settings: Settings, clock: Clock, limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def make_hub(*arguments: Any, **options: Any) -> Hub:
            self.hub = Hub(*arguments, **{**options, "limits": replace(options["limits"], **limits)})
            return self.hub

        with monkeypatch.context() as patch:
            patch.setattr("dibs_realtime.app.Hub", make_hub)
            self._app = create_app(settings, clock)
        self.parts = self._app[PARTS]
        self.url = ""
        self._running = AsyncExitStack()

    async def open(self) -> None:
        """Start everything."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._http = await self._running.enter_async_context(aiohttp.ClientSession())

    async def close(self) -> None:
        """Stop everything."""
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
        return self.parts.registry.get_sample_value(name, labels) or 0.0


Start = Callable[..., Awaitable[Node]]


async def let_beacons_rest(*nodes: Node) -> None:
    """Have these nodes not ask PostgreSQL for heads, whatever happens: what comes has come by Redis."""
    for node in nodes:
        await node.hub._beacon.close()


def wake_beacons(*nodes: Node) -> None:
    """Have them ask again."""
    for node in nodes:
        node.hub._beacon.start()


async def teller_and_hearer(start: Start, **other: Any) -> tuple[Node, Node]:
    """Start two nodes. The first one decides whatever it is asked, whose ever the event is; the second one hears of it.

    Else an event is decided at either of them, from the moment on when they know each other.
    """
    teller = await start(**other)
    await end(teller.parts.router._neighbours._task)  # so it never hears of the one that starts now
    return teller, await start(**other)


@asynccontextmanager
async def nodes(settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Lend a function that starts nodes; at the end they stop."""
    unhurried(monkeypatch)
    async with AsyncExitStack() as running:

        async def start(limits: dict[str, Any] | None = None, **other: Any) -> Node:
            node = Node(settings.model_copy(update=other), clock, limits or {}, monkeypatch)
            await node.open()
            running.push_async_callback(node.close)
            return node

        yield start
