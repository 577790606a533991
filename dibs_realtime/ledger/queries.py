"""Reading the ledger: entries since a number, the heads of many, and the resident rows at one point."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.kit import json, problems
from dibs_realtime.kit.database import Connection, Database
from dibs_realtime.ledger import statements
from dibs_realtime.ledger.table import Table
from dibs_realtime.ledger.view import Resident, View


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some consecutive entries (as the contract writes them) and the ledger's head at that moment."""

    epoch: UUID
    head_seq: int
    entries: list[dict[str, Any]]


# One statement, so that the head and the entries are of one moment.
_SINCE = """
SELECT h.epoch, h.seq AS head_seq, e.seq, e.at, e.kind, e.actor_type, e.actor_id, e.actor_label,
       e.offer_id, e.voucher_id, e.gate_id, e.data
  FROM ledger_heads h
  LEFT JOIN LATERAL (
       SELECT * FROM ledger l WHERE l.event_id = h.event_id AND l.seq > $2 ORDER BY l.seq LIMIT $3) e ON true
 WHERE h.event_id = $1
"""


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "seq": row["seq"],
        "at": row["at"],
        "kind": row["kind"],
        "actor": {"type": row["actor_type"], "id": row["actor_id"], "label": row["actor_label"]},
    }
    for name in ("offer_id", "voucher_id", "gate_id"):
        if row[name] is not None:
            shape[name] = row[name]
    shape["data"] = json.loads(row["data"])
    return shape


async def entries_after(database: Database, event_id: UUID, after_seq: int, limit: int) -> Stretch:
    """Return up to `limit` entries after `after_seq`. Raises Problem 404 for an unknown event."""
    rows = await database.fetch(_SINCE, event_id, after_seq, limit)
    if not rows:
        raise problems.not_found()
    return Stretch(rows[0]["epoch"], rows[0]["head_seq"], [_entry(row) for row in rows if row["seq"] is not None])


async def heads(database: Database, event_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """Return epoch and last seq of each event that exists."""
    rows = await database.fetch(
        "SELECT event_id, epoch, seq FROM ledger_heads WHERE event_id = ANY($1::uuid[])", list(event_ids)
    )
    return {row["event_id"]: (row["epoch"], row["seq"]) for row in rows}


async def resident_view(database: Database, event_id: UUID, tables: Iterable[Table[Any]]) -> View:
    """Return a view of the resident tables as they stand right after the ledger's last entry.

    Raises Problem 404 for an unknown event.
    """
    wanted = tuple(tables)
    row = await database.fetchrow(statements.reading((), wanted), event_id)
    if row is None:
        raise problems.not_found()
    rows = {table: {table.key_of(r): r for r in table.parse(raw)} for table, raw in zip(wanted, row[3:], strict=True)}
    return View(event_id, Resident(row[0], row[1], row[2], rows), row[2])


async def begin(connection: Connection, event_id: UUID, epoch: UUID, entry: dict[str, Any]) -> None:
    """Start an event's ledger with its first entry (`event.created`), inside the transaction that makes the event."""
    await connection.execute(
        "INSERT INTO ledger_heads (event_id, epoch, seq, at) VALUES ($1, $2, 1, $3)", event_id, epoch, entry["at"]
    )
    actor = entry["actor"]
    await connection.execute(
        """INSERT INTO ledger (event_id, seq, at, kind, actor_type, actor_id, actor_label, data)
           VALUES ($1, 1, $2, $3, $4, $5, $6, $7)""",
        event_id,
        entry["at"],
        entry["kind"],
        actor["type"],
        actor["id"],
        actor["label"],
        json.dumps_text(entry["data"]),
    )
