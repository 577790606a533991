"""The state that a batch's commands decide on, and the changes they make to it, all in memory."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from dibs_realtime.ledger.model import Draft, Entry
from dibs_realtime.ledger.table import Lookup, Table

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Resident:
    """An event's resident rows as they stood right after entry `seq`."""

    epoch: UUID
    seq: int
    at: datetime
    rows: Mapping[str, Mapping[Any, Any]]


@dataclass(slots=True)
class Changes:
    """What a batch wants written: per table the new rows and the changed ones, the last state of each."""

    inserted: dict[Table[Any], dict[Any, Any]] = field(default_factory=dict)
    updated: dict[Table[Any], dict[Any, Any]] = field(default_factory=dict)


class View:
    """Reads as of the batch's start plus everything the commands before this one decided.

    A command that raises leaves nothing behind: the writer marks before it and takes back after it.
    """

    def __init__(self, event_id: UUID, resident: Resident, now: datetime) -> None:
        self.event_id = event_id
        self.epoch = resident.epoch
        self.base_seq = resident.seq
        self.now = now
        self.at = max(now, resident.at)
        """The time on entries: it never runs backwards, whichever node wrote last. Rules are judged at `now`."""
        self.entries: list[Entry] = []
        self.notices: list[Mapping[str, Any]] = []
        self.changes = Changes()
        self._rows: dict[str, dict[Any, Any]] = {name: dict(rows) for name, rows in resident.rows.items()}
        self._indexes: dict[str, dict[Hashable, dict[Any, None]]] = {}
        self._lookups: dict[str, list[Lookup[Any]]] = {}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # ── reading ──

    def get(self, table: Table[Row], key: Any) -> Row | None:
        """Return the row with that key, or None when there is none (or it was not looked up)."""
        return self._rows.get(table.name, {}).get(key)

    def all(self, table: Table[Row]) -> list[Row]:
        """Return all rows of a resident table."""
        return list(self._rows.get(table.name, {}).values())

    def select(self, lookup: Lookup[Row], key: Hashable) -> list[Row]:
        """Return the rows found under `key`, as they are now, in the order in which they were found."""
        rows = self._rows.get(lookup.table.name, {})
        found = self._indexes.get(lookup.name, {}).get(key, ())
        return [rows[pk] for pk in found if pk in rows and lookup.index(rows[pk]) == key]

    def first(self, lookup: Lookup[Row], key: Hashable) -> Row | None:
        """Return the first row found under `key`, or None."""
        rows = self._rows.get(lookup.table.name, {})
        for pk in self._indexes.get(lookup.name, {}).get(key, ()):
            row: Row | None = rows.get(pk)  # gone: its command was taken back
            if row is not None and lookup.index(row) == key:
                return row
        return None

    def load(self, lookup: Lookup[Row], rows: list[Row]) -> None:
        """Take in what the database found for a lookup."""
        table = lookup.table
        known = self._rows.setdefault(table.name, {})
        index = self._indexes.setdefault(lookup.name, {})
        self._lookups.setdefault(table.name, []).append(lookup)
        for row in rows:
            pk = table.key_of(row)
            known.setdefault(pk, row)
            index.setdefault(lookup.index(row), {})[pk] = None

    # ── deciding ──

    @property
    def seq(self) -> int:
        """The last entry's number, those of this batch included."""
        return self.base_seq + len(self.entries)

    def append(self, draft: Draft) -> int:
        """Append an entry; return its `seq`."""
        data = {**draft.data, "counts": dict(draft.counts)} if draft.counts else draft.data
        entry = Entry(
            self.seq + 1, self.at, draft.kind, draft.actor, draft.offer_id, draft.voucher_id, draft.gate_id, data
        )
        self.entries.append(entry)
        return entry.seq

    def notify(self, notice: Mapping[str, Any]) -> None:
        """Send a message after the commit that is not an entry (a refused attempt)."""
        self.notices.append(notice)

    def put(self, table: Table[Row], row: Row) -> None:
        """Insert the row, or replace the one with its key."""
        pk = table.key_of(row)
        rows = self._rows.setdefault(table.name, {})
        before = rows.get(pk)
        if table.adds and before is not None:
            row = before.plus(row)
        target = self.changes.inserted.setdefault(table, {})
        if before is not None and pk not in target:
            target = self.changes.updated.setdefault(table, {})
        pending = target.get(pk)
        rows[pk] = row
        target[pk] = row
        self._undo.append((rows, pk, before))
        self._undo.append((target, pk, pending))
        for lookup in self._lookups.get(table.name, ()):
            key = lookup.index(row)
            if key is not None:
                self._indexes[lookup.name].setdefault(key, {})[pk] = None

    def mark(self) -> tuple[int, int]:
        """Begin a command: what it does from here on can be taken back."""
        self._undo.clear()
        return len(self.entries), len(self.notices)

    def take_back(self, mark: tuple[int, int]) -> None:
        """Undo everything since `mark`."""
        for rows, key, before in reversed(self._undo):
            if before is None:
                del rows[key]
            else:
                rows[key] = before
        self._undo.clear()
        del self.entries[mark[0] :]
        del self.notices[mark[1] :]

    def settled(self, resident_names: frozenset[str]) -> Resident:
        """Return the resident state after this batch, for the next one."""
        rows = {name: self._rows.get(name, {}) for name in resident_names}
        return Resident(self.epoch, self.seq, self.at, rows)
