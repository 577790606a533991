"""JSON in and out, one way for wire, database and bus."""

from typing import Any
from uuid import UUID

import orjson

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def dumps(value: Any) -> bytes:
    """Encode `value` (dicts, lists, dataclasses, UUIDs, datetimes) as UTF-8 JSON; times in UTC end in `Z`."""
    return orjson.dumps(value, default=_default, option=_OPTIONS)


def dumps_text(value: Any) -> str:
    """Encode like `dumps`, as text, which is what PostgreSQL takes for json."""
    return orjson.dumps(value, default=_default, option=_OPTIONS).decode()


def _default(value: Any) -> str:
    if isinstance(value, UUID):  # asyncpg has its own kind of UUID
        return str(value)
    raise TypeError


def loads(raw: bytes | str) -> Any:
    """Decode JSON. Raises ValueError (orjson.JSONDecodeError) for anything else."""
    return orjson.loads(raw)
