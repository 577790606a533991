"""The one middleware: request ids, errors as problem details, figures, and headers that every answer carries."""

import logging
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict, istr
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from dibs_realtime.kit import json, problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.ids import new_id_text

_log = logging.getLogger(__name__)

REQUEST_ID = istr("X-Request-ID")
SERVER_TIME = istr("X-Server-Time")
_POLICY = istr("Content-Security-Policy")
_CACHE = istr("Cache-Control")
SECURITY_HEADERS = CIMultiDict({
    istr("X-Content-Type-Options"): "nosniff",
    istr("Referrer-Policy"): "no-referrer",
    istr("X-Frame-Options"): "DENY",
    istr("Cross-Origin-Opener-Policy"): "same-origin",
    istr("Server"): "dibs",  # and not the versions of what it is made of
})  # fmt: skip
# Pages bring a policy of their own; everything else is data, which loads and runs nothing.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_DATA_HEADERS = CIMultiDict({**SECURITY_HEADERS, _POLICY: DATA_POLICY, _CACHE: "no-store"})
_BOUNDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
"""Seconds; upper bounds of the histogram's buckets."""


class HttpFigures(Collector):
    """What /metrics tells of HTTP, by route pattern and never by path: a path may hold a code.

    Counted in plain integers and handed over when somebody asks: every request passes here, few look at the figures.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._times: dict[tuple[str, str], _Times] = {}
        self._answers: Counter[int] = Counter()
        registry.register(self)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record one answer."""
        times = self._times.get((method, route))
        if times is None:
            times = self._times[(method, route)] = _Times()
        times.counts[bisect_left(_BOUNDS, seconds)] += 1
        times.total += seconds
        self._answers[status] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        seconds = HistogramMetricFamily("dibs_http_request_seconds", "Time to answer.", labels=["method", "route"])
        for labels, times in self._times.items():
            buckets = zip((*map(str, _BOUNDS), "+Inf"), accumulate(times.counts), strict=True)
            seconds.add_metric(list(labels), list(buckets), times.total)
        yield seconds
        answers = CounterMetricFamily("dibs_http_answers", "Answers by status.", labels=["status"])
        for status, count in self._answers.items():
            answers.add_metric([str(status)], count)
        yield answers


class _Times:
    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0


def problem_response(problem: problems.Problem, request_id: str) -> web.Response:
    """Render a problem as `application/problem+json`."""
    return web.Response(
        body=json.dumps(problem.body(f"urn:uuid:{request_id}", request_id)),
        status=problem.status,
        headers={**problem.headers, "Content-Type": "application/problem+json"},
    )


def middleware(figures: HttpFigures, clock: Clock) -> Middleware:
    """Return the middleware. `clock`: what answers tell as the server's time, by which doors set theirs."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        request_id = new_id_text()
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
        if not route.startswith("/socket.io"):
            # A socket lives for hours, which is no time to answer.
            method = request.method if route != "unknown" else "any"
            figures.observe(method, route, response.status, time.perf_counter() - started)
        if not response.prepared:
            _dress(response.headers, request_id)
            response.headers[SERVER_TIME] = str(int(clock().timestamp() * 1_000))
        return response

    return guard


def _dress(headers: CIMultiDict[str], request_id: str) -> None:
    """Add what every answer carries. What the answer says itself of its policy and its keeping stands."""
    headers[REQUEST_ID] = request_id
    if _POLICY not in headers and _CACHE not in headers and "Server" not in headers:
        headers.extend(_DATA_HEADERS)
        return
    headers.update(SECURITY_HEADERS)
    headers.setdefault(_POLICY, DATA_POLICY)
    headers.setdefault(_CACHE, "no-store")


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
