"""What changes who works on an event. Members stay outside the ledger: it keeps nothing of persons."""

from dataclasses import replace
from uuid import UUID

from dibs_realtime.accounts.model import JOINED
from dibs_realtime.accounts.repository import UserRepository
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.events.members.model import VALID_FOR, Invitation, Member, Role, event_of, new_token
from dibs_realtime.events.members.repository import AlreadyMemberError, InvitationRepository, MemberRepository
from dibs_realtime.events.members.schemas import InvitationOut, NewInvitation
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Connection, Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.tokens import secret_hash
from dibs_realtime.ledger.editing import check_version


class Members:
    """The use cases of membership. All raise Problem 503 when PostgreSQL is away."""

    def __init__(self, database: Database, sessions: SessionDirectory, public_url: str, clock: Clock) -> None:
        self.database = database
        self._sessions = sessions
        self._public_url = public_url
        self._clock = clock

    async def invite(self, event_id: UUID, by: UUID, new: NewInvitation) -> InvitationOut:
        """Make an invitation."""
        now, token = self._clock(), new_token(event_id)
        invitation = Invitation(event_id, new_id(), new.role, new.email, now + VALID_FOR, None)
        async with self.database.transaction() as connection:
            # Whoever loses the role in this moment leaves no invitation behind.
            if by not in await MemberRepository(connection).lock_owners(event_id):
                raise problems.forbidden()
            await InvitationRepository(connection).add(invitation, secret_hash(token), by, now)
        return InvitationOut(
            # In the fragment, which browsers send to nobody.
            invite_url=f"{self._public_url}/app/#/invite/{token}",
            role=invitation.role,
            email=invitation.email,
            expires_at=invitation.expires_at,
        )

    async def join(self, token: str, user_id: UUID) -> UUID:
        """Use an invitation; return the event. Raises Problem 403 when it is for another address, 404, 409."""
        now, event_id = self._clock(), event_of(token)
        if event_id is None:
            raise _no_invitation()
        try:
            async with self.database.transaction() as connection:
                invitations = InvitationRepository(connection)
                invitation = await invitations.lock(event_id, secret_hash(token))
                if invitation is None or not invitation.is_open(now):
                    raise _no_invitation()
                account = await UserRepository(connection).get(user_id)
                if account is None or not invitation.is_for(account.email):
                    raise problems.forbidden("This invitation is for another e-mail address.")
                await MemberRepository(connection).add(
                    Member(
                        created_at=now,
                        updated_at=now,
                        event_id=event_id,
                        user_id=user_id,
                        role=invitation.role,
                        version=1,
                    )
                )
                await invitations.use(invitation, now)
                news = await self._sessions.note_member_change(connection, event_id, user_id, JOINED)
        except AlreadyMemberError:
            raise problems.conflict("You are a member of this event already.", slug="already_member") from None
        await self._sessions.announce(news)
        return event_id

    async def change_role(self, event_id: UUID, user_id: UUID, role: Role, if_match: int | None) -> None:
        """Change a member's role. Raises Problem 404, 409 for the last owner, 412."""
        async with self.database.transaction() as connection:
            before = await self._changeable(connection, event_id, user_id, role, if_match)
            if before.role == role:
                return
            after = replace(before, role=role, version=before.version + 1, updated_at=self._clock())
            await MemberRepository(connection).save(after)
            if before.role == "owner":
                await InvitationRepository(connection).withdraw_of(event_id, user_id)
            news = await self._sessions.note_member_change(connection, event_id, user_id, "role_changed")
        await self._sessions.announce(news)

    async def remove(self, event_id: UUID, user_id: UUID, if_match: int | None) -> None:
        """Remove a member, and the invitations they made. Raises Problem 404, 409 for the last owner, 412."""
        async with self.database.transaction() as connection:
            await self._changeable(connection, event_id, user_id, None, if_match)
            await MemberRepository(connection).remove(event_id, user_id)
            await InvitationRepository(connection).withdraw_of(event_id, user_id)
            news = await self._sessions.note_member_change(connection, event_id, user_id, "removed")
        await self._sessions.announce(news)

    async def _changeable(
        self, connection: Connection, event_id: UUID, user_id: UUID, role: Role | None, if_match: int | None
    ) -> Member:
        """Return the member, locked, if it may get this role (None: none any more)."""
        members = MemberRepository(connection)
        owners = await members.lock_owners(event_id)
        member = await members.get(event_id, user_id, lock=True)
        if member is None:
            raise problems.not_found()
        check_version(member, if_match)
        if owners == {user_id} and role != "owner":
            raise problems.conflict("An event keeps at least one owner.", slug="last_owner")
        return member


def _no_invitation() -> problems.Problem:
    return problems.not_found("This invitation was used already, or it is too old. Ask for a new one.")
