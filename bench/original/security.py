"""Who calls: a bearer token (JWT) and its session in Redis, both looked at with each request."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import jwt
from fastapi import HTTPException
from jwt.types import Options

from dibs_realtime.kit.ids import new_id

if TYPE_CHECKING:
    from redis.asyncio import Redis

ALGORITHM = "HS256"
LIFETIME = timedelta(hours=12)
ROLES = ("door", "owner")
_DECODING: Options = {"require": ["exp", "sub", "sid"]}


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody signed in who works at one event."""

    id: UUID
    event_id: UUID
    role: str


class Sessions:
    """Sessions in Redis under the token's `sid`."""

    def __init__(self, redis: "Redis", secret: str) -> None:
        self._redis = redis
        self._secret = secret

    async def create(self, staff: Staff) -> str:
        """Store a session and return its token."""
        session_id = str(new_id())
        value = json.dumps({"user_id": str(staff.id), "event_id": str(staff.event_id), "role": staff.role})
        await self._redis.set(f"session:{session_id}", value, ex=LIFETIME)
        claims = {"sub": str(staff.id), "sid": session_id, "exp": datetime.now(UTC) + LIFETIME}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    async def admit(self, authorization: str | None, event_id: UUID) -> Staff:
        """Return the caller. Raises HTTPException: 401 bad token or ended session, 404 another event."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise HTTPException(401, "Sign in.")
        try:
            claims = jwt.decode(token, self._secret, algorithms=[ALGORITHM], options=_DECODING)
        except jwt.InvalidTokenError:
            raise HTTPException(401, "This token is not valid.") from None
        stored = await self._redis.get(f"session:{claims['sid']}")
        if stored is None:
            raise HTTPException(401, "This session has ended.")
        session = json.loads(stored)
        if UUID(session["event_id"]) != event_id or session["role"] not in ROLES:
            raise HTTPException(404)
        return Staff(UUID(session["user_id"]), event_id, session["role"])
