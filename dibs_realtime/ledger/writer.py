"""The group-commit writer: one batch at a time per event; while it commits, arrivals gather and are read for."""

import asyncio
import logging
from collections import deque
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
from dibs_realtime.ledger.view import Changes, NotReadError, Resident, View

R = TypeVar("R")
_log = logging.getLogger(__name__)

ATTEMPTS = 20
"""How often a batch is decided anew because another node moved the event in between."""
BATCHES_A_TURN = 4
"""How many batches of a busy event keep the connection before other events get it."""
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
        self._ahead = Batch()
        """The batch that gathers, and is read for, while the one before is being written."""
        self._writing: Batch | None = None
        self._reading: asyncio.Task[None] | None = None
        self._is_reading = False
        """Whether that task has begun: until then nobody waits for it."""
        self._done: deque[tuple[Batch, Commit | None, list[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return self._task is None

    def submit(self, command: Command[R]) -> asyncio.Future[R]:
        """Queue the command. To await what is returned is to wait until it is committed.

        Raises Problem 503 when the queue is full; awaited, the command's own or 503 when PostgreSQL is away.
        """
        ticket = Ticket(command)
        self._lanes.admit(ticket)
        # Either task begins in the loop's next turn: whoever arrives in this one rides along.
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        elif self._writing is not None and self._reading is None and self._resident is not None:
            self._reading = asyncio.create_task(self._read_ahead())
        return ticket.done

    async def _run(self) -> None:
        try:
            batch = await self._next()
            while batch is not None:
                # Whoever came while the connection was given back is looked for here, without a pause before the end.
                batch = await self._settle(batch) or await self._next()
        finally:
            self._task = None

    async def _next(self) -> Batch | None:
        """Return the batch that has gathered, with all who wait. None: nobody does."""
        if self._reading is not None and self._is_reading:
            await self._reading
        batch, self._ahead = self._ahead, Batch()
        batch.add(self._lanes.take(0))
        self._lanes.begin()
        return batch if batch.tickets else None

    async def _read_ahead(self) -> None:
        """Gather and read for the next batch for as long as the one before is being written."""
        self._is_reading = True
        try:
            writing = self._writing
            while writing is not None and self._writing is writing:
                fresh = self._lanes.take(len(writing.tickets))
                if not fresh:
                    break
                self._ahead.add(fresh)
                async with self._database.writing() as connection:
                    await self._ahead.read_ahead(connection, self._event_id, writing)
        except Exception as error:  # noqa: BLE001  # then it is read when its turn comes, and that tells what is wrong
            _log.debug("reading ahead failed", extra={"error": type(error).__name__})
        finally:
            self._reading, self._is_reading = None, False

    async def _settle(self, batch: Batch) -> Batch | None:
        """Settle the batch, and a few after it on the same connection. Returns the one that comes then, if it knows."""
        try:
            async with self._database.writing() as connection:
                for _ in range(BATCHES_A_TURN):
                    self._finish(batch, *await self._commit(connection, batch))
                    if self._is_reading:
                        break  # it may wait for a connection, and all of them may be held by such as we
                    following = await self._next()
                    if following is None:
                        return None
                    batch = following
                else:
                    return batch
        except problems.Problem as problem:  # everybody's: PostgreSQL is away, or the event is gone
            self._fail(batch, problem)
        except Exception as error:  # noqa: BLE001  # whatever went wrong belongs to those who wait for it
            await self._settle_apart(batch, error)
        return None

    async def _settle_apart(self, batch: Batch, error: Exception) -> None:
        """Settle parts of a batch that failed: what one row spoils must not spoil its neighbours."""
        if len(batch.tickets) == 1:
            self._fail(batch, _explained(error, batch.tickets[0].command))
            return
        self._resident = None
        for part in batch.apart(getattr(error, "constraint_name", None)):
            try:
                async with self._database.writing() as connection:
                    self._finish(part, *await self._commit(connection, part))
            except problems.Problem as problem:
                self._fail(part, problem)
            except Exception as other:  # noqa: BLE001  # as above
                await self._settle_apart(part, other)

    def _fail(self, batch: Batch, error: Exception) -> None:
        self._resident = None
        self._finish(batch, None, [error] * len(batch.tickets))

    def _finish(self, batch: Batch, commit: Commit | None, results: list[Any]) -> None:
        """Tell everybody in the loop's next turn: by then the next batch is on its way to the database."""
        self._done.append((batch, commit, results))
        asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        batch, commit, results = self._done.popleft()
        if commit is not None:
            self._committed(commit)
        for ticket, result in zip(batch.tickets, results, strict=True):
            ticket.settle(result)

    async def _commit(self, connection: Connection, batch: Batch) -> tuple[Commit | None, list[Any]]:
        """Read, decide, write; again when another node was quicker. Returns each command's result or exception."""
        commands, unique_violations = batch.order(), 0
        self._writing = batch
        try:
            for attempt in range(ATTEMPTS):
                async with _turn(connection, self._event_id, attempt):
                    view = await self._view_ahead(connection, batch) if attempt == 0 else None
                    if view is None:
                        view = await self._view(connection, commands)
                    results = [decide(command, view) for command in commands]
                    if view.is_ahead and any(type(result) is NotReadError for result in results):
                        view = await self._view(connection, commands)
                        results = [decide(command, view) for command in commands]
                    lines = tuple(map(Line.of, view.entries))
                    try:
                        written = await write(connection, view, lines)
                    except asyncpg.UniqueViolationError as error:
                        # Another node stored the same key or code in between; a second look finds it.
                        self._resident = None
                        unique_violations += 1
                        own = any(error.constraint_name in command.constraints for command in commands)
                        if own or unique_violations > 2:  # noqa: PLR2004  # twice is a race, more is the command itself
                            raise
                        continue
                if not written:
                    self._resident = None
                    continue
                self._resident = view.settled(self._tables)
                self._last = (view.base_seq, view.changes)
                told = bool(lines or view.notices)
                return Commit(self._event_id, view.epoch, lines, tuple(view.notices)) if told else None, results
        finally:
            self._writing = None
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
    broken = command.constraints.get(getattr(error, "constraint_name", None) or "")
    if broken:
        return problems.conflict(broken.detail, slug=broken.slug)
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

    def submit(self, command: Command[R]) -> asyncio.Future[R]:
        """Run one command. Raises Problem, at once or awaited; see `EventWriter.submit`."""
        writer = self._writers.get(command.event_id)
        if writer is None:
            self._forget_idle()
            writer = EventWriter(command.event_id, self._database, self._clock, self._tables, self._tell)
            self._writers[command.event_id] = writer
        return writer.submit(command)

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
