"""SQL that writes accounts, sessions, revocations and password links."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg

from dibs_realtime.accounts.model import Account, Revocation, Session
from dibs_realtime.kit.database import Connection
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.repository import Repository


class EmailTakenError(Exception):
    """Another account has this address."""


class UserRepository(Repository[Account]):
    """Organizers' accounts."""

    table = "users"
    row = Account

    async def by_email(self, email: str) -> Account | None:
        """Return the account with this address, in whatever case it is written, or None."""
        return await self._one("WHERE lower(email) = lower($1)", email)

    async def add(self, row: Account) -> None:
        """Insert the account. Raises EmailTakenError."""
        try:
            await super().add(row)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "users_email_key":
                raise EmailTakenError from None
            raise


class SessionRepository(Repository[Session]):
    """Sessions, and the news that some have ended."""

    table = "sessions"
    row = Session
    named: ClassVar = {"updated_at": "last_used_at"}

    async def these(self, session_ids: Sequence[UUID]) -> list[Session]:
        """Return those of the sessions that there are."""
        return await self._all("WHERE id = ANY($1::uuid[])", list(session_ids))

    async def revoke(self, session_id: UUID, reason: str, now: datetime) -> list[Revocation]:
        """End a session; return the news of it, none when it had ended before."""
        return await self._revoke("id = $1", now, reason, session_id)

    async def revoke_of(self, subject_id: UUID, reason: str, now: datetime, but: UUID | None) -> list[Revocation]:
        """End all sessions of an account, device or guest, except `but`; return the news."""
        return await self._revoke("subject_id = $1 AND id IS DISTINCT FROM $2", now, reason, subject_id, but)

    async def revoke_of_event(self, event_id: UUID, reason: str, now: datetime) -> list[Revocation]:
        """End the sessions of an event's devices and guests; return the news."""
        return await self._revoke("event_id = $1", now, reason, event_id)

    async def follow_event(self, event_id: UUID, expires_at: datetime, at_least: timedelta) -> None:
        """Let the sessions of an event's devices and guests end then; each lives for so long at least."""
        await self._connection.execute(
            """UPDATE sessions SET expires_at = greatest($2::timestamptz, created_at + $3::interval)
                WHERE event_id = $1 AND revoked_at IS NULL
                  AND expires_at <> greatest($2::timestamptz, created_at + $3::interval)""",
            event_id,
            expires_at,
            at_least,
        )

    async def _revoke(self, where: str, now: datetime, reason: str, *arguments: object) -> list[Revocation]:
        place = len(arguments) + 1
        rows = await self._connection.fetch(
            f"UPDATE sessions SET revoked_at = ${place} WHERE revoked_at IS NULL AND {where}"  # noqa: S608  # ours
            " RETURNING id, expires_at",
            *arguments,
            now,
        )
        news = [Revocation(new_id(), "session", reason, session_id=row["id"], until=row["expires_at"]) for row in rows]
        await add_revocations(self._connection, news)
        return news


class PasswordLinkRepository:
    """Single-use links with which the holder of an account chooses a password; tokens are kept hashed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def replace(self, token_hash: bytes, user_id: UUID, now: datetime, expires_at: datetime) -> None:
        """Store a link; the account's earlier ones are void from now on."""
        await self._connection.execute("DELETE FROM password_links WHERE user_id = $1", user_id)
        await self._connection.execute(
            """INSERT INTO password_links (token_hash, user_id, created_at, expires_at)
               VALUES ($1, $2, $3, $4)""",
            token_hash,
            user_id,
            now,
            expires_at,
        )

    async def find(self, token_hash: bytes, now: datetime) -> UUID | None:
        """Return whose link it is, or None when it is unknown, used or expired."""
        user_id: UUID | None = await self._connection.fetchval(
            """SELECT user_id FROM password_links
                WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2""",
            token_hash,
            now,
        )
        return user_id

    async def use(self, token_hash: bytes, now: datetime) -> UUID | None:
        """Use the link up; otherwise like `find`."""
        user_id: UUID | None = await self._connection.fetchval(
            """UPDATE password_links SET used_at = $2
                WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING user_id""",
            token_hash,
            now,
        )
        return user_id


async def add_revocations(connection: Connection, revocations: Sequence[Revocation]) -> None:
    """Store the news where every node looks for it, timed by the database: nodes' clocks may differ."""
    if revocations:
        await connection.executemany(
            """INSERT INTO revocations (id, at, kind, session_id, event_id, user_id, reason)
               VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6)""",
            [(r.id, r.kind, r.session_id, r.event_id, r.user_id, r.reason) for r in revocations],
        )


async def forget_the_past(connection: Connection, now: datetime) -> None:
    """Delete what nobody asks for any more: expired sessions and links, and old news."""
    for sql in (
        "DELETE FROM sessions WHERE expires_at < $1::timestamptz - interval '1 day'",
        "DELETE FROM password_links WHERE expires_at < $1::timestamptz - interval '1 day'",
        "DELETE FROM revocations WHERE at < least($1::timestamptz, clock_timestamp()) - interval '1 day'",
    ):
        await connection.execute(sql, now)
