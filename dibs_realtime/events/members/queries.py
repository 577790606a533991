"""SQL that reads members."""

from collections.abc import Sequence
from uuid import UUID

from dibs_realtime.events.members.model import Role
from dibs_realtime.events.members.schemas import MemberOut
from dibs_realtime.kit.database import Database

_SELECT = """
SELECT m.event_id, m.user_id, u.name, u.email, m.role, m.version, m.created_at, m.updated_at
  FROM members m JOIN users u ON u.id = m.user_id
 WHERE m.event_id = $1"""


async def roles(database: Database, asked: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Role]:
    """Return the roles of (event, user), of those that have one."""
    rows = await database.fetch(
        """SELECT m.event_id, m.user_id, m.role
             FROM unnest($1::uuid[], $2::uuid[]) AS asked (event_id, user_id)
             JOIN members m ON m.event_id = asked.event_id AND m.user_id = asked.user_id""",
        [event_id for event_id, _ in asked],
        [user_id for _, user_id in asked],
    )
    return {(row["event_id"], row["user_id"]): row["role"] for row in rows}


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
