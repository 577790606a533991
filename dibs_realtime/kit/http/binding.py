"""Binds declared routes to aiohttp: admit the caller, parse, call, render."""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE
from multidict import CIMultiDict
from pydantic import BaseModel, ValidationError

from dibs_realtime.kit import problems
from dibs_realtime.kit.http.address import Addresses
from dibs_realtime.kit.http.routes import Call, Gatekeeper, Route
from dibs_realtime.kit.parsing import describe, parse

_JSON = CIMultiDict({CONTENT_TYPE: "application/json; charset=utf-8"})
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Bound = Callable[[web.Request], Awaitable[web.StreamResponse]]


def bind(app: web.Application, routes: Iterable[Route], gatekeeper: Gatekeeper, addresses: Addresses) -> None:
    """Add the routes to the application."""
    for route in routes:
        bound = _bound(route, gatekeeper, addresses)
        # Only what looks like an id is one: `/vouchers/import` is no voucher.
        path = re.sub(r"{(\w+_id)}", r"{\1:[0-9a-fA-F-]{36}}", route.path)
        app.router.add_route(route.method, path, bound)
        if route.method == "GET":
            app.router.add_route("HEAD", path, bound)


def _bound(route: Route, gatekeeper: Gatekeeper, addresses: Addresses) -> Bound:
    uuid_parameters = [name for name in route.parameters if name.endswith("_id")]
    text_parameters = [name for name in route.parameters if not name.endswith("_id")]

    async def answer(request: web.Request) -> web.StreamResponse:
        path: dict[str, Any] = dict(request.match_info)
        event_id = _uuid(path["event_id"]) if "event_id" in path else None
        caller = await gatekeeper.admit(request, route.who, event_id)
        for name in text_parameters:
            if not path[name].isprintable():  # NUL among others
                raise problems.not_found()
        for name in uuid_parameters:
            path[name] = event_id if name == "event_id" else _uuid(path[name])
        call = Call(request, caller, path, addresses)
        arguments: dict[str, Any] = {}
        if route.query is not None:
            arguments["query"] = _parse_query(route.query, request)
        if route.body is not None:
            arguments["body"] = parse(route.body, await read_body(request, route), "body")
        return _render(route, await route.handler(call, **arguments))

    return answer


async def read_body(request: web.Request, route: Route) -> bytes:
    """Read the body. Raises Problem 415 for another content type and 413 for one that is too large."""
    # Nearly all say it in these words; the library takes others apart, with parameters and in any case.
    if request.headers.get(CONTENT_TYPE) != route.consumes and request.content_type != route.consumes:
        raise problems.Problem(415, f"Send this as {route.consumes}.", slug="unsupported-media-type")
    if (request.content_length or 0) > route.max_bytes:
        raise too_large(route.max_bytes)
    raw = await request.read()
    if len(raw) > route.max_bytes:
        raise too_large(route.max_bytes)
    return raw


def too_large(limit: int) -> problems.Problem:
    """413: more than `limit` bytes."""
    return problems.Problem(413, f"This is larger than {limit} bytes.", slug="too-large")


@lru_cache(maxsize=4096)
def _uuid(raw: str) -> UUID:
    if not _UUID.fullmatch(raw):  # the class itself would take braces, a prefix and more
        raise problems.not_found()
    return UUID(raw)


def _parse_query(model: type[BaseModel], request: web.Request) -> BaseModel:
    repeated = {name for name in request.query if len(request.query.getall(name)) > 1}
    if repeated:
        raise problems.invalid([{"loc": ["query", name], "msg": "Send this once."} for name in sorted(repeated)])
    try:
        return model.model_validate_strings(dict(request.query))
    except ValidationError as error:
        raise problems.invalid(describe(error, "query")) from None


def _render(route: Route, result: Any) -> web.StreamResponse:
    if isinstance(result, bytes):
        return web.Response(body=result, status=route.status, headers=_JSON)
    if isinstance(result, web.StreamResponse):
        return result
    if result is None:
        return web.Response(status=route.status)
    assert route.answer is not None
    response = web.Response(body=route.answer.dump_json(result), status=route.status, headers=_JSON)
    version = getattr(result, "version", None)
    if isinstance(version, int):
        response.headers["ETag"] = f'"{version}"'
    return response
