"""Members and invitations on the wire."""

from uuid import UUID

from dibs_realtime.accounts.schemas import Email
from dibs_realtime.events.members.model import Role
from dibs_realtime.kit.wire import Utc, Wire


class MemberOut(Wire):
    """A member of an event, with what its owners and managers may know of them."""

    event_id: UUID
    user_id: UUID
    name: str
    email: str
    role: Role
    version: int
    created_at: Utc
    updated_at: Utc


class NewInvitation(Wire):
    """An invitation. With an e-mail address only the account with that address can use it."""

    role: Role
    email: Email | None = None


class InvitationOut(Wire):
    """The link to hand over; it is shown only now and works once."""

    invite_url: str
    role: Role
    email: str | None
    expires_at: Utc


class MemberPatch(Wire):
    """The member's new role."""

    role: Role
