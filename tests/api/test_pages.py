"""The pages and the routes beside the base path, on an application of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry, Counter

from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.http.address import Addresses
from dibs_realtime.kit.http.binding import bind
from dibs_realtime.kit.http.middleware import HttpFigures, middleware
from dibs_realtime.kit.redis import Redis
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.pages.documents import Documents
from dibs_realtime.pages.folder import WebFolder
from dibs_realtime.pages.machine import MetricsDoor
from dibs_realtime.pages.routes import routes
from dibs_realtime.pages.site import add_pages
from tests.support.rest import Client
from tests.support.waiting import PATIENCE

Serve = Callable[..., Awaitable[Client]]
APP = b"<!doctype html><title>app</title>"
SCRIPT = b"console.log('party');\n" * 100


class Anybody:
    async def admit(self, *_: object) -> None:
        return None


@pytest.fixture
def folder(tmp_path: Path) -> WebFolder:
    dist = tmp_path / "dist"
    for name, body in {
        "index.html": b"<!doctype html><title>start</title>",
        "app/index.html": APP,
        "e/index.html": b"<!doctype html><title>event</title>",
        "assets/app-1234.js": SCRIPT,
        "assets/app-1234.js.map": b"{}",
        "docs/index.html": b"<!doctype html><title>docs</title>",
        "docs/docs.js": b"go();",
        "favicon.svg": b"<svg/>",
    }.items():
        (dist / name).parent.mkdir(parents=True, exist_ok=True)
        (dist / name).write_bytes(body)
    (tmp_path / "secret.txt").write_text("secret")
    (dist / "assets" / "link.js").symlink_to(tmp_path / "secret.txt")
    return WebFolder.read(dist)


@pytest.fixture
def serve(aiohttp_client: Serve, redis_url: str) -> Serve:
    async def start(
        folder: WebFolder | None = None, is_current: Callable[[], bool] = lambda: True, **server: object
    ) -> Client:
        registry = CollectorRegistry()
        Counter("parties", "Parties.", registry=registry).inc()
        documents = Documents(lambda: {"openapi": "3.1.0"}, lambda: {"asyncapi": "3.0.0"})
        redis = Redis(redis_url, timeout=PATIENCE)
        app = web.Application(middlewares=[middleware(HttpFigures(registry), utc_now)])
        bind(app, routes(is_current, redis, registry, MetricsDoor(), documents), Anybody(), Addresses(()))
        add_pages(app, folder)

        async def connected(_: web.Application) -> AsyncIterator[None]:
            await redis.open()
            yield
            await redis.close()

        app.cleanup_ctx.append(connected)
        return await aiohttp_client(app, **server)

    return start


async def test_the_app_is_served_at_all_of_its_addresses(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    for address in ("/app/", "/app/events/1/live"):
        answer = await client.get(address)
        assert (answer.status, await answer.read()) == (200, APP)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    moved = await client.get("/app", allow_redirects=False)
    assert (moved.status, moved.headers["Location"]) == (308, "/app/")


async def test_pages_run_and_load_only_what_is_ours(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    app = (await client.get("/app/")).headers["Content-Security-Policy"]
    for rule in (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "manifest-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ):  # fmt: skip
        assert rule in app.split("; ")
    assert "unsafe" not in app
    assert f"connect-src 'self' ws://{client.host}:{client.port} wss://{client.host}:{client.port}" in app
    docs = (await client.get("/api/docs")).headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in docs
    assert "script-src 'self';" in docs
    strange = (await client.get("/app/", headers={"Host": "x; script-src *"})).headers["Content-Security-Policy"]
    assert "connect-src 'self';" in strange
    data = await client.get("/healthz")
    assert data.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_only_the_door_scans(serve: Serve, tmp_path: Path) -> None:
    for name in ("app/index.html", "assets/app-1.js", "door/index.html", "door/sw.js", "assets/door/decoder-1.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(APP)
    client = await serve(WebFolder.read(tmp_path))
    for address, scans in {
        "/app/": False, "/assets/app-1.js": False, "/door/": True, "/door/menu": True, "/door/sw.js": True,
        "/assets/door/decoder-1.js": True,
    }.items():  # fmt: skip
        headers = (await client.get(address)).headers
        assert ("script-src 'self' 'wasm-unsafe-eval';" in headers["Content-Security-Policy"]) is scans
        assert ("camera=(self)" in headers["Permissions-Policy"]) is scans
    worker = await client.get("/door/sw.js")
    assert worker.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert worker.headers["Cache-Control"] == "no-cache"
    assert (await client.get("/assets/door/decoder-1.js")).headers["Cache-Control"].endswith("immutable")


async def test_an_events_page_names_its_data(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    link = "</api/v1/public/events/{}>; rel=preload; as=fetch; crossorigin"
    assert (await client.get("/e/harvest")).headers["Link"] == link.format("harvest")
    assert (await client.get("/e/%3E%0D%0Ax")).headers["Link"] == link.format("%3E%0D%0Ax")
    assert "Link" not in (await client.get("/app/")).headers
    by_a_worker = await client.get("/e/harvest", headers={"Sec-Fetch-Dest": "empty"})
    assert "Link" not in by_a_worker.headers


async def test_hashed_files_are_kept_for_ever_and_travel_small(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    answer = await client.get("/assets/app-1234.js", headers={"Accept-Encoding": "gzip"})
    assert await answer.read() == SCRIPT
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < len(SCRIPT) / 5
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    whole = await client.get("/assets/app-1234.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in whole.headers
    etag = (await client.get("/favicon.svg")).headers["ETag"]
    known = await client.get("/favicon.svg", headers={"If-None-Match": etag})
    assert (known.status, await known.read()) == (304, b"")


async def test_nothing_else_has_an_address(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    for path in (
        "/assets/../secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets/link.js",
        "/assets/app-1234.js.map", "/assets/", "/assets", "/secret.txt", "//etc/passwd", "/docs/docs.js",
        "/api/docs/..%2fapp%2findex.html", "/api/docs/nothing.js", "/assets/app-1234.js%00",
    ):  # fmt: skip
        reader, writer = await asyncio.open_connection(client.host, client.port)  # a client would tidy the path up
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), path
        assert b"secret" not in answer
        writer.close()
        await writer.wait_closed()


async def test_the_start_page_and_the_page_to_try_the_api(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    assert "start" in await (await client.get("/")).text()
    for address in ("/api/docs", "/api/docs/"):
        assert "docs" in await (await client.get(address)).text()
    assert await (await client.get("/api/docs/docs.js")).text() == "go();"


async def test_without_the_built_apps_it_says_what_to_do(serve: Serve) -> None:
    client = await serve(None)
    start = await client.get("/")
    text = await start.text()
    assert start.status == 200
    assert "/app/" in text
    assert "/api/docs" in text
    for address in ("/app/", "/api/docs"):
        answer = await client.get(address)
        assert answer.status == 503
        assert "make setup" in await answer.text()


async def test_a_page_of_a_later_release_is_not_here(serve: Serve, folder: WebFolder) -> None:
    client = await serve(folder)
    for address in ("/door/", "/v/7KQ4MX2P9T", "/V/7KQ4MX2P9T"):
        answer = await client.get(address)
        assert (answer.status, answer.content_type) == (404, "text/html")


async def test_health_and_documents(serve: Serve) -> None:
    client = await serve()
    assert await (await client.get("/healthz")).json() == {"status": "up"}
    assert (await client.head("/healthz")).status == 200
    assert await (await client.get("/api/openapi.json")).json() == {"openapi": "3.1.0"}
    assert await (await client.get("/api/asyncapi.json")).json() == {"asyncapi": "3.0.0"}


async def test_ready_is_whom_postgresql_answers(serve: Serve) -> None:
    answers = True
    client = await serve(is_current=lambda: answers)
    ready = await client.get("/readyz")
    assert await ready.json() == {"status": "ready", "postgresql": "up", "redis": "up"}
    answers = False
    unready = await client.get("/readyz")
    assert unready.status == 503
    assert unready.content_type == "application/problem+json"
    assert unready.headers["Retry-After"]
    assert (await client.get("/healthz")).status == 200


async def test_ready_without_redis(serve: Serve, redis_server: LocalRedis) -> None:
    redis_server.kill()
    try:
        client = await serve()
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (200, {"status": "ready", "postgresql": "up", "redis": "away"})
    finally:
        redis_server.start()


async def test_figures_are_for_this_machine(serve: Serve) -> None:
    client = await serve()
    answer = await client.get("/metrics")
    assert answer.status == 200
    assert answer.content_type == "text/plain"
    assert "parties_total 1.0" in await answer.text()
    proxied = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
    assert proxied.status == 403


@pytest.mark.parametrize(
    ("peer", "headers", "admitted"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("203.0.113.7", {}, False),
        ("10.1.2.3", {}, True),
        ("10.2.2.3", {}, False),
        ("::ffff:10.1.2.3", {}, True),
        ("", {}, False),
        # a proxy on this machine passes on the world's requests
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, False),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, True),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, False),
        ("127.0.0.1", {"X-Forwarded-For": "unknown"}, False),
        ("127.0.0.1", {"X-Forwarded-For": ""}, False),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, False),
        ("127.0.0.1", {"X-Real-IP": "203.0.113.7"}, False),
        # and nobody can claim to be this machine
        ("203.0.113.7", {"X-Forwarded-For": "127.0.0.1"}, False),
    ],
)
def test_who_reads_the_figures(peer: str, headers: dict[str, str], admitted: bool) -> None:
    request = make_mocked_request("GET", "/metrics", headers=headers).clone(remote=peer)
    assert MetricsDoor((ip_network("10.1.0.0/16"),)).admits(request) is admitted
