"""Editable resources on the ledger: versions, `If-Match`, and which fields an edit really changes."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel

from dibs_realtime.kit import problems

Model = TypeVar("Model", bound=BaseModel)


class Versioned(Protocol):
    """A row with a version."""

    @property
    def version(self) -> int:
        """The number that every change raises by one."""


Row = TypeVar("Row")


def check_version(row: Versioned, if_match: int | None) -> None:
    """Raise Problem 412 when the caller saw another version."""
    if if_match is not None and if_match != row.version:
        raise problems.stale(row.version)


def edited(row: Row, wanted: Mapping[str, Any], now: Any) -> tuple[Row, dict[str, Any]]:
    """Return the row with `wanted` applied and what really changed, `version` included; ({}: nothing did)."""
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not changes:
        return row, {}
    changes["version"] = cast("Versioned", row).version + 1
    return cast("Row", replace(cast("Any", row), **changes, updated_at=now)), {**changes, "updated_at": now}


def render(model: type[Model], row: Any, **more: Any) -> Model:
    """Build the wire shape of a row: its fields of the same names, and `more`."""
    names = {field.name for field in fields(row)} & model.model_fields.keys()
    return model(**{name: getattr(row, name) for name in names}, **more)
