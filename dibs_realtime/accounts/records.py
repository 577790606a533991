"""Session records in Redis: what spares PostgreSQL a question when a session is first seen on a node."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from dibs_realtime.kit import json
from dibs_realtime.kit.redis import Redis


@dataclass(frozen=True, slots=True)
class Record:
    """Whose session it is, which never changes, and until when that counts without another look."""

    kind: str
    subject_id: UUID
    event_id: UUID | None
    until: datetime


_RECORD = TypeAdapter(Record)


class SessionRecords:
    """A cache: empty at any time, and whoever reads it asks elsewhere whether the session has ended."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, session_id: UUID) -> Record | None:
        """Return the record, or None when there is none."""
        raw = await self._redis.get(_key(session_id))
        if raw is None:
            return None
        try:
            return _RECORD.validate_json(raw)
        except ValidationError:
            return None

    async def put(self, session_id: UUID, record: Record, now: datetime) -> None:
        """Store the record for as long as it counts."""
        await self._redis.set(_key(session_id), json.dumps(record), (record.until - now).total_seconds())

    async def remove(self, session_ids: list[UUID]) -> None:
        """Delete the records."""
        await self._redis.delete(*map(_key, session_ids))


def _key(session_id: UUID) -> str:
    return f"dibs:session:{session_id}"
