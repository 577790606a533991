"""Editable resources on the ledger: versions, `If-Match`, and which fields an edit really changes."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel

from dibs_realtime.kit import problems
from dibs_realtime.ledger.row import Row, replace

Model = TypeVar("Model", bound=BaseModel)
R = TypeVar("R", bound=Row)


class Versioned(Protocol):
    """A row with a version."""

    @property
    def version(self) -> int:
        """The number that every change raises by one."""


def check_version(row: Versioned, if_match: int | None) -> None:
    """Raise Problem 412 when the caller saw another version."""
    if if_match is not None and if_match != row.version:
        raise problems.stale(row.version)


def edited(row: R, wanted: Mapping[str, Any], now: Any) -> tuple[R, dict[str, Any]]:
    """Return the row with `wanted` applied and what really changed, `version` included; ({}: nothing did)."""
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not changes:
        return row, {}
    changes["version"] = cast("Versioned", row).version + 1
    return replace(row, **changes, updated_at=now), {**changes, "updated_at": now}


def render(model: type[Model], row: Any, **more: Any) -> Model:
    """Build the wire shape of a row: its fields of the same names, and `more`."""
    return model(**{name: getattr(row, name) for name in model.model_fields if hasattr(row, name)}, **more)
