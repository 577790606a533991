"""Errors as RFC 9457 problem details: one exception for REST answers and Socket.IO acks alike."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

Loc = Sequence[str | int]


class Problem(Exception):  # noqa: N818  # RFC 9457's own word
    """An error for the caller. `errors` lists `{"loc", "msg"}` for a body that does not validate."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        slug: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = HTTPStatus(status).phrase
        self.detail = detail
        self.slug = slug
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def body(self, instance: str, request_id: str) -> dict[str, Any]:
        """Return the problem as the contract writes it."""
        shape: dict[str, Any] = {
            "type": f"urn:dibs:problem:{self.slug}" if self.slug else "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "instance": instance,
            "request_id": request_id,
            **self.extra,
        }
        if self.errors:
            shape["errors"] = self.errors
        return shape


def unauthorized(detail: str = "Sign in first.") -> Problem:
    """401: no token, or a bad one."""
    return Problem(401, detail, slug="unauthorized", headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str = "You may not do this.") -> Problem:
    """403: a caller of a kind never admitted here, or a member whose role is too small."""
    return Problem(403, detail, slug="forbidden")


def not_found(detail: str = "There is nothing here.") -> Problem:
    """404: unknown, of another event, or of an event that is not the caller's."""
    return Problem(404, detail, slug="not-found")


def conflict(detail: str, *, slug: str = "conflict", **extra: Any) -> Problem:
    """409: the state does not allow it; `extra` members tell more."""
    return Problem(409, detail, slug=slug, extra=extra)


def stale(current_version: int) -> Problem:
    """412: `If-Match` names another version than the current one."""
    return Problem(
        412,
        "Somebody changed this in the meantime. Load it again.",
        slug="stale",
        extra={"current_version": current_version},
        headers={"ETag": f'"{current_version}"'},
    )


def unprocessable(detail: str, *, loc: Loc = ("body",)) -> Problem:
    """422: a body (or query) that does not validate."""
    return Problem(422, detail, slug="invalid", errors=[{"loc": list(loc), "msg": detail}])


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """422 with several errors."""
    return Problem(422, "Some of this cannot be accepted.", slug="invalid", errors=errors)


def too_many(retry_after: int, detail: str = "Too many attempts. Wait a little.") -> Problem:
    """429: come back in `retry_after` seconds."""
    return Problem(429, detail, slug="too-many-requests", headers={"Retry-After": str(retry_after)})


def unavailable(detail: str = "The service is catching its breath.", *, retry_after: int = 2) -> Problem:
    """503: come back in `retry_after` seconds with the same idempotency key."""
    return Problem(503, detail, slug="unavailable", headers={"Retry-After": str(retry_after)})
