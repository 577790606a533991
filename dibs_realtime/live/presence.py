"""Which doors are connected, as the watchers of an event see it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.caller import Device
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.tasks import end
from dibs_realtime.live.bus import Bus
from dibs_realtime.live.conflate import Conflater, Shared
from dibs_realtime.live.connections import Connection, Connections, Fanout, watchers
from dibs_realtime.live.lines import Parcel
from dibs_realtime.live.repository import PresenceRepository

_log = logging.getLogger(__name__)

EACH_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0
LOOK_SECONDS = 5.0
"""How often the watched events are looked at in case a node died or Redis lost its hint."""

Devices = list[dict[str, Any]]


class Presence:
    """Notes this node's devices and tells watchers about everybody's."""

    def __init__(
        self,
        repository: PresenceRepository,
        connections: Connections,
        fanout: Fanout,
        bus: Bus,
        clock: Clock,
        watched: Callable[[], Collection[UUID]],
    ) -> None:
        """watched: answers the events that somebody here watches."""
        self._repository = repository
        self._connections = connections
        self._fanout = fanout
        self._bus = bus
        self._clock = clock
        self._watched = watched
        self._told: dict[UUID, Devices] = {}
        self._read_at: dict[UUID, float] = {}
        self._changes: Conflater[UUID] = Conflater(EACH_SECONDS, self._look)
        self._questions: Shared[UUID, Devices] = Shared()
        self._beating: asyncio.Task[None] | None = None
        self._writes: dict[str, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin the heartbeat and the looking around."""
        self._tasks = [asyncio.create_task(self._keep_beating()), asyncio.create_task(self._look_around())]

    async def close(self) -> None:
        """Stop, and note that this node's devices are gone."""
        await end(*self._tasks)
        await asyncio.gather(*self._writes.values(), return_exceptions=True)
        await self._changes.close()
        try:
            await self._repository.all_gone(self._clock())
        except problems.Problem:
            _log.info("presence ends by itself: the database is away")

    def came(self, device: Device, sid: str) -> None:
        """Note that a device connected."""
        self._write(device, sid, self._repository.connected)

    def went(self, device: Device, sid: str) -> None:
        """Note that a device's connection ended."""
        self._write(device, sid, self._repository.disconnected)

    def changed(self, event_id: UUID) -> None:
        """Another node says that an event's devices came or went."""
        if self._connections.members(watchers(event_id)):
            self._changes.touch(event_id)

    def tell_now(self, connection: Connection, event_id: UUID) -> bool:
        """Tell one new watcher how it was a moment ago, if that is known; all later news comes to the room."""
        devices = self._told.get(event_id)
        if devices is None or asyncio.get_running_loop().time() - self._read_at.get(event_id, 0) > EACH_SECONDS:
            return False
        self._send_to(connection, event_id, devices)
        return True

    async def tell(self, connection: Connection, event_id: UUID) -> None:
        """Tell one new watcher how it is."""
        before = self._told.get(event_id)
        devices = await self._questions.ask(event_id, lambda: self._devices(event_id))
        if self._told.get(event_id) is not before:  # everybody in the room was told something newer meanwhile
            return
        self._told.setdefault(event_id, devices)
        self._send_to(connection, event_id, devices)

    def _send_to(self, connection: Connection, event_id: UUID, devices: Devices) -> None:
        self._fanout.send_to(connection, "presence", {"event_id": event_id, "devices": devices})

    def _write(self, device: Device, sid: str, write: Callable[[Device, str, Any], Awaitable[None]]) -> None:
        """Write in the order of what happened to a connection, and nobody waits for it."""
        before = self._writes.get(sid)

        async def run() -> None:
            earlier = [task for task in (before, self._beating) if task is not None]
            if earlier:
                await asyncio.wait(earlier)
            try:
                await write(device, sid, self._clock())
            except problems.Problem:
                return  # the heartbeat makes up for it
            self.changed(device.event_id)
            self._bus.publish(device.event_id, lambda: Parcel(self._bus.node_id, None, presence=True))

        task = self._writes[sid] = asyncio.create_task(run())
        task.add_done_callback(lambda done: self._writes.pop(sid) if self._writes.get(sid) is done else None)

    async def _devices(self, event_id: UUID) -> Devices:
        began = asyncio.get_running_loop().time()
        devices = (await self._repository.of_events([event_id], self._clock()))[event_id]
        self._read_at[event_id] = began
        return devices

    async def _look(self, event_id: UUID) -> None:
        devices = await self._devices(event_id)
        if self._is_news(event_id, devices):
            self._told[event_id] = devices
            self._fanout.send(watchers(event_id), "presence", {"event_id": event_id, "devices": devices})

    def _is_news(self, event_id: UUID, devices: Devices) -> bool:
        return _lasting(devices) != _lasting(self._told.get(event_id, []))

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self._beating = asyncio.create_task(self._beat())
            await asyncio.wait([self._beating])
            self._beating = None

    async def _beat(self) -> None:
        try:
            await self._repository.seen(list(self._connections.devices()), self._clock())
        except problems.Problem:
            _log.info("a heartbeat was left out: the database is away")

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            event_ids = self._watched()
            self._told = {event_id: self._told[event_id] for event_id in event_ids if event_id in self._told}
            self._read_at = {event_id: self._read_at[event_id] for event_id in self._told if event_id in self._read_at}
            if not event_ids:
                continue
            try:
                found: Mapping[UUID, Devices] = await self._repository.of_events(event_ids, self._clock())
            except problems.Problem:
                continue
            for event_id, devices in found.items():
                if self._is_news(event_id, devices):
                    self.changed(event_id)


def _lasting(devices: Devices) -> list[tuple[Any, ...]]:
    """Return what a change of is worth a message: a connected device is seen all the time."""
    return [(d["device_id"], d["label"], d["gate_id"], d["online"], d["online"] or d["last_seen_at"]) for d in devices]
