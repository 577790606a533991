"""The state that a batch's commands decide on, and the changes they make to it, all in memory."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from dibs_realtime.ledger.model import Draft, Entry
from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Lookup, Table

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Resident:
    """An event's resident rows as they stood right after entry `seq`."""

    epoch: UUID
    seq: int
    at: datetime
    rows: Mapping[Table[Any], Mapping[Any, Any]]


@dataclass(slots=True)
class Changes:
    """What a batch wants written: per table the new rows and the changed ones, the last state of each."""

    inserted: dict[Table[Any], dict[Any, Any]] = field(default_factory=dict)
    updated: dict[Table[Any], dict[Any, Any]] = field(default_factory=dict)


class NotReadError(Exception):
    """A row that must be there was not read: what the batch before did is why it is needed."""


class View:
    """Reads as of the batch's start plus everything the commands before this one decided.

    A command that raises leaves nothing behind: the writer marks before it and takes back after it.
    """

    def __init__(self, event_id: UUID, resident: Resident, now: datetime, *, is_ahead: bool = False) -> None:
        """is_ahead: it was read while the batch before was being written."""
        self.event_id = event_id
        self.is_ahead = is_ahead
        self.epoch = resident.epoch
        self.base_seq = resident.seq
        self.now = now
        self.at = max(now, resident.at)
        """The time on entries: it never runs backwards, whichever node wrote last. Rules are judged at `now`."""
        self.minute = now.replace(second=0, microsecond=0)
        """The minute that `now` is in."""
        self.entries: list[Entry] = []
        self.notices: list[Mapping[str, Any]] = []
        self.changes = Changes()
        self._rows: dict[Table[Any], dict[Any, Any]] = {table: dict(rows) for table, rows in resident.rows.items()}
        self._found: dict[Lookup[Any], dict[Hashable, dict[Any, None]]] = {}
        # Of each table that was looked into, the look-ups whose rows are found by something else than their key.
        self._lookups: dict[Table[Any], list[Lookup[Any]]] = {}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # ── reading ──

    def get(self, table: Table[R], key: Any) -> R | None:
        """Return the row with that key, or None when there is none (or it was not looked up)."""
        rows = self._rows.get(table)
        return None if rows is None else rows.get(key)

    def all(self, table: Table[R]) -> list[R]:
        """Return all rows of a resident table."""
        return list(self._rows.get(table, {}).values())

    def select(self, lookup: Lookup[R], key: Hashable) -> list[R]:
        """Return the rows found under `key`, as they are now, in the order in which they were found."""
        return list(self._under(lookup, key))

    def first(self, lookup: Lookup[R], key: Hashable) -> R | None:
        """Return the first row found under `key`, or None."""
        return next(self._under(lookup, key), None)

    def _under(self, lookup: Lookup[R], key: Hashable) -> Iterator[R]:
        assert lookup.index is not None
        rows, index = self._rows.get(lookup.table, {}), lookup.index
        for pk in self._found.get(lookup, {}).get(key, ()):
            row: R | None = rows.get(pk)  # gone: its command was taken back
            if row is not None and index(row) == key:
                yield row

    def missed(self) -> None:
        """Say that a row is not here which must be. Raises NotReadError where reading anew helps.

        What was read ahead answers what the ledger asked for before the batch in between. That one may have made other
        rows matter: the use before one that it took back, the voucher after one that it voided.
        """
        if self.is_ahead:
            raise NotReadError

    def load(self, lookup: Lookup[R], rows: list[R]) -> None:
        """Take in what the database found for a lookup."""
        table, index = lookup.table, lookup.index
        known = self._rows.setdefault(table, {})
        lookups = self._lookups.setdefault(table, [])
        if index is None:
            for row in rows:
                known.setdefault(table.key_of(row), row)
            return
        if lookup not in lookups:
            lookups.append(lookup)
        found = self._found.setdefault(lookup, {})
        for row in rows:
            pk = table.key_of(row)
            known.setdefault(pk, row)
            found.setdefault(index(row), {})[pk] = None

    def lay_over(self, table: Table[R], changed: Mapping[Any, R]) -> None:
        """Take in what the batch before changed, where this one looks: what was read may be older."""
        lookups = self._lookups.get(table)
        if lookups is None:
            return
        self._rows[table].update(changed)
        for lookup in lookups:
            for pk, row in changed.items():
                self._find(lookup, pk, row)

    def _find(self, lookup: Lookup[R], pk: Any, row: R) -> None:
        """Have the row found where the look-up would find it now."""
        assert lookup.index is not None
        key = lookup.index(row)
        if key is not None:
            self._found[lookup].setdefault(key, {})[pk] = None

    # ── deciding ──

    @property
    def seq(self) -> int:
        """The last entry's number, those of this batch included."""
        return self.base_seq + len(self.entries)

    def append(self, draft: Draft) -> int:
        """Append an entry; return its `seq`."""
        seq = self.seq + 1
        self.entries.append(
            Entry(
                seq=seq,
                at=self.at,
                kind=draft.kind,
                actor=draft.actor,
                offer_id=draft.offer_id,
                voucher_id=draft.voucher_id,
                gate_id=draft.gate_id,
                data={**draft.data, "counts": draft.counts} if draft.counts else draft.data,
            )
        )
        return seq

    def notify(self, notice: Mapping[str, Any]) -> None:
        """Send a message after the commit that is not an entry (a refused attempt)."""
        self.notices.append(notice)

    def put(self, table: Table[R], row: R) -> None:
        """Insert the row, or replace the one with its key."""
        # Each look into a dict hashes the key, which Python does slowly for UUIDs: there are no more than needed.
        pk = table.key_of(row)
        new = self.changes.inserted.get(table)
        if table.adds:
            self._add(table, pk, row, new)
            return
        rows = self._rows.get(table)
        if rows is None:
            rows = self._rows[table] = {}
        before = rows.get(pk)
        if before is None:
            if new is None:
                new = self.changes.inserted[table] = {}
            self._undo += ((rows, pk, None), (new, pk, None))
            rows[pk] = new[pk] = row
        else:
            if new is not None and pk in new:
                target, earlier = new, before
            else:
                target = self.changes.updated.setdefault(table, {})
                earlier = target.get(pk)
            self._undo += ((rows, pk, before), (target, pk, earlier))
            rows[pk] = target[pk] = row
        for lookup in self._lookups.get(table, ()):
            self._find(lookup, pk, row)

    def _add(self, table: Table[R], pk: Any, row: R, new: dict[Any, Any] | None) -> None:
        """Put deltas, which nobody reads back."""
        if new is None:
            new = self.changes.inserted[table] = {}
        before = new.get(pk)
        self._undo.append((new, pk, before))
        new[pk] = row if before is None else before.plus(row)

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

    def settled(self, tables: tuple[Table[Any], ...]) -> Resident:
        """Return the resident state after this batch, for the next one."""
        return Resident(self.epoch, self.seq, self.at, {table: self._rows.get(table, {}) for table in tables})
