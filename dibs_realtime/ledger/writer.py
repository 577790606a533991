"""The group-commit writer: one batch at a time per event; while it commits, arrivals gather and are read for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Connection, Database
from dibs_realtime.ledger.batch import Batch, Ticket, asked_by, decide, read, write
from dibs_realtime.ledger.command import Command
from dibs_realtime.ledger.lanes import Lanes
from dibs_realtime.ledger.model import Commit, Line
from dibs_realtime.ledger.table import Table
from dibs_realtime.ledger.view import Changes, Resident, View

R = TypeVar("R")
_log = logging.getLogger(__name__)

ATTEMPTS = 20
"""How often a batch is decided anew because another node moved the event in between."""
OPTIMISTIC_ATTEMPTS = 3
"""After so many a batch locks the event's head while it decides."""


class EventWriter:
    """Appends to one event's ledger."""

    def __init__(
        self,
        event_id: UUID,
        database: Database,
        clock: Clock,
        tables: tuple[Table[Any], ...],
        committed: Callable[[Commit], None],
    ) -> None:
        self._event_id = event_id
        self._database = database
        self._clock = clock
        self._tables = tables
        self._committed = committed
        self._lanes = Lanes()
        self._resident: Resident | None = None
        self._last: tuple[int, Changes] = (-1, Changes())
        """The seq that the last batch was decided on, and what it changed."""
        self._before = Batch()
        self._writing: asyncio.Task[None] | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return self._task is None

    async def submit(self, command: Command[R]) -> R:
        """Queue the command and wait until it is committed.

        Raises Problem: the command's own, or 503 when the queue is full or PostgreSQL is away.
        """
        ticket = Ticket(command)
        self._lanes.admit(ticket)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        elif self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        return await ticket.done

    async def _run(self) -> None:
        try:
            await asyncio.sleep(0)  # whoever arrived in the same turn of the loop rides along
            while batch := await self._next():
                self._before = batch
                self._writing = asyncio.create_task(self._settle(batch))
        finally:
            self._task = self._writing = None

    async def _next(self) -> Batch | None:
        """Gather the next batch, and read for it while the one before is being written. None: nobody waits."""
        batch, writing = Batch(), self._writing
        self._lanes.begin()
        while True:
            fresh = self._lanes.take(idle=writing is None or writing.done())
            batch.add(fresh)
            if writing is None or writing.done():
                return batch if batch.tickets else None
            if fresh and self._resident is not None:
                await self._read_ahead(batch)
            else:
                self._arrival = asyncio.get_running_loop().create_future()
                await asyncio.wait((writing, self._arrival), return_when=asyncio.FIRST_COMPLETED)

    async def _read_ahead(self, batch: Batch) -> None:
        try:
            async with self._database.writing() as connection:
                await batch.read_ahead(connection, self._event_id, self._before)
        except Exception as error:  # noqa: BLE001  # then it is read when its turn comes, and that tells what is wrong
            _log.debug("reading ahead failed", extra={"error": type(error).__name__})

    async def _settle(self, batch: Batch) -> None:
        commands, tickets = batch.order(), batch.tickets
        try:
            results = await self._commit(batch, commands)
        except problems.Problem as problem:  # everybody's: PostgreSQL is away, or the event is gone
            self._resident = None
            results = [problem] * len(tickets)
        except Exception as error:  # noqa: BLE001  # whatever went wrong belongs to those who wait for it
            # What one row spoils must not spoil its neighbours: each goes alone, the culprit gets the error.
            self._resident = None
            if len(tickets) > 1:
                for ticket in tickets:
                    alone = Batch()
                    alone.add([ticket])
                    await self._settle(alone)
                return
            results = [_explained(error, tickets[0].command)]
        for ticket, result in zip(tickets, results, strict=True):
            ticket.settle(result)

    async def _commit(self, batch: Batch, commands: list[Command[Any]]) -> list[Any]:
        """Read, decide, write; again when another node was quicker. Returns each command's result or exception."""
        unique_violations = 0
        for attempt in range(ATTEMPTS):
            async with self._database.writing() as connection, _turn(connection, self._event_id, attempt):
                view = await self._view_ahead(connection, batch) if attempt == 0 else None
                if view is None:
                    view = await self._view(connection, commands)
                results = [decide(command, view) for command in commands]
                lines = tuple(map(Line.of, view.entries))
                try:
                    written = await write(connection, view, lines)
                except asyncpg.UniqueViolationError:
                    # Another node stored the same key or code in between; a second look finds it.
                    self._resident = None
                    unique_violations += 1
                    if unique_violations > 2:  # noqa: PLR2004  # twice is a race, more is the command itself
                        raise
                    continue
            if not written:
                self._resident = None
                continue
            self._resident = view.settled(self._tables)
            self._last = (view.base_seq, view.changes)
            if lines or view.notices:
                self._committed(Commit(self._event_id, view.epoch, lines, tuple(view.notices)))
            return results
        raise problems.unavailable("This event is very busy.", retry_after=1)

    async def _view_ahead(self, connection: Connection, batch: Batch) -> View | None:
        """Return the view of what was read ahead, if that still holds. Who came too late for it is read for now."""
        resident = self._resident
        if resident is None or not batch.is_begun:
            return None
        base_seq, changes = self._last
        if any(table.reveals for table in changes.inserted | changes.updated):
            return None
        await batch.read_ahead(connection, self._event_id, Batch())  # the one before has been written
        if not batch.is_current(resident, base_seq):
            return None
        return batch.view(self._event_id, resident, changes, self._clock())

    async def _view(self, connection: Any, commands: list[Command[Any]]) -> View:
        asked = asked_by(commands)
        row, found, rows = await read(connection, self._event_id, asked, () if self._resident else self._tables)
        resident = self._resident
        if resident is None:
            resident = self._resident = Resident(row[0], row[1], row[2], rows)
        elif (resident.seq, resident.epoch) != (row[1], row[0]):
            self._resident = None  # another node moved the event: everything is read anew at one point
            return await self._view(connection, commands)
        view = View(self._event_id, resident, self._clock())
        for lookup, loaded in found:
            view.load(lookup, loaded)
        return view


@asynccontextmanager
async def _turn(connection: Any, event_id: UUID, attempt: int) -> AsyncIterator[None]:
    """Give a batch that lost a few times its turn: it holds the head's lock from before it reads.

    The loser reads everything anew and the winner does not, so that without this a busy neighbour wins every time.
    """
    if attempt < OPTIMISTIC_ATTEMPTS:
        yield
        return
    async with connection.transaction():
        await connection.execute("SELECT FROM ledger_heads WHERE event_id = $1 FOR NO KEY UPDATE", event_id)
        yield


def _explained(error: Exception, command: Command[Any]) -> Exception:
    detail = command.constraints.get(getattr(error, "constraint_name", None) or "")
    if detail:
        return problems.conflict(detail)
    if isinstance(error, (asyncpg.TransactionRollbackError, asyncpg.InsufficientResourcesError)):
        return problems.unavailable()
    return error


class Ledger:
    """All events' ledgers as this process writes them."""

    def __init__(self, database: Database, clock: Clock, resident: Iterable[Table[Any]]) -> None:
        self._database = database
        self._clock = clock
        self._tables = tuple(resident)
        self._writers: dict[UUID, EventWriter] = {}
        self._listeners: list[Callable[[Commit], None]] = []

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Have `listener` called with every commit of this process, in order, right after it."""
        self._listeners.append(listener)

    async def submit(self, command: Command[R]) -> R:
        """Run one command. Raises Problem; see `EventWriter.submit`."""
        writer = self._writers.get(command.event_id)
        if writer is None:
            self._forget_idle()
            writer = EventWriter(command.event_id, self._database, self._clock, self._tables, self._tell)
            self._writers[command.event_id] = writer
        return await writer.submit(command)

    def forget(self, event_id: UUID) -> None:
        """Drop what is remembered of an event (it was deleted)."""
        self._writers.pop(event_id, None)

    def _tell(self, commit: Commit) -> None:
        for listener in self._listeners:
            try:
                listener(commit)
            except Exception:  # noqa: BLE001  # whatever it is, it is the listener's
                # The commit stands. Whoever missed the news reads it from the ledger at the next beat.
                _log.exception("a listener failed", extra={"event_id": str(commit.event_id)})

    def _forget_idle(self) -> None:
        if len(self._writers) < 1_000:  # noqa: PLR2004  # each holds an event's offers, gates and devices
            return
        for event_id in [event_id for event_id, writer in self._writers.items() if writer.idle]:
            del self._writers[event_id]
