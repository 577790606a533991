"""Repositories: the rows of one table, on a connection (so in a transaction) of the caller's choice."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from dibs_realtime.kit.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every row has: when it was made and when it last changed."""

    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Record):
    """A row with an id of its own."""

    id: UUID


Row = TypeVar("Row", bound=Record)


class Repository(ABC, Generic[Row]):
    """The rows of one table. A concrete one names the table and adds the look-ups and writes of its slice.

    row: a dataclass whose fields are the columns.
    key: the columns that identify a row.
    named: fields whose column is called otherwise.
    """

    table: ClassVar[str]
    row: type[Row]
    key: ClassVar[tuple[str, ...]] = ("id",)
    named: ClassVar[Mapping[str, str]] = {}

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, *key: Any, lock: bool = False) -> Row | None:
        """Return the row, or None. `lock`: nobody else changes it before the transaction ends."""
        where = " AND ".join(f"{column} = ${n}" for n, column in enumerate(self.key, 1))
        return await self._one(f"WHERE {where}{' FOR UPDATE' if lock else ''}", *key)

    async def add(self, row: Row) -> None:
        """Insert the row."""
        names = [field.name for field in fields(row)]
        columns = ", ".join(self._column(name) for name in names)
        places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
        await self._connection.execute(
            f"INSERT INTO {self.table} ({columns}) VALUES ({places})",  # noqa: S608  # names from declarations
            *(getattr(row, name) for name in names),
        )

    async def save(self, row: Row) -> None:
        """Write all of a known row except its key."""
        names = [field.name for field in fields(row) if field.name not in self.key]
        sets = ", ".join(f"{self._column(name)} = ${n}" for n, name in enumerate(names, len(self.key) + 1))
        where = " AND ".join(f"{column} = ${n}" for n, column in enumerate(self.key, 1))
        await self._connection.execute(
            f"UPDATE {self.table} SET {sets} WHERE {where}",  # noqa: S608  # names from declarations
            *(getattr(row, name) for name in (*self.key, *names)),
        )

    async def remove(self, *key: Any) -> None:
        """Delete the row."""
        where = " AND ".join(f"{column} = ${n}" for n, column in enumerate(self.key, 1))
        await self._connection.execute(f"DELETE FROM {self.table} WHERE {where}", *key)  # noqa: S608  # as above

    async def _one(self, rest: str, *arguments: Any) -> Row | None:
        """Return the first row that `rest`, the SQL after FROM, selects."""
        found = await self._connection.fetchrow(self._select(rest), *arguments)
        return None if found is None else self.row(**dict(found))

    async def _all(self, rest: str, *arguments: Any) -> list[Row]:
        """Return all rows that `rest`, the SQL after FROM, selects."""
        return [self.row(**dict(found)) for found in await self._connection.fetch(self._select(rest), *arguments)]

    def _select(self, rest: str) -> str:
        names = (field.name for field in fields(self.row))
        columns = ", ".join(f"{self._column(name)} AS {name}" for name in names)
        return f"SELECT {columns} FROM {self.table} {rest}"  # noqa: S608  # names from declarations, SQL of subclasses

    def _column(self, name: str) -> str:
        return self.named.get(name, name)
