"""Cursors: opaque to callers, the last row's id inside."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.wire import Page, PageQuery

Item = TypeVar("Item")


def after(query: PageQuery) -> UUID | None:
    """Return the id after which the page starts. Raises Problem 422 for a cursor that we did not make."""
    if query.cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(query.cursor.encode() + b"==")
        return UUID(bytes=raw)
    except (ValueError, binascii.Error) as error:
        raise problems.unprocessable("This cursor is not one of ours.", loc=("query", "cursor")) from error


def page(rows: Sequence[Item], query: PageQuery, id_of: Callable[[Item], UUID]) -> Page[Item]:
    """Return a page of `rows`, which the query read with `LIMIT query.limit + 1`."""
    items = list(rows[: query.limit])
    more = len(rows) > query.limit
    cursor = base64.urlsafe_b64encode(id_of(items[-1]).bytes).decode().rstrip("=") if more else None
    return Page[Item](items=items, next_cursor=cursor)
