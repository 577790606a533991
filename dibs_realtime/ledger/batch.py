"""One batch: its commands, what was read for them, and the view that they decide on."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Connection
from dibs_realtime.ledger import statements
from dibs_realtime.ledger.command import Command
from dibs_realtime.ledger.model import Line
from dibs_realtime.ledger.table import Lookup, Table
from dibs_realtime.ledger.view import Changes, Resident, View

R = TypeVar("R")
Asked = dict[Lookup[Any], dict[Any, int]]
"""For each look-up its keys, and how many commands asked for each."""


class Ticket(Generic[R]):
    """A command that waits for its result."""

    __slots__ = ("command", "done")

    def __init__(self, command: Command[R]) -> None:
        self.command = command
        self.done: asyncio.Future[R] = asyncio.get_running_loop().create_future()

    def settle(self, result: Any) -> None:
        """Hand over the command's result, or raise its exception where it waits."""
        if self.done.done():  # its caller went away: what was decided stays decided
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


class Batch:
    """Commands that are decided one after the other and written together.

    It may be read while the batch before it is being written (`read_ahead`). Such a read is good when it saw the ledger
    as it stood either before or after that one: what that one changed is laid over it (`view`).
    """

    def __init__(self) -> None:
        self.tickets: list[Ticket[Any]] = []
        self._asked: Asked = {}
        self._found: list[tuple[Lookup[Any], list[Any]]] = []
        self._seen: set[tuple[UUID, int]] = set()
        self._unread: list[Ticket[Any]] = []

    def apart(self, constraint: str | None) -> list["Batch"]:
        """Part a batch that the database refused, by the constraint that was broken.

        The commands that say of themselves that they may break it go alone, all others together; where nobody says
        so, each goes alone.
        """
        suspects = [t for t in self.tickets if constraint in t.command.constraints] or self.tickets
        others = [ticket for ticket in self.tickets if ticket not in suspects]
        parts = []
        for tickets in ([others] if others else []) + [[ticket] for ticket in suspects]:
            part = Batch()
            part.add(tickets)
            parts.append(part)
        return parts

    def add(self, tickets: list[Ticket[Any]]) -> None:
        """Take tickets in. They are read by the next `read_ahead`, or when the batch is decided."""
        self.tickets += tickets
        self._unread += tickets

    def order(self) -> list[Command[Any]]:
        """Put the tickets into the order in which they are decided, doors first; return their commands."""
        self.tickets.sort(key=lambda ticket: ticket.command.lane)
        return [ticket.command for ticket in self.tickets]

    async def read_ahead(self, connection: Connection, event_id: UUID, before: "Batch") -> None:
        """Read for the tickets that have not been read for. `before`: the batch that is being written."""
        if not self._unread:
            return
        unread = list(self._unread)
        fresh = asked_by(ticket.command for ticket in unread)
        wanted: Asked = {}
        for lookup, keys in fresh.items():
            known = self._asked.get(lookup, {})
            if not known and not lookup.counts:
                wanted[lookup] = keys
                continue
            # Where as many rows are read as there are commands, those before take theirs first.
            theirs = asked_by(ticket.command for ticket in before.tickets).get(lookup, {}) if lookup.counts else {}
            for key, count in keys.items():
                if key not in known or lookup.counts:
                    wanted.setdefault(lookup, {})[key] = count + known.get(key, 0) + theirs.get(key, 0)
        if wanted:
            row, found, _ = await read(connection, event_id, wanted, ())
            self._seen.add((row[0], row[1]))
            self._found += found
        # Only what was read counts as asked for: a read that fails leaves its tickets to the next one.
        for lookup, keys in fresh.items():
            known = self._asked.setdefault(lookup, keys)
            if known is not keys:
                for key, count in keys.items():
                    known[key] = known.get(key, 0) + count
        del self._unread[: len(unread)]

    @property
    def is_begun(self) -> bool:
        """Whether something was read for it."""
        return bool(self._seen)

    def is_current(self, resident: Resident, base_seq: int) -> bool:
        """Whether all of it was read, and as the ledger stood at `base_seq` or stands now."""
        good = {(resident.epoch, base_seq), (resident.epoch, resident.seq)}
        return not self._unread and self.is_begun and self._seen <= good

    def view(self, event_id: UUID, resident: Resident, before: Changes, now: datetime) -> View:
        """Return the view of what was read ahead, with the changes of the batch before laid over it."""
        view = View(event_id, resident, now, is_ahead=True)
        for lookup, rows in self._found:
            view.load(lookup, rows)
        for changed in (before.inserted, before.updated):
            for table, rows_by_key in changed.items():
                view.lay_over(table, rows_by_key)
        return view


def asked_by(commands: Iterable[Command[Any]]) -> Asked:
    """Return what the commands want looked up."""
    asked: Asked = {}
    for command in commands:
        for lookup, key in command.reads():
            keys = asked.get(lookup)
            if keys is None:
                keys = asked[lookup] = {}
            keys[key] = keys.get(key, 0) + 1
    return asked


async def read(
    connection: Connection, event_id: UUID, asked: Asked, tables: tuple[Table[Any], ...]
) -> tuple[Any, list[tuple[Lookup[Any], list[Any]]], dict[Table[Any], dict[Any, Any]]]:
    """Read the head, what was asked for, and all rows of the resident `tables`, at one moment.

    Raises Problem 404 for an event that is gone.
    """
    complete = dict(asked)
    for lookup, keys in asked.items():
        if lookup.of is not None:
            complete[lookup.of] = keys | complete.get(lookup.of, {})
    ordered = sorted(complete.items(), key=lambda item: item[0].name)
    lookups = tuple(lookup for lookup, _ in ordered)
    sql = statements.reading(lookups, tables)
    row = await connection.fetchrow(sql, event_id, *statements.reading_arguments(ordered))
    if row is None:
        raise problems.not_found()
    split = 3 + len(lookups)
    found = [(lookup, lookup.table.parse(raw)) for lookup, raw in zip(lookups, row[3:split], strict=True)]
    resident = {
        table: {table.key_of(r): r for r in table.parse(raw)} for table, raw in zip(tables, row[split:], strict=True)
    }
    return row, found, resident


async def write(connection: Connection, view: View, lines: tuple[Line, ...]) -> bool:
    """Write what was decided. False: another node moved the event, and nothing was written."""
    inserted, updated = statements.tables_of(view.changes)
    if not (lines or inserted or updated):
        return True
    arguments: list[Any] = [view.event_id, view.base_seq, view.epoch]
    if lines:
        arguments += [view.seq, view.at]
    arguments += statements.writing_arguments(lines, view.changes)
    sql = statements.writing(inserted, updated, bool(lines))
    return await connection.fetchval(sql, *arguments) is not None


def decide(command: Command[Any], view: View) -> Any:
    """Decide one command on the view; return its result, or the exception that took back all of it."""
    mark = view.mark()
    try:
        return command.decide(view)
    except Exception as error:  # noqa: BLE001  # a command that fails fails alone
        view.take_back(mark)
        return error
