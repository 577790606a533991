"""Accounts and sessions, and the rules of how long a session lives."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal
from uuid import UUID

from dibs_realtime.kit.repository import Entity

Kind = Literal["user", "device", "guest"]
ACCESS = timedelta(minutes=15)
"""How long an organizer's access token is good for."""
AT_THE_DOOR = timedelta(days=3650)
"""How long a device's or guest's token is good for as far as it goes; it is the session that ends, with its event."""
CONFIRMED = timedelta(minutes=15)
"""How long what was read of a session counts: when it ends may have been changed since."""
IDLE = timedelta(days=30)
"""How long an organizer's session lives without being refreshed."""
GRACE = timedelta(seconds=10)
"""How long a used refresh token gets its successor again: its answer may have been lost."""
SETUP_LINK = timedelta(days=7)
RESET_LINK = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Entity):
    """An organizer. `password_hash` None: they have not chosen a password yet."""

    email: str
    name: str
    password_hash: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Entity):
    """A signed-in browser, a paired device or a guest; `updated_at` is when it was last refreshed.

    refresh_generation: which refresh token is the current one; each is derived from it and from refresh_salt.
    """

    kind: Kind
    subject_id: UUID
    event_id: UUID | None
    user_agent: str
    refresh_generation: int
    refresh_salt: bytes
    refreshed_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None

    def is_alive(self, now: datetime) -> bool:
        """Return whether it was neither ended nor left idle for too long."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Revocation:
    """A session ended (`session_id`), or the role of `user_id` in `event_id` began, changed or ended (kind member).

    until: when the session's last token expires at the latest; None: unknown.
    """

    id: UUID
    kind: Literal["session", "member"]
    reason: str
    session_id: UUID | None = None
    event_id: UUID | None = None
    user_id: UUID | None = None
    until: datetime | None = None


JOINED = "joined"
"""The reason of the news that somebody became a member."""


class Refresh(Enum):
    """What to do with a genuine refresh token."""

    ROTATE = auto()
    REPEAT = auto()
    REUSED = auto()


def judge_refresh(session: Session, generation: int, now: datetime) -> Refresh:
    """Decide on a genuine refresh token of a live session.

    The current one is exchanged. The one before it gets the same successor again for a moment, because its
    answer may have been lost; the successor was not used, else it would not be the current one. Anything else
    means that two hold the token, one of them a thief.
    """
    if generation == session.refresh_generation:
        return Refresh.ROTATE
    is_previous = generation == session.refresh_generation - 1
    if is_previous and session.refreshed_at is not None and now - session.refreshed_at <= GRACE:
        return Refresh.REPEAT
    return Refresh.REUSED


def rotated(session: Session, now: datetime) -> Session:
    """Return the session with its next refresh token, alive for another `IDLE`."""
    return replace(
        session,
        refresh_generation=session.refresh_generation + 1,
        refreshed_at=now,
        updated_at=now,
        expires_at=now + IDLE,
    )
