"""How the server is, on the wire."""

from typing import Literal

from dibs_realtime.kit.wire import Wire


class Health(Wire):
    """The process answers."""

    status: Literal["up"] = "up"


class Readiness(Wire):
    """PostgreSQL answers. Without Redis everything works, a little slower."""

    status: Literal["ready"] = "ready"
    postgresql: Literal["up"] = "up"
    redis: Literal["up", "away"]
