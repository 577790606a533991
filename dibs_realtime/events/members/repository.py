"""SQL that writes members and invitations."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg

from dibs_realtime.events.members.model import Invitation, Member
from dibs_realtime.kit.database import Connection
from dibs_realtime.kit.repository import Repository


class AlreadyMemberError(Exception):
    """The account is a member of the event already."""


class MemberRepository(Repository[Member]):
    """The members of events."""

    table = "members"
    row = Member
    key: ClassVar = ("event_id", "user_id")

    async def add(self, row: Member) -> None:
        """Insert the member. Raises AlreadyMemberError."""
        try:
            await super().add(row)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "members_pkey":
                raise AlreadyMemberError from None
            raise

    async def lock_owners(self, event_id: UUID) -> set[UUID]:
        """Return the event's owners; nobody else changes an owner, or comes past here, before the transaction ends.

        Every event has an owner, so whoever changes members and begins with this is alone.
        """
        rows = await self._connection.fetch(
            """SELECT user_id FROM members WHERE event_id = $1 AND role = 'owner'
                ORDER BY user_id FOR UPDATE""",
            event_id,
        )
        return {row["user_id"] for row in rows}


class InvitationRepository:
    """Invitations; their tokens are kept hashed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, invitation: Invitation, token_hash: bytes, created_by: UUID, now: datetime) -> None:
        """Insert the invitation."""
        await self._connection.execute(
            """INSERT INTO invitations (event_id, id, token_hash, role, email, created_by, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
            invitation.event_id,
            invitation.id,
            token_hash,
            invitation.role,
            invitation.email,
            created_by,
            now,
            invitation.expires_at,
        )

    async def lock(self, event_id: UUID, token_hash: bytes) -> Invitation | None:
        """Return the invitation with that token, or None; nobody else uses it before the transaction ends."""
        row = await self._connection.fetchrow(
            """SELECT event_id, id, role, email, expires_at, used_at
                 FROM invitations WHERE event_id = $1 AND token_hash = $2 FOR UPDATE""",
            event_id,
            token_hash,
        )
        return None if row is None else Invitation(**dict(row))

    async def use(self, invitation: Invitation, now: datetime) -> None:
        """Use the invitation up."""
        await self._connection.execute(
            "UPDATE invitations SET used_at = $3 WHERE event_id = $1 AND id = $2",
            invitation.event_id,
            invitation.id,
            now,
        )

    async def withdraw_of(self, event_id: UUID, user_id: UUID) -> None:
        """Delete the unused invitations that this user made."""
        await self._connection.execute(
            "DELETE FROM invitations WHERE event_id = $1 AND created_by = $2 AND used_at IS NULL", event_id, user_id
        )
