"""Reading events."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from dibs_realtime.events.schemas import EventOut, EventResource
from dibs_realtime.kit.database import Database

_COLUMNS = ", ".join(f"e.{name}" for name in EventResource.model_fields) + ", e.access_code, m.role"


def _shown(row: Mapping[str, Any]) -> EventOut:
    values = dict(row)
    if values["role"] not in ("owner", "manager"):
        values["access_code"] = None
    return EventOut.model_validate(values)


async def event(database: Database, event_id: UUID, user_id: UUID | None) -> EventOut | None:
    """Return the event as this user (None: a device) sees it."""
    row = await database.fetchrow(
        f"""SELECT {_COLUMNS} FROM events e LEFT JOIN members m ON m.event_id = e.id AND m.user_id = $2
             WHERE e.id = $1""",  # noqa: S608  # constants
        event_id,
        user_id,
    )
    return _shown(row) if row is not None else None


async def events_of(database: Database, user_id: UUID, after: UUID | None, limit: int) -> list[EventOut]:
    """Return the user's events, the newest first, those made before `after`; one more than `limit` where there are."""
    rows = await database.fetch(
        f"""SELECT {_COLUMNS} FROM members m JOIN events e ON e.id = m.event_id
             WHERE m.user_id = $1 AND ($2::uuid IS NULL OR e.id < $2)
             ORDER BY e.id DESC LIMIT $3""",  # noqa: S608  # constants
        user_id,
        after,
        limit + 1,
    )
    return [_shown(row) for row in rows]
