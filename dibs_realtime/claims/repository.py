"""SQL of guests: signing in, and the links that open a wallet on another device."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.model import Session
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.kit.database import Database

_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody with a wallet at one event."""

    id: UUID
    event_id: UUID
    name: str | None
    email: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Door:
    """What an event asks of those who want in."""

    event_id: UUID
    slug: str
    ends_at: datetime
    guest_access: str
    access_code: str | None
    guest_name: str


class GuestRepository:
    """Guests of events."""

    def __init__(self, database: Database, sessions: SessionDirectory) -> None:
        self._database = database
        self._sessions = sessions

    async def door(self, slug: str) -> Door | None:
        """Return what the event with this address asks; None: unknown, or a draft."""
        row = await self._database.fetchrow(
            """SELECT id AS event_id, slug, ends_at, guest_access, access_code, guest_name
                 FROM events WHERE slug = $1 AND status <> 'draft'""",
            slug,
        )
        return Door(**dict(row)) if row is not None else None

    async def add(self, guest: Guest, expires_at: datetime, user_agent: str) -> Session:
        """Store a guest and return their session."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO guests (event_id, id, name, email, created_at) VALUES ($1, $2, $3, $4, $5)",
                guest.event_id, guest.id, guest.name, guest.email, guest.created_at,
            )  # fmt: skip
            return await self._sessions.create_session(
                connection, "guest", guest.id, guest.event_id, guest.created_at, expires_at, user_agent
            )

    async def add_link(self, event_id: UUID, guest_id: UUID, now: datetime, expires_at: datetime) -> str:
        """Store a wallet link; return its token. The token names the event, so that it is looked up there alone."""
        secret = secrets.token_bytes(_SECRET_BYTES)
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM guest_links WHERE event_id = $1 AND expires_at < $2", event_id, now)
            await connection.execute(
                "INSERT INTO guest_links (event_id, token_hash, guest_id, expires_at) VALUES ($1, $2, $3, $4)",
                event_id, hashlib.sha256(secret).digest(), guest_id, expires_at,
            )  # fmt: skip
        return base64.urlsafe_b64encode(event_id.bytes + secret).decode().rstrip("=")

    async def take_link(self, token: str, now: datetime, user_agent: str) -> tuple[Guest, Session, str] | None:
        """Use a wallet link once: return its guest, a session and the event's slug. None: wrong, used or expired."""
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii", "replace") + b"==")
        except (ValueError, binascii.Error):
            return None
        if len(raw) != 16 + _SECRET_BYTES:
            return None
        event_id = UUID(bytes=raw[:16])
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                """UPDATE guest_links l SET used_at = $3
                     FROM guests g JOIN events e ON e.id = g.event_id
                    WHERE l.event_id = $1 AND l.token_hash = $2 AND l.used_at IS NULL AND l.expires_at > $3
                      AND g.event_id = l.event_id AND g.id = l.guest_id
                RETURNING g.id, g.event_id, g.name, g.email, g.created_at, e.slug,
                          (SELECT s.expires_at FROM sessions s WHERE s.subject_id = g.id
                            AND s.revoked_at IS NULL ORDER BY s.id LIMIT 1) AS session_end""",
                event_id,
                hashlib.sha256(raw[16:]).digest(),
                now,
            )
            if row is None or row["session_end"] is None:
                return None
            values: Mapping[str, Any] = dict(row)
            guest = Guest(**{name: values[name] for name in ("id", "event_id", "name", "email", "created_at")})
            session = await self._sessions.create_session(
                connection, "guest", guest.id, guest.event_id, now, row["session_end"], user_agent
            )
            return guest, session, values["slug"]
