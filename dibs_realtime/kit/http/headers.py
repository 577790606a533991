"""What the API's description says of headers and of errors: the same words for every route."""

from collections.abc import Mapping
from typing import Any, Final

REQUEST_HEADERS: Final[Mapping[str, dict[str, Any]]] = {
    "If-Match": {
        "description": 'The version that the change is meant for, as in ETag: `"3"`. Another one is current: 412.',
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "description": "One key, one effect: send a retry with the same key.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
    },
    "If-None-Match": {
        "description": "The ETag of what the caller has: 304 when there is nothing else.",
        "schema": {"type": "string"},
    },
    "Accept-Language": {
        "description": "The language of texts for a person.",
        "schema": {"type": "string"},
    },
}
"""Headers that a route may declare."""

ANSWER_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": {
        "description": "Names this request in our logs.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "X-Server-Time": {
        "description": "The server's time when it answered, in milliseconds since 1970; not on streamed answers.",
        "schema": {"type": "integer"},
    },
    "ETag": {
        "description": "The version, to be sent back as If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "Which kind of token is wanted.",
        "required": True,
        "schema": {"type": "string"},
    },
}

PROBLEM_HEADERS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

PROBLEM_NAMES: Final[Mapping[int, str]] = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "Stale",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "Fault",
    503: "Unavailable",
}
"""How the description calls an error. A route that documents another status needs a line here and in the texts."""

PROBLEM_TEXTS: Final[Mapping[int, str]] = {
    401: "No token, or one that is not good (any longer).",
    403: "Callers of this kind are never admitted, or the member's role is too small.",
    404: "Unknown, of another event, or of an event that is not the caller's.",
    409: "The state does not allow it.",
    412: "If-Match names another version than the current one.",
    413: "The body is too large.",
    415: "The body is of another content type.",
    422: "Something in the request does not validate; `errors` says where.",
    429: "Too many attempts. Wait as long as Retry-After says.",
    500: "A fault of ours; `request_id` names it.",
    503: "PostgreSQL is away, or too many want the same at once. Send it again, with the same key.",
}
