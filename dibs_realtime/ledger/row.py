"""Rows as the rules see them: immutable, made and compared in C, read from and written to JSON without a detour."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

__all__ = ["Row", "encode", "parser", "replace"]

R = TypeVar("R", bound="Row")


class Row(msgspec.Struct, frozen=True, gc=False):
    """What one row of a table says; its fields are columns. Rows make no cycles, so the collector need not know them.

    `replace(row, …)` returns a changed copy.
    """


def _other(value: Any) -> Any:
    if isinstance(value, UUID):  # the database driver's own subclass
        return UUID(int=value.int)
    raise TypeError(f"not JSON: {type(value).__name__}")


encode: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=_other).encode
"""Encode rows, and what JSON can hold, as UTF-8 JSON; times in UTC end in `Z`."""


def parser(row: type[R]) -> Callable[[str], list[R]]:
    """Return what reads a JSON array of such rows as PostgreSQL's json_agg writes it; columns it does not know pass."""
    return msgspec.json.Decoder(list[row]).decode  # type: ignore[valid-type]  # the row type is only known at run time


def array(parts: Iterable[bytes]) -> str:
    """Return a JSON array of what is JSON already, as text, which is what PostgreSQL takes for json."""
    return f"[{b','.join(parts).decode()}]"
