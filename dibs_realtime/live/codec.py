"""JSON for sockets: models and database ids included, and parts that are JSON already are copied, not encoded again."""

from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def ready(raw: bytes) -> orjson.Fragment:
    """Mark bytes that are JSON already."""
    return orjson.Fragment(raw)


def dumps(value: Any) -> bytes:
    """Encode as UTF-8 JSON."""
    return orjson.dumps(value, default=_other, option=_OPTIONS)


def _other(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return orjson.Fragment(value.model_dump_json())
    if isinstance(value, UUID):  # the database driver's own subclass
        return str(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


class SocketJson:
    """What python-socketio takes for its `json`."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        """Encode; the options (separators) are what orjson does anyway."""
        return dumps(value).decode()

    @staticmethod
    def loads(raw: str | bytes, **_options: Any) -> Any:
        """Decode. Raises ValueError."""
        return orjson.loads(raw)
