"""A registry of routes: what a slice answers, written once, for the server and for the API's description alike."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, get_type_hints
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from dibs_realtime.kit.http.address import Addresses

Handler = Callable[..., Awaitable[Any]]
BASE_PATH = "/api/v1"
BODY_BYTES = 256 * 1024
"""How large a request body may be where a route says nothing else."""
JSON = "application/json"
_KINDS = {"U": "user", "O": "user", "M": "user", "V": "user", "D": "user", "dev": "device", "G": "guest"}


@dataclass(slots=True)
class Call:
    """One request as a handler sees it. `caller` is whoever the gatekeeper admitted (None: nobody signed in)."""

    request: web.Request
    caller: Any
    path: dict[str, Any]
    addresses: Addresses

    @property
    def address(self) -> str:
        """The caller's network address."""
        return self.addresses.of(self.request)

    @property
    def event_id(self) -> UUID:
        """The event in the path."""
        event_id: UUID = self.path["event_id"]
        return event_id

    @property
    def if_match(self) -> int | None:
        """The version in `If-Match`: None: not sent or `*`; -1: one that matches nothing."""
        raw = self.request.headers.get("If-Match")
        if raw is None or raw.strip() == "*":
            return None
        found = re.fullmatch(r'\s*"(\d{1,9})"\s*', raw)
        return int(found[1]) if found else -1

    @property
    def language(self) -> str:
        """The `Accept-Language` header."""
        return self.request.headers.get("Accept-Language", "")


class Gatekeeper(Protocol):
    """Decides who may call a route."""

    async def admit(self, request: web.Request, who: str, event_id: UUID | None) -> Any:
        """Return the caller (None: nobody signed in). Raises Problem 401, 403 or 404."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `who` is in the contract's letters; `problems` are the statuses of the errors it documents."""

    method: str
    path: str
    handler: Handler
    who: str
    tag: str
    status: int
    problems: tuple[int, ...]
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: TypeAdapter[Any] | None
    produces: str
    consumes: str
    max_bytes: int
    headers: tuple[str, ...]
    summary: str
    description: str

    @property
    def name(self) -> str:
        """The operation's id: the handler's name within its tag."""
        return f"{self.tag}_{self.handler.__name__}"

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters. Those that end in `_id` are UUIDs."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of callers that are admitted: `user`, `device`, `guest`; none: nobody need sign in."""
        return frozenset(_KINDS[letter] for letter in self.who.split() if letter in _KINDS)

    @property
    def takes_body(self) -> bool:
        """Whether a request carries something."""
        return self.body is not None or self.consumes != JSON


class Routes:
    """The routes of one slice. Iterating yields them in the order of their declaration."""

    def __init__(self, tag: str, *, base: str = BASE_PATH) -> None:
        self._tag = tag
        self._base = base
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a GET; see `add`."""
        return self.add("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a POST; see `add`."""
        return self.add("POST", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a PATCH, which honours If-Match unless its `headers` say otherwise; see `add`."""
        return self.add("PATCH", path, **{"headers": ("If-Match",), **options})

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE, which honours If-Match unless its `headers` say otherwise; see `add`."""
        return self.add("DELETE", path, **{"headers": ("If-Match",), **options})

    def add(
        self,
        method: str,
        path: str,
        *,
        who: str,
        status: int | None = None,
        problems: tuple[int, ...] = (),
        answer: Any = None,
        produces: str = JSON,
        consumes: str = JSON,
        max_bytes: int = BODY_BYTES,
        headers: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare a route.

        The handler takes `call: Call` and, where it wants them, `body: Model` and `query: Model`; its return annotation
        is the answer's model unless `answer` names one (then the handler returns a response of its own or JSON bytes).
        `status` is 200 where a route says nothing else, 204 where it answers nothing.
        """

        def declare(handler: Handler) -> Handler:
            hints = get_type_hints(handler)
            wanted = inspect.signature(handler).parameters
            returned: Any = answer if answer is not None else hints.get("return")
            is_empty = returned in (None, type(None))
            is_model = not is_empty and not _is_response(returned)
            text = inspect.getdoc(handler) or ""
            summary, _, description = text.partition("\n\n")
            self._routes.append(
                Route(
                    method=method,
                    path=self._base + path,
                    handler=handler,
                    who=who,
                    tag=self._tag,
                    status=status or (204 if is_empty else 200),
                    problems=tuple(sorted(problems)),
                    body=hints["body"] if "body" in wanted else None,
                    query=hints["query"] if "query" in wanted else None,
                    answer=TypeAdapter[Any](returned) if returned is not None and is_model else None,
                    produces=produces,
                    consumes=consumes,
                    max_bytes=max_bytes,
                    headers=headers,
                    summary=" ".join(summary.split()),
                    description=description,
                )
            )
            return handler

        return declare


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, web.StreamResponse)
