"""Members of an event and invitations to become one."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from dibs_realtime.kit.repository import Record

Role = Literal["owner", "manager", "viewer", "door"]

VALID_FOR = timedelta(days=7)
"""How long an invitation waits."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Record):
    """An account's role in an event."""

    event_id: UUID
    user_id: UUID
    role: Role
    version: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whoever has the token may join with that role, once; where it names an address, only the account with it."""

    event_id: UUID
    id: UUID
    role: Role
    email: str | None
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Return whether it can still be used."""
        return self.used_at is None and now < self.expires_at

    def is_for(self, email: str) -> bool:
        """Return whether an account with this address may use it."""
        return self.email is None or self.email.casefold() == email.casefold()


def new_token(event_id: UUID) -> str:
    """Return a token for an invitation. It carries the event, so that the look-up stays with the event's rows."""
    return urlsafe_b64encode(event_id.bytes + secrets.token_bytes(_SECRET_BYTES)).decode()


def event_of(token: str) -> UUID | None:
    """Return the event that a token is for, or None when it is no token."""
    try:
        raw = urlsafe_b64decode(token.encode())
    except ValueError:
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 16 + _SECRET_BYTES else None
