"""Where Redis is, as one address says it: one server, a cluster, or whichever server the sentinels name.

`redis://[user:password@]host:6379/0` or `unix:///path/to/socket`: one server.
`redis+cluster://[user:password@]host:6379[,host:6379…]`: a cluster; any of its nodes tells of the others.
`redis+sentinel://[user:password@]host:26379[,host:26379…]/service[/0]`: the service's present primary. The
sentinels' own password, where they have one: `?sentinel_password=…`.
With `rediss` in place of `redis` the connections are encrypted.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

FORMS = "redis://host:6379/0, redis+cluster://host,host or redis+sentinel://host,host/service"
_PORTS = {"single": 6379, "cluster": 6379, "sentinel": 26379}
_SCHEMES: dict[str, tuple[Literal["single", "cluster", "sentinel"], bool]] = {
    "unix": ("single", False),
    "redis": ("single", False),
    "rediss": ("single", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """An address, taken apart. `url` is the whole of it; `service` is a sentinel's word for a group of servers."""

    url: str
    kind: Literal["single", "cluster", "sentinel"]
    tls: bool
    hosts: tuple[tuple[str, int], ...]
    username: str | None
    password: str | None
    service: str
    database: int
    sentinel_password: str | None


def parse(url: str) -> RedisAddress:
    """Take an address apart. Raises ValueError, whose text holds nothing of the address."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"must be an address like {FORMS}")
    kind, tls = _SCHEMES[parts.scheme]
    credentials, _, places = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    options = dict(parse_qsl(parts.query))
    service, database = _path(parts, kind)
    if kind != "single" and set(options) - {"sentinel_password"}:
        raise ValueError("may end in ?sentinel_password=… and nothing else")
    return RedisAddress(
        url=url,
        kind=kind,
        tls=tls,
        hosts=tuple(_host(place, _PORTS[kind]) for place in places.split(",")) if kind != "single" else (),
        username=unquote(username) or None,
        password=unquote(password) or None,
        service=service,
        database=database,
        sentinel_password=options.get("sentinel_password"),
    )


def _host(place: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        found = parts.hostname, parts.port or port
    except ValueError:
        found = None, 0
    if not found[0]:
        raise ValueError(f"must be an address like {FORMS}")
    return found[0], found[1]


def _path(parts: SplitResult, kind: str) -> tuple[str, int]:
    """Return the service and the database's number."""
    if kind == "single":
        return "", 0  # the library reads that address itself
    if kind == "cluster":
        if parts.path.strip("/"):
            raise ValueError("must end after the hosts: a cluster has one database")
        return "", 0
    service, _, database = parts.path.strip("/").partition("/")
    if not service or (database and not database.isdecimal()):
        raise ValueError("must name the sentinels' service, like redis+sentinel://host,host/service")
    return unquote(service), int(database or 0)
