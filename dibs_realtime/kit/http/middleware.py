"""The one middleware: request ids, errors as problem details, figures, and headers that every answer carries."""

import logging
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram

from dibs_realtime.kit import json, problems
from dibs_realtime.kit.ids import new_id

_log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "dibs",  # and not the versions of what it is made of
}
# Pages bring a policy of their own; everything else is data, which loads and runs nothing.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"


class HttpFigures:
    """What /metrics tells of HTTP, by route pattern and never by path: a path may hold a code."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "dibs_http_request_seconds", "Time to answer.", ["method", "route"], registry=registry,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )  # fmt: skip
        self.answers = Counter("dibs_http_answers", "Answers by status.", ["status"], registry=registry)
        self._children: dict[tuple[str, str], Histogram] = {}
        self._statuses: dict[int, Counter] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record one answer."""
        child = self._children.get((method, route))
        if child is None:
            child = self._children[(method, route)] = self.seconds.labels(method, route)
        child.observe(seconds)
        counter = self._statuses.get(status)
        if counter is None:
            counter = self._statuses[status] = self.answers.labels(str(status))
        counter.inc()


def problem_response(problem: problems.Problem, request_id: str) -> web.Response:
    """Render a problem as `application/problem+json`."""
    return web.Response(
        body=json.dumps(problem.body(f"urn:uuid:{request_id}", request_id)),
        status=problem.status,
        headers={**problem.headers, "Content-Type": "application/problem+json"},
    )


def middleware(figures: HttpFigures) -> Middleware:
    """Return the middleware."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        request_id = str(new_id())
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unknown"
        try:
            response = await handler(request)
        except problems.Problem as problem:
            response = problem_response(problem, request_id)
        except web.HTTPException as error:
            response = _from_aiohttp(error, request_id)
        except Exception:  # noqa: BLE001  # whatever it is, the caller gets a problem and we a line in the log
            _log.exception("a request failed", extra={"route": route, "request_id": request_id})
            response = problem_response(problems.Problem(500, "This is our fault.", slug="fault"), request_id)
        if not isinstance(response, web.WebSocketResponse) and not route.startswith("/socket.io"):
            # A socket lives for hours, which is no time to answer.
            method = request.method if route != "unknown" else "any"
            figures.observe(method, route, response.status, time.perf_counter() - started)
        if not response.prepared:
            response.headers["X-Request-ID"] = request_id
            response.headers.update(SECURITY_HEADERS)
            response.headers.setdefault("Content-Security-Policy", DATA_POLICY)
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guard


def _from_aiohttp(error: web.HTTPException, request_id: str) -> web.StreamResponse:
    if error.status < 400:  # noqa: PLR2004  # a redirect is an answer
        return error
    details = {
        404: "There is nothing here.",
        405: "This address does not take that method.",
        413: "This is too large.",
    }
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    problem = problems.Problem(error.status, details.get(error.status, error.reason), headers=headers)
    return problem_response(problem, request_id)
