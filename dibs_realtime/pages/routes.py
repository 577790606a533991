"""Health, figures and the API's descriptions."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from dibs_realtime.kit import problems
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.redis import Redis
from dibs_realtime.pages.documents import Documents
from dibs_realtime.pages.machine import MetricsDoor
from dibs_realtime.pages.schemas import Health, Readiness


def routes(
    is_current: Callable[[], bool], redis: Redis, registry: CollectorRegistry, door: MetricsDoor, documents: Documents
) -> Routes:
    """Return the routes beside the base path. `is_current`: whether PostgreSQL has answered of late."""
    r = Routes("server", base="")

    @r.get("/healthz", who="-")
    async def health(call: Call) -> Health:  # noqa: ARG001  # whoever asks gets the same answer
        """Ask whether the process is up."""
        return Health()

    @r.get("/readyz", who="-", problems=(503,))
    async def readiness(call: Call) -> Readiness:  # noqa: ARG001  # as above
        """Ask whether requests can be served: 503 while PostgreSQL is away."""
        # Known from what is asked all the time anyway, on a connection of its own: a crowd of guests that waits for
        # connections takes no node away from the doors.
        if not is_current():
            raise problems.unavailable("The database does not answer.")
        return Readiness(redis="up" if redis.healthy else "away")

    @r.get("/metrics", who="-", problems=(403,), produces="text/plain")
    async def metrics(call: Call) -> web.Response:
        """Read the figures for Prometheus. From this machine only, unless the settings allow more."""
        if not door.admits(call.request):
            raise problems.forbidden("The figures are not for everybody.")
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @r.get("/api/openapi.json", who="-", answer=dict[str, Any])
    async def openapi(call: Call) -> bytes:  # noqa: ARG001  # as above
        """Read this description."""
        return documents.openapi_json

    @r.get("/api/asyncapi.json", who="-", answer=dict[str, Any])
    async def asyncapi(call: Call) -> bytes:  # noqa: ARG001  # as above
        """Read the description of the Socket.IO messages (AsyncAPI 3)."""
        return documents.asyncapi_json

    return r
