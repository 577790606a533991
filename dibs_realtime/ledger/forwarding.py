"""What processes say to each other about commands.

`{"ask": [[number, kind, command], …]}` and `{"told": [[number, result, problem], …]}`; neither a result nor a problem:
decide it yourself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from dibs_realtime.kit.problems import Problem
from dibs_realtime.ledger.command import KeyedCommand

_PROBLEM = ("status", "detail", "slug", "errors", "headers", "extra")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of command that may be sent to another process: keyed ones, which may arrive twice."""

    by_name: Mapping[str, type[KeyedCommand[Any]]]

    @classmethod
    def of(cls, kinds: Sequence[type[KeyedCommand[Any]]]) -> "Kinds":
        """Prepare for these."""
        return cls({kind.__name__: kind for kind in kinds})

    def name_of(self, command: Any) -> str | None:
        """Return the kind's name; None: it stays here."""
        name = type(command).__name__
        return name if name in self.by_name and command.key else None

    def read(self, name: str, shape: Any) -> KeyedCommand[Any]:
        """Return the command. Raises ValueError, KeyError: another release's."""
        command: KeyedCommand[Any] = msgspec.convert(shape, self.by_name[name], dec_hook=_model)
        return command


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):  # the database driver's own subclass
        return UUID(int=value.int)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"not JSON: {type(value).__name__}")


encode: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=_plain).encode
"""Encode a message: commands, rows, and what JSON can hold."""


def _model(kind: type[Any], shape: Any) -> Any:
    """Return what only pydantic can read: a part of a request that a command carries as it came."""
    if issubclass(kind, BaseModel):
        return kind.model_validate(shape)
    raise NotImplementedError(kind)


def told(number: int, result: Any) -> list[Any]:
    """Return the answer to a command: its result, or the problem that it raised, or None: it could not be decided."""
    if isinstance(result, Problem):
        return [number, None, {name: getattr(result, name) for name in _PROBLEM}]
    return [number, result, None]


def problem_of(shape: Mapping[str, Any]) -> Problem:
    """Return the problem that another process told of."""
    return Problem(shape["status"], shape["detail"], **{name: shape[name] for name in _PROBLEM[2:]})
