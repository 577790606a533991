"""SQL of events that does not go through the ledger's writer: making one, and removing a draft."""

from typing import Any
from uuid import UUID

import asyncpg

from dibs_realtime.accounts.model import JOINED
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.events.commands import SLUG_TAKEN, resource
from dibs_realtime.events.model import EVENTS, Event
from dibs_realtime.events.tokens import AFTER_THE_END, AT_LEAST
from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.queries import begin

DELETED = "event_deleted"
_COLUMNS = EVENTS.column_list()
_PLACES = ", ".join(f"${n}" for n in range(1, len(EVENTS.columns) + 1))

# Everything keyed by the event that no foreign key empties.
_OF_AN_EVENT = (
    "ledger", "verdicts", "gates", "gate_counters", "event_counters", "status_changes", "offers", "offer_counters",
    "devices", "device_presence", "voucher_batches", "vouchers", "voucher_voids", "redemptions", "attempts",
    "conflicts", "minute_counters", "door_seals",
)  # fmt: skip


class EventRepository:
    """Makes and removes events."""

    def __init__(self, database: Database, sessions: SessionDirectory) -> None:
        self._database = database
        self._sessions = sessions

    async def add(self, event: Event, owner_id: UUID, actor: dict[str, Any], key: str | None, fingerprint: str) -> UUID:
        """Store the event with its owner and its ledger's first entry; return its id.

        A `key` that made an event before answers that event's id. Raises Problem 409 when the slug is taken and 422
        when the key made another one.
        """
        try:
            async with self._database.transaction() as connection:
                await connection.execute(
                    f"INSERT INTO events ({_COLUMNS}) VALUES ({_PLACES})",  # noqa: S608  # constants
                    *(getattr(event, column) for column in EVENTS.columns),
                )
                if key is not None:
                    await connection.execute(
                        "INSERT INTO event_creations (user_id, key, fingerprint, event_id) VALUES ($1, $2, $3, $4)",
                        owner_id, key, fingerprint, event.id,
                    )  # fmt: skip
                await connection.execute(
                    """INSERT INTO members (event_id, user_id, role, created_at, updated_at)
                       VALUES ($1, $2, 'owner', $3, $3)""",
                    event.id, owner_id, event.created_at,
                )  # fmt: skip
                entry = {"at": event.created_at, "kind": "event.created", "actor": actor, "data": resource(event)}
                await begin(connection, event.id, new_id(), entry)
                await connection.execute(
                    "INSERT INTO status_changes (event_id, subject_id, seq, at, status) VALUES ($1, $1, 1, $2, $3)",
                    event.id, event.created_at, event.status,
                )  # fmt: skip
                joined = await self._sessions.note_member_change(connection, event.id, owner_id, JOINED)
        except asyncpg.UniqueViolationError as error:
            made = await self.made_with(owner_id, key, fingerprint)
            if made is not None:
                return made
            if error.constraint_name == "events_slug_key":
                raise problems.conflict(SLUG_TAKEN.detail, slug=SLUG_TAKEN.slug) from None
            raise
        await self._sessions.announce(joined)
        return event.id

    async def made_with(self, user_id: UUID, key: str | None, fingerprint: str) -> UUID | None:
        """Return the event that this key made. Raises Problem 422 when the request was another one."""
        if key is None:
            return None
        row = await self._database.fetchrow(
            "SELECT event_id, fingerprint FROM event_creations WHERE user_id = $1 AND key = $2", user_id, key
        )
        if row is None:
            return None
        if row["fingerprint"] != fingerprint:
            raise problems.unprocessable("This key made another event.", loc=("header", "Idempotency-Key"))
        event_id: UUID = row["event_id"]
        return event_id

    async def follow_end(self, event_id: UUID) -> None:
        """Let the sessions of the event's devices and guests end as long after its end as new ones would."""
        async with self._database.transaction() as connection:
            # Shared with nobody who moves the end once more: whoever does comes here after us.
            ends_at = await connection.fetchval("SELECT ends_at FROM events WHERE id = $1 FOR SHARE", event_id)
            if ends_at is not None:
                await self._sessions.follow_event(connection, event_id, ends_at + AFTER_THE_END, AT_LEAST)

    async def remove_draft(self, event_id: UUID, if_match: int | None) -> None:
        """Remove an event that was never open; its devices' sessions and its members' watches end.

        Raises Problem 404, 409 or 412.
        """
        async with self._database.transaction() as connection:
            # The head's lock keeps the writer out while everything goes.
            await connection.execute("SELECT FROM ledger_heads WHERE event_id = $1 FOR UPDATE", event_id)
            row = await connection.fetchrow("SELECT status, version FROM events WHERE id = $1 FOR UPDATE", event_id)
            if row is None:
                raise problems.not_found()
            if if_match is not None and if_match != row["version"]:
                raise problems.stale(row["version"])
            if row["status"] != "draft":
                raise problems.conflict("Only a draft can be deleted. Close this event instead.")
            for table in _OF_AN_EVENT:
                statement = f"DELETE FROM {table} WHERE event_id = $1"  # noqa: S608  # constants
                await connection.execute(statement, event_id, timeout=120)  # a draft may hold a million codes
            members = await connection.fetch("SELECT user_id FROM members WHERE event_id = $1", event_id)
            await connection.execute("DELETE FROM events WHERE id = $1", event_id)
            ended = await self._sessions.revoke_sessions_in(connection, event_id, DELETED)
            for member in members:
                ended += await self._sessions.note_member_change(connection, event_id, member["user_id"], DELETED)
        await self._sessions.announce(ended)
