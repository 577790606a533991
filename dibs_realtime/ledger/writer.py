"""The group-commit writer: one batch at a time per event; while a batch commits, arrivals gather into the next."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg

from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.ledger import statements
from dibs_realtime.ledger.command import Command, Lane
from dibs_realtime.ledger.model import Commit, Line
from dibs_realtime.ledger.table import Lookup, Table
from dibs_realtime.ledger.view import Resident, View

R = TypeVar("R")
_log = logging.getLogger(__name__)

BATCH = 128
"""Commands in one batch. Beyond about a hundred the fixed cost of a commit no longer shows."""
BESIDE_DOORS = 32
"""How many commands that are not a door's may ride in a batch in which doors wait."""
QUEUE_LIMITS = {Lane.DOOR: 10_000, Lane.UPLOAD: 20_000, Lane.GUEST: 2_000, Lane.DESK: 500}
ATTEMPTS = 20
"""How often a batch is decided anew because another node moved the event in between."""
OPTIMISTIC_ATTEMPTS = 3
"""After so many a batch locks the event's head while it decides."""


class _Ticket(Generic[R]):
    """A command that waits for its result."""

    __slots__ = ("command", "done")

    def __init__(self, command: Command[R]) -> None:
        self.command = command
        self.done: asyncio.Future[R] = asyncio.get_running_loop().create_future()

    def settle(self, result: Any) -> None:
        if self.done.done():  # its caller went away: what was decided stays decided
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


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
        self._lanes: dict[Lane, deque[_Ticket[Any]]] = {lane: deque() for lane in Lane}
        self._resident: Resident | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return self._task is None

    async def submit(self, command: Command[R]) -> R:
        """Queue the command and wait until it is committed.

        Raises Problem: the command's own, or 503 when the queue is full or PostgreSQL is away.
        """
        lane = self._lanes[command.lane]
        if len(lane) >= QUEUE_LIMITS[command.lane]:
            raise problems.unavailable("Too many people want this at the same moment.", retry_after=1)
        ticket = _Ticket(command)
        lane.append(ticket)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await ticket.done

    async def _run(self) -> None:
        try:
            await asyncio.sleep(0)  # whoever arrived in the same turn of the loop rides along
            while batch := self._gather():
                await self._settle(batch)
        finally:
            self._task = None

    def _gather(self) -> list[_Ticket[Any]]:
        batch: list[_Ticket[Any]] = []
        for lane in Lane:
            waiting = self._lanes[lane]
            limit = BATCH if not batch else min(BATCH, len(batch) + BESIDE_DOORS)
            while waiting and len(batch) < limit:
                batch.append(waiting.popleft())
        return batch

    async def _settle(self, batch: list[_Ticket[Any]]) -> None:
        try:
            results = await self._commit([ticket.command for ticket in batch])
        except problems.Problem as problem:  # everybody's: PostgreSQL is away, or the event is gone
            self._resident = None
            results = [problem] * len(batch)
        except Exception as error:  # noqa: BLE001  # whatever went wrong belongs to those who wait for it
            # What one row spoils must not spoil its neighbours: each goes alone, the culprit gets the error.
            self._resident = None
            if len(batch) > 1:
                for ticket in batch:
                    await self._settle([ticket])
                return
            results = [_explained(error, batch[0].command)]
        for ticket, result in zip(batch, results, strict=True):
            ticket.settle(result)

    async def _commit(self, commands: list[Command[Any]]) -> list[Any]:
        """Read, decide, write; again when another node was quicker. Returns each command's result or exception."""
        asked = _asked(commands)
        unique_violations = 0
        for attempt in range(ATTEMPTS):
            async with self._database.writing() as connection, _turn(connection, self._event_id, attempt):
                view = await self._read(connection, asked)
                results = [_decide(command, view) for command in commands]
                lines = tuple(map(Line.of, view.entries))
                try:
                    written = await self._write(connection, view, lines)
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
            if lines or view.notices:
                self._committed(Commit(self._event_id, view.epoch, lines, tuple(view.notices)))
            return results
        raise problems.unavailable("This event is very busy.", retry_after=1)

    async def _read(self, connection: Any, asked: dict[Lookup[Any], dict[Any, int]]) -> View:
        lookups = tuple(asked)
        arguments = statements.reading_arguments(asked.items())
        tables = () if self._resident else self._tables
        row = await connection.fetchrow(statements.reading(lookups, tables), self._event_id, *arguments)
        if row is None:
            raise problems.not_found()
        resident = self._resident
        if resident is not None and (resident.seq, resident.epoch) != (row[1], row[0]):
            self._resident = resident = None  # another node moved the event: everything is read anew at one point
            return await self._read(connection, asked)
        if resident is None:
            rows = {
                table: {table.key_of(r): r for r in table.parse(raw)}
                for table, raw in zip(tables, row[3 + len(lookups) :], strict=True)
            }
            resident = self._resident = Resident(row[0], row[1], row[2], rows)
        view = View(self._event_id, resident, self._clock())
        for lookup, raw in zip(lookups, row[3 : 3 + len(lookups)], strict=True):
            view.load(lookup, lookup.table.parse(raw))
        return view

    async def _write(self, connection: Any, view: View, lines: tuple[Line, ...]) -> bool:
        inserted, updated = statements.tables_of(view.changes)
        if not (lines or inserted or updated):
            return True
        arguments: list[Any] = [self._event_id, view.base_seq, view.epoch]
        if lines:
            arguments += [view.seq, view.at]
        arguments += statements.writing_arguments(lines, view.changes)
        sql = statements.writing(inserted, updated, bool(lines))
        return await connection.fetchval(sql, *arguments) is not None


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


def _asked(commands: Iterable[Command[Any]]) -> dict[Lookup[Any], dict[Any, int]]:
    asked: dict[Lookup[Any], dict[Any, int]] = {}
    for command in commands:
        for lookup, key in command.reads():
            keys = asked.get(lookup)
            if keys is None:
                keys = asked[lookup] = {}
            keys[key] = keys.get(key, 0) + 1
    return dict(sorted(asked.items(), key=lambda item: item[0].name))


def _decide(command: Command[Any], view: View) -> Any:
    mark = view.mark()
    try:
        return command.decide(view)
    except Exception as error:  # noqa: BLE001  # a command that fails fails alone
        view.take_back(mark)
        return error


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
