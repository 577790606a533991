"""Which devices are connected, kept in PostgreSQL for all nodes to see."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.caller import Device
from dibs_realtime.doors.repository import PRESENCE, online_since
from dibs_realtime.kit.database import Database

_SEEN = """
INSERT INTO device_presence AS p (event_id, device_id, connection_id, node_id, seen_at, online)
SELECT u.*, $4::uuid, $5::timestamptz, true FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS u
ON CONFLICT (event_id, device_id, connection_id) DO UPDATE SET seen_at = excluded.seen_at, online = true
"""
# Of a device's past connections only the last one is of interest: it says when the device was seen.
_TIDY = """
DELETE FROM device_presence p
 WHERE event_id = $1 AND device_id = $2 AND connection_id <> $3 AND (NOT online OR seen_at < $4)
"""
_GONE = """
UPDATE device_presence SET online = false, seen_at = $4 WHERE event_id = $1 AND device_id = $2 AND connection_id = $3
"""
_OF_EVENTS = f"""
SELECT d.event_id, d.id AS device_id, d.label, d.gate_id,
       coalesce(p.online, false) AS online, p.last_seen_at
  FROM devices d
  {PRESENCE}
 WHERE d.event_id = ANY($1::uuid[]) AND d.status <> 'revoked'
 ORDER BY d.event_id, d.id
"""  # noqa: S608  # a constant


class PresenceRepository:
    """Writes who is connected to this node and reads who is connected to any."""

    def __init__(self, database: Database, node_id: UUID) -> None:
        self._database = database
        self._node_id = node_id

    async def connected(self, device: Device, connection_id: str, now: datetime) -> None:
        """Note a new connection."""
        await self.seen([(device, connection_id)], now)
        await self._database.execute(_TIDY, device.event_id, device.device_id, connection_id, online_since(now))

    async def disconnected(self, device: Device, connection_id: str, now: datetime) -> None:
        """Note that a connection ended."""
        await self._database.execute(_GONE, device.event_id, device.device_id, connection_id, now)

    async def seen(self, connections: Iterable[tuple[Device, str]], now: datetime) -> None:
        """Note that these connections are still there, in one statement."""
        rows = [(device.event_id, device.device_id, connection_id) for device, connection_id in connections]
        if rows:
            columns = (list(column) for column in zip(*rows, strict=True))
            await self._database.execute(_SEEN, *columns, self._node_id, now)

    async def all_gone(self, now: datetime) -> None:
        """Note that this node ends."""
        await self._database.execute(
            "UPDATE device_presence SET online = false, seen_at = $2 WHERE node_id = $1 AND online", self._node_id, now
        )

    async def of_events(self, event_ids: Collection[UUID], now: datetime) -> Mapping[UUID, list[dict[str, Any]]]:
        """Return each event's devices as `presence` lists them."""
        devices: dict[UUID, list[dict[str, Any]]] = {event_id: [] for event_id in event_ids}
        for row in await self._database.fetch(_OF_EVENTS, list(event_ids), online_since(now)):
            shape = dict(row)
            devices[shape.pop("event_id")].append(shape)
        return devices
