"""How the ledger's writer knows a slice's tables: which columns a row has and how rows are found.

A slice declares its tables beside its commands; the writer composes one reading and one writing statement a batch
out of the parts that the batch needs, so that a batch of any mixture of commands costs two round trips.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from dibs_realtime.ledger.row import Row, parser

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, eq=False)  # compared and hashed by identity: a declaration exists once
class Table(Generic[R]):
    """A table whose rows only the ledger's writer changes.

    row: its fields are the columns without `event_id`, and what is joined on read.
    columns: column → SQL type.
    key: the columns that, after `event_id`, identify a row.
    updates: the columns that a later put of a known row writes; empty: rows are only ever inserted.
    adds: the columns that a put adds to what is stored (an upsert of deltas). Such rows are never read back, and have
        `plus(other)` for two puts in one batch.
    scope: the column that holds the event's id.
    resident: all of an event's rows are kept in memory between batches (small tables every command looks at).
    reveals: a change makes rows of other tables visible that no command wrote.
    """

    name: str
    row: type[R]
    columns: Mapping[str, str]
    key: tuple[str, ...] = ("id",)
    updates: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    scope: str = "event_id"
    resident: bool = False
    reveals: bool = False

    def __post_init__(self) -> None:
        """Look at what `cells` relies on: of one column it would answer no tuple."""
        assert len(self.columns) > 1
        assert not self.updates or len(self.changed_columns) > 1

    @cached_property
    def key_of(self) -> Callable[[R], Any]:
        """Answer a row's key: the column itself, or a tuple where the key has several."""
        return attrgetter(*self.key)

    @cached_property
    def changed_columns(self) -> tuple[str, ...]:
        """The columns that an update needs: the key and what it writes."""
        return (*self.key, *(column for column in self.updates if column not in self.key))

    @cached_property
    def cells(self) -> Callable[[R], tuple[Any, ...]]:
        """Answer a row's columns, in their order."""
        return attrgetter(*self.columns)

    @cached_property
    def changed_cells(self) -> Callable[[R], tuple[Any, ...]]:
        """Answer a row's `changed_columns`."""
        return attrgetter(*self.changed_columns)

    @cached_property
    def parse(self) -> Callable[[str], list[R]]:
        """Parse a JSON array of rows as PostgreSQL's json_agg writes it."""
        return parser(self.row)

    def column_list(self, prefix: str = "") -> str:
        """Return the columns as SQL, each with `prefix`."""
        return ", ".join(f"{prefix}{column}" for column in self.columns)


@dataclass(frozen=True, eq=False)
class Lookup(Generic[R]):
    """A way to find rows that are not resident.

    sql: selects the rows; `$1` is the event, `{keys}` stands for the array of distinct keys and `{counts}`, where
        used, for the parallel array of how many commands asked for each.
    key_types: the SQL types of one key's parts; a key of several parts is a tuple, and `{keys}` then is several arrays.
    index: the key under which `View.select` finds a row, also one that was put during the batch; it answers None for
        a row that is found under none. Without an index rows are found by their own key alone (`View.get`).
    of: another look-up, read under the same keys, whose rows this one starts from: `{found}` stands for them, and it
        needs neither `{keys}` nor `{counts}`. Probing for them once is what it saves. That one is of no other itself.
    """

    name: str
    table: Table[R]
    sql: str
    key_types: tuple[str, ...]
    index: Callable[[R], Hashable | None] | None = None
    of: "Lookup[Any] | None" = None

    @cached_property
    def counts(self) -> bool:
        """Whether as many rows are found as commands ask for."""
        return "{counts}" in self.sql


class Read(NamedTuple):
    """One key that a command wants looked up."""

    lookup: Lookup[Any]
    key: Hashable
