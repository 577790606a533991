"""Which server processes there are, and whose an event is: all of them reckon the same from the same table.

PostgreSQL knows who is there: each process tells it every second, by its clock. An event is the process's whose number,
mixed with the event's, is the highest, so that nothing is stored for an event, and when a process comes or goes only
its own events change hands. Where two disagree for a moment both write, and the expected version decides.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.tasks import end

_log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
GONE_AFTER_SECONDS = 3.0
"""Who has told nothing for so long is gone."""
MOST_REMEMBERED = 10_000

Call = Callable[[UUID, str], Awaitable[object]]

_BEAT = f"""
WITH here AS (
    INSERT INTO nodes (id, address, seen_at) VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at),
gone AS (
    DELETE FROM nodes WHERE seen_at < clock_timestamp() - interval '1 minute')
SELECT id, address FROM nodes
 WHERE id <> $1 AND seen_at > clock_timestamp() - interval '{GONE_AFTER_SECONDS} seconds'
"""  # noqa: S608  # a constant


class Neighbours:
    """The server processes on one database, as this one knows them."""

    def __init__(self, database: Database, own_id: UUID, call: Call, reaches: Callable[[UUID], bool]) -> None:
        """call: opens a line to a process at an address. reaches: answers whether there is a line to a process."""
        self.own_id = own_id
        self._database = database
        self._call = call
        self._reaches = reaches
        self._address = ""
        self._others: frozenset[UUID] = frozenset()
        self._owners: dict[UUID, UUID] = {}
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    @property
    def others(self) -> frozenset[UUID]:
        """The processes that can be asked, besides this one."""
        return self._others

    def start(self, address: str) -> None:
        """Begin to tell and to ask; others reach this process at `address`."""
        self._address = address
        self._task = asyncio.create_task(self._keep_beating(), name="neighbours")

    async def leave(self) -> None:
        """Be nobody's neighbour any more: no event is this process's from the others' next beat on."""
        self._leaving = True
        await end(self._task)
        self._set(self._others)
        try:
            await self._database.execute("DELETE FROM nodes WHERE id = $1", self.own_id)
        except problems.Problem:
            _log.info("the others will notice that this process is gone")

    def owner_of(self, event_id: UUID) -> UUID:
        """Return the process that is to decide the event's commands: another one, or this."""
        owner = self._owners.get(event_id)
        if owner is None:
            if len(self._owners) >= MOST_REMEMBERED:
                self._owners.clear()
            there = self._others if self._leaving else {*self._others, self.own_id}
            owner = max(there, key=lambda each: _weight(each, event_id), default=self.own_id)
            self._owners[event_id] = owner
        return owner

    def lose(self, other: UUID) -> None:
        """Count another process as gone until it is heard of again."""
        self._set(self._others - {other})

    async def _keep_beating(self) -> None:
        while True:
            try:
                await self._beat()
            except problems.Problem:  # nobody decides anything without PostgreSQL
                _log.debug("no beat")
            except Exception:  # noqa: BLE001  # whatever it is, this loop must go on
                _log.exception("the neighbours cannot be asked")
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self) -> None:
        rows = await self._database.fetch(_BEAT, self.own_id, self._address)
        told = {UUID(bytes=row["id"].bytes): row["address"] for row in rows}
        await asyncio.gather(*(self._call(other, told[other]) for other in told if not self._reaches(other)))
        # Looked at only now: a process may be lost the moment after it was reached.
        self._set(frozenset(filter(self._reaches, told)))

    def _set(self, others: frozenset[UUID]) -> None:
        if others != self._others or self._leaving:
            self._others = others
            self._owners.clear()


def _weight(node_id: UUID, event_id: UUID) -> bytes:
    return blake2b(event_id.bytes, key=node_id.bytes, digest_size=8).digest()
