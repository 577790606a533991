"""SQL that reads accounts, sessions and revocations."""

from datetime import datetime, timedelta
from uuid import UUID

from dibs_realtime.accounts.model import ACCESS, Revocation
from dibs_realtime.accounts.schemas import SessionOut, UserOut
from dibs_realtime.kit.database import Connection, Database

_USER = ", ".join(UserOut.model_fields)


async def profile(database: Database, user_id: UUID) -> UserOut | None:
    """Return the account as its holder sees it."""
    row = await database.fetchrow(f"SELECT {_USER} FROM users WHERE id = $1", user_id)  # noqa: S608  # field names
    return None if row is None else UserOut(**dict(row))


async def sessions_of(
    database: Database, user_id: UUID, current: UUID, after: UUID | None, *, limit: int, now: datetime
) -> list[SessionOut]:
    """Return where the account is signed in, the newest first; one more than `limit` where there are."""
    rows = await database.fetch(
        """SELECT id, user_agent, created_at, last_used_at, expires_at, id = $2 AS current
             FROM sessions
            WHERE subject_id = $1 AND revoked_at IS NULL AND expires_at > $5 AND ($3::uuid IS NULL OR id < $3)
            ORDER BY id DESC LIMIT $4""",
        user_id,
        current,
        after,
        limit + 1,
        now,
    )
    return [SessionOut(**dict(row)) for row in rows]


async def denied_sessions(database: Database, now: datetime) -> dict[UUID, datetime]:
    """Return the ended sessions whose access tokens may not have expired yet, and until when that may be."""
    rows = await database.fetch(
        """SELECT id, expires_at FROM sessions
            WHERE revoked_at IS NOT NULL AND expires_at > $1 AND (kind <> 'user' OR revoked_at > $2)""",
        now,
        now - 2 * ACCESS,  # twice: the nodes' clocks may differ
    )
    return {row["id"]: row["expires_at"] for row in rows}


async def dead_sessions(database: Database, session_ids: list[UUID], now: datetime) -> set[UUID]:
    """Return which of these sessions are ended, expired or unknown."""
    rows = await database.fetch(
        """SELECT id FROM unnest($1::uuid[]) AS asked (id)
            WHERE NOT EXISTS (SELECT FROM sessions s
                               WHERE s.id = asked.id AND s.revoked_at IS NULL AND s.expires_at > $2)""",
        session_ids,
        now,
    )
    return {row["id"] for row in rows}


async def news(connection: Connection, window: timedelta, patience: float) -> list[Revocation]:
    """Return the revocations of the last `window` by the database's clock, within `patience` seconds."""
    rows = await connection.fetch(
        """SELECT r.id, r.kind, r.reason, r.session_id, r.event_id, r.user_id, s.expires_at AS until
             FROM revocations r LEFT JOIN sessions s ON s.id = r.session_id
            WHERE r.at > clock_timestamp() - $1::interval
            ORDER BY r.at""",
        window,
        timeout=patience,
    )
    return [Revocation(**dict(row)) for row in rows]
