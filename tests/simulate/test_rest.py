"""The client is patient, keeps its key, and goes nowhere else."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.problems import ApiError, UnreachableError, pause
from dibs_realtime.simulate.rest import Api, connected
from tests.support.ports import free_port

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handler: Handler, *, port: int | None = None, patience: float = math.inf) -> AsyncIterator[Api]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app, port=port) as running, connected(str(running.make_url("/")), Figures()) as api:
        api.patience = patience
        yield api


def problem(status: int, **headers: str) -> web.Response:
    body = {"status": status, "detail": "so it is", "errors": [{"loc": ["body"], "msg": "no"}]}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


async def test_a_busy_server_is_asked_again_with_the_same_key():
    seen: list[tuple[Any, Any]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers["Idempotency-Key"], await request.json()))
        answers = {1: problem(503, **{"Retry-After": "0.1"}), 2: problem(429, **{"Retry-After": "0.1"})}
        return answers.get(len(seen)) or web.json_response({"ok": True})

    async with server(handler) as api:
        began = time.monotonic()
        assert await api.post("/x", {"a": 1}, key="k", timed="it") == {"ok": True}
        took = time.monotonic() - began
    assert seen == [("k", {"a": 1})] * 3
    assert dict(api.figures.retries) == {"503": 1, "429": 1}
    latency = api.figures.latency("it", 1)
    assert latency is not None
    assert took - latency >= 0.2, "waiting is no latency"


async def test_other_problems_are_told_at_once():
    async def handler(_: web.Request) -> web.StreamResponse:
        return problem(422)

    async with server(handler) as api:
        with pytest.raises(ApiError) as raised:
            await api.get("/events/0197d3a0-0000-7000-8000-000000000001/snapshot?a=b")
    assert raised.value.status == 422
    assert str(raised.value) == "422: GET /events/…/snapshot: so it is ['body']: no"


async def test_a_redirect_leads_nowhere():
    async def handler(_: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect("https://elsewhere.example/")

    async with server(handler) as api:
        with pytest.raises(ApiError) as raised:
            await api.get("/x")
    assert raised.value.status == 307


async def test_patience_ends():
    async def handler(_: web.Request) -> web.StreamResponse:
        return problem(503, **{"Retry-After": "1"})

    async with server(handler, patience=0.5) as api:
        with pytest.raises(ApiError, match="503"):
            await api.get("/x")


async def test_a_server_that_is_away_is_waited_for():
    port = free_port()

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"back": True})

    async with connected(f"http://127.0.0.1:{port}", Figures()) as api:
        asked = asyncio.create_task(api.get("/x"))
        await asyncio.sleep(0.3)
        async with server(handler, port=port):
            assert await asked == {"back": True}
        api.patience = 0.3
        with pytest.raises(UnreachableError):
            await api.get("/x")


def test_waits_grow_and_are_bounded():
    assert 0.05 <= pause(0) < 0.2
    assert pause(5) > pause(0)
    assert pause(50) < 10
    assert pause(0, 10_000) == 30
    assert pause(0, "Wed, 21 Oct 2026 07:28:00 GMT") >= 1
