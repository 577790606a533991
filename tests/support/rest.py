"""Callers of the REST interface. Every answer they get is held against the route's own declaration."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestClient
from pydantic import BaseModel, ValidationError

from dibs_realtime.app import PARTS
from dibs_realtime.kit import json
from dibs_realtime.kit.http.openapi import error_statuses
from dibs_realtime.kit.http.routes import BASE_PATH, Route
from dibs_realtime.kit.wire import ProblemDetails

OUTSIDE = re.compile(r"/api/|/healthz|/readyz|/metrics|/socket\.io")
LONG = 1_000_000
Client = TestClient[Any, Any]


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    request: str
    body: Any = field(default=None)

    def expect(self, *statuses: int) -> Any:
        """Return the body of an answer with one of these statuses."""
        assert self.status in statuses, f"{self.request}: {self.status} instead of {statuses}: {self.raw[:600]!r}"
        return self.body


class Rest:
    """One caller. Paths are below the base path unless they are whole ones."""

    def __init__(self, client: Client, token: str | None = None) -> None:
        self.client = client
        self.token = token

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request: `body` as JSON, or `data` as it is."""
        whole = path if OUTSIDE.match(path) else BASE_PATH + path
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            data = json.dumps(body)
            sent["Content-Type"] = "application/json"
        # The client warns of long bytes; of a file it does not.
        content = io.BytesIO(data) if isinstance(data, bytes) and len(data) > LONG else data
        async with self.client.request(method, whole, data=content, headers={**sent, **(headers or {})}) as response:
            raw = await response.read()
            is_json = response.content_type.endswith("json")
            answer = Answer(
                response.status,
                response.headers,
                raw,
                f"{method} {whole}",
                json.loads(raw) if is_json and raw else None,
            )
        route = route_of(self.client, method, whole)
        if route is not None:
            conforms(answer, route)
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        """Return what a GET answers."""
        asked = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
        return (await self.ask("GET", f"{path}?{asked}" if asked else path)).expect(200)

    async def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Return what a POST answers that succeeds."""
        return (await self.ask("POST", path, body, **options)).expect(200, 201, 204)

    async def patch(self, path: str, body: Any, **options: Any) -> Any:
        """Return what a PATCH answers that succeeds."""
        return (await self.ask("PATCH", path, body, **options)).expect(200)

    async def delete(self, path: str, **options: Any) -> None:
        """Delete."""
        (await self.ask("DELETE", path, **options)).expect(204)

    async def refused(self, status: int, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Return the problem that a request is answered with."""
        return (await self.ask(method, path, body, **options)).expect(status)


def routes_of(client: Client) -> tuple[Route, ...]:
    """Return the application's route table; of a server in another process nothing is known."""
    app = client.app
    if app is None:
        return ()
    routes: tuple[Route, ...] = app[PARTS].routes
    return routes


def route_of(client: Client, method: str, path: str) -> Route | None:
    """Return the declared route that a request goes to: the one with the fewest parameters that matches."""
    bare = path.partition("?")[0]
    found = [
        route
        for route in routes_of(client)
        if route.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), bare)
    ]
    return min(found, key=lambda route: len(route.parameters), default=None)


def conforms(answer: Answer, route: Route) -> None:
    """Fail unless the answer is one that the route documents."""
    assert "X-Request-ID" in answer.headers, answer.request
    if answer.status == route.status:
        if route.answer is not None:
            try:
                shape = route.answer.validate_json(answer.raw)
            except ValidationError as error:
                raise AssertionError(f"{answer.request} answers something undocumented: {error}") from None
            version = getattr(shape, "version", None)
            if isinstance(shape, BaseModel) and isinstance(version, int):
                assert answer.headers.get("ETag") == f'"{version}"', answer.request
        return
    if answer.status == 304 and "If-None-Match" in route.headers:
        return
    assert answer.status in error_statuses(route), f"{answer.request}: undocumented {answer.status}: {answer.raw!r}"
    assert answer.headers["Content-Type"] == "application/problem+json", answer.request
    problem = ProblemDetails.model_validate_json(answer.raw)
    assert problem.status == answer.status
    assert problem.request_id == answer.headers["X-Request-ID"]
    assert (answer.status == 422) == (problem.errors is not None), answer.raw
    assert ("Retry-After" in answer.headers) == (answer.status in (429, 503)), answer.request
    assert ("WWW-Authenticate" in answer.headers) == (answer.status == 401), answer.request
