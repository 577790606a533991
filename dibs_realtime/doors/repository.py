"""SQL of pairing codes and of who is connected."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.events.tokens import token_end
from dibs_realtime.kit.database import Database

ONLINE_WITHIN = timedelta(seconds=30)
"""A device counts as connected when its node said so within that time: a node that died says nothing."""
PRESENCE = """LEFT JOIN LATERAL (
       SELECT bool_or(s.online AND s.seen_at > $2) AS online, max(s.seen_at) AS last_seen_at
         FROM device_presence s WHERE s.event_id = d.event_id AND s.device_id = d.id) p ON true"""
"""Joins to devices `d` whether they are connected; $2 is `online_since`."""


def online_since(now: datetime) -> datetime:
    """Return since when a device must have been heard of to count as connected."""
    return now - ONLINE_WITHIN


@dataclass(frozen=True, slots=True)
class TakenPairing:
    """A pairing code that was traded for a session."""

    event_id: UUID
    device_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a device is connected, and when it was last seen."""

    online: bool
    last_seen_at: datetime | None


ABSENT = Presence(online=False, last_seen_at=None)


class PairingRepository:
    """Pairing codes, kept hashed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, code_hash: bytes, event_id: UUID, device_id: UUID, now: datetime, expires_at: datetime) -> None:
        """Store a code; the device's earlier ones are void from now on."""
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM pairings WHERE event_id = $1 AND device_id = $2", event_id, device_id)
            await connection.execute(
                """INSERT INTO pairings (code_hash, event_id, device_id, created_at, expires_at)
                   VALUES ($1, $2, $3, $4, $5)""",
                code_hash, event_id, device_id, now, expires_at,
            )  # fmt: skip

    async def take(
        self,
        code_hash: bytes,
        nonce_hash: bytes,
        now: datetime,
        again_after: datetime,
        user_agent: str,
        sessions: SessionDirectory,
    ) -> TakenPairing | None:
        """Use a code once and open the device's session; None: wrong, used or expired.

        The nonce that used it after `again_after` gets the same session again.
        """
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                """SELECT p.event_id, p.device_id, p.expires_at, p.used_at, p.nonce_hash, p.session_id,
                          e.ends_at, d.status
                     FROM pairings p JOIN events e ON e.id = p.event_id
                     JOIN devices d ON d.event_id = p.event_id AND d.id = p.device_id
                    WHERE p.code_hash = $1 FOR UPDATE OF p""",
                code_hash,
            )
            if row is None or row["status"] == "revoked":
                return None
            if row["used_at"] is not None:
                if row["nonce_hash"] != nonce_hash or row["used_at"] < again_after:
                    return None
                return TakenPairing(row["event_id"], row["device_id"], row["session_id"])
            if row["expires_at"] <= now:
                return None
            session = await sessions.create_session(
                connection, "device", row["device_id"], row["event_id"], now, token_end(row["ends_at"], now), user_agent
            )
            ended = await sessions.revoke_sessions_of(connection, row["device_id"], "paired_again", but=session.id)
            await connection.execute(
                "UPDATE pairings SET used_at = $2, nonce_hash = $3, session_id = $4 WHERE code_hash = $1",
                code_hash, now, nonce_hash, session.id,
            )  # fmt: skip
        await sessions.announce(ended)
        return TakenPairing(row["event_id"], row["device_id"], session.id)

    async def end_sessions(self, event_id: UUID, device_id: UUID, reason: str, sessions: SessionDirectory) -> None:
        """End all sessions of a device, and void the codes that would begin another one."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "DELETE FROM pairings WHERE event_id = $1 AND device_id = $2 AND used_at IS NULL", event_id, device_id
            )
            ended = await sessions.revoke_sessions_of(connection, device_id, reason)
        await sessions.announce(ended)


class PresenceRepository:
    """Which devices are connected to any node."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, event_id: UUID, now: datetime) -> dict[UUID, Presence]:
        """Return the presence of the event's devices that were ever seen."""
        rows = await self._database.fetch(
            f"""SELECT d.id AS device_id, p.online, p.last_seen_at FROM devices d {PRESENCE}
                 WHERE d.event_id = $1 AND p.last_seen_at IS NOT NULL""",  # noqa: S608  # a constant
            event_id,
            online_since(now),
        )
        return {row["device_id"]: Presence(row["online"], row["last_seen_at"]) for row in rows}
