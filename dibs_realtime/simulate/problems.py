"""What can go wrong when talking to a server, for callers over REST and over a socket alike."""

import random
from collections.abc import Mapping
from typing import Any

LONGEST_WAIT = 30.0
"""Seconds waited at most between two tries, whatever `Retry-After` says."""
AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which the same request with the same key is sent again."""

_jitter = random.SystemRandom()


class ApiError(Exception):
    """The server answered with a problem that asking again does not mend. `status`: as in HTTP."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


class UnreachableError(Exception):
    """Nobody answered for as long as we were ready to wait."""


def api_error(status: int, problem: Any, what: str) -> ApiError:
    """Return the error of a problem body, which may also be something else that a proxy made up. `what`: was asked."""
    told = problem if isinstance(problem, Mapping) else {}
    faults = "; ".join(f"{fault['loc']}: {fault['msg']}" for fault in told.get("errors") or ())
    return ApiError(status, " ".join(filter(None, (what, str(told.get("detail") or "no details"), faults))))


def pause(tries: int, retry_after: str | float | None = None) -> float:
    """Return the seconds to wait before the next try: what the server asks for, else longer each time, spread out."""
    try:
        wanted = float(retry_after) if retry_after is not None else 0.1 * 2.0 ** min(tries, 6)
    except ValueError:  # Retry-After may be a date, which this server never sends
        wanted = 1.0
    return min(LONGEST_WAIT, max(0.05, wanted) * (1 + 0.3 * _jitter.random()))
