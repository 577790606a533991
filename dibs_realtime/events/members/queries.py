"""SQL that reads members."""

from uuid import UUID

from dibs_realtime.events.members.model import Role
from dibs_realtime.events.members.schemas import MemberOut
from dibs_realtime.kit.database import Database

_SELECT = """
SELECT m.event_id, m.user_id, u.name, u.email, m.role, m.version, m.created_at, m.updated_at
  FROM members m JOIN users u ON u.id = m.user_id
 WHERE m.event_id = $1"""


async def role(database: Database, event_id: UUID, user_id: UUID) -> Role | None:
    """Return the user's role in the event, or None."""
    found: Role | None = await database.fetchval(
        "SELECT role FROM members WHERE event_id = $1 AND user_id = $2", event_id, user_id
    )
    return found


async def member(database: Database, event_id: UUID, user_id: UUID) -> MemberOut | None:
    """Return the member, or None."""
    row = await database.fetchrow(f"{_SELECT} AND m.user_id = $2", event_id, user_id)
    return None if row is None else MemberOut(**dict(row))


async def members(database: Database, event_id: UUID, after: UUID | None, limit: int) -> list[MemberOut]:
    """Return the event's members in the order of their accounts' ids; one more than `limit` where there are."""
    rows = await database.fetch(
        f"{_SELECT} AND ($2::uuid IS NULL OR m.user_id > $2) ORDER BY m.user_id LIMIT $3", event_id, after, limit + 1
    )
    return [MemberOut(**dict(row)) for row in rows]
