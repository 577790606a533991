"""Reading the door's book: chunks of seals, and how vouchers stand, by ordinal."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.doors.book.model import CLAIMED, DEAD
from dibs_realtime.kit.database import Database

CHUNK = 5_000
"""Vouchers in a chunk: 385 kB."""
MOST_ENTRIES = 20_000
"""So far behind, all vouchers are told anew."""

_FLAGS = f"""(CASE WHEN v.guest_id IS NOT NULL THEN {CLAIMED} ELSE 0 END
      | CASE WHEN v.state IN ('released', 'voided') THEN {DEAD} ELSE 0 END) AS flags"""
_CHUNK = f"""
SELECT h.epoch, h.seq AS head_seq, b.seq, b.revision AS last_revision, b.sealed, b.salt, b.iterations,
       s.revision, s.record, s.uses, s.flags
  FROM ledger_heads h
  LEFT JOIN door_books b ON b.event_id = h.event_id
  LEFT JOIN LATERAL (
       SELECT d.revision, d.record, v.uses, {_FLAGS} FROM door_seals d
         JOIN vouchers v ON v.event_id = d.event_id AND v.id = d.voucher_id
        WHERE d.event_id = h.event_id AND d.revision > $2 ORDER BY d.revision LIMIT {CHUNK}) s ON true
 WHERE h.event_id = $1 ORDER BY s.revision
"""  # noqa: S608  # constants
_CHANGED = f"""
SELECT h.epoch, h.seq AS head_seq, c.ordinal, c.uses, c.flags
  FROM ledger_heads h
  LEFT JOIN LATERAL (
       SELECT d.ordinal, v.uses, {_FLAGS} FROM
              (SELECT DISTINCT l.voucher_id FROM ledger l
                WHERE l.event_id = h.event_id AND l.seq > $2 AND l.voucher_id IS NOT NULL) n
         JOIN door_seals d ON d.event_id = h.event_id AND d.voucher_id = n.voucher_id
         JOIN vouchers v ON v.event_id = h.event_id AND v.id = n.voucher_id) c ON true
 WHERE h.event_id = $1
"""  # noqa: S608  # constants
_ALL = f"""
SELECT h.epoch, h.seq AS head_seq, c.ordinal, c.uses, c.flags
  FROM ledger_heads h
  LEFT JOIN LATERAL (
       SELECT d.ordinal, v.uses, {_FLAGS} FROM door_seals d
         JOIN vouchers v ON v.event_id = d.event_id AND v.id = d.voucher_id
        WHERE d.event_id = h.event_id
          AND (v.uses > 0 OR v.guest_id IS NOT NULL OR v.state IN ('released', 'voided'))) c ON true
 WHERE h.event_id = $1
"""  # noqa: S608  # constants
_OF = f"""
SELECT h.epoch, h.seq AS head_seq, c.ordinal, c.uses, c.flags
  FROM ledger_heads h
  LEFT JOIN LATERAL (
       SELECT d.ordinal, v.uses, {_FLAGS} FROM unnest($2::uuid[]) AS n (voucher_id)
         JOIN door_seals d ON d.event_id = h.event_id AND d.voucher_id = n.voucher_id
         JOIN vouchers v ON v.event_id = h.event_id AND v.id = n.voucher_id) c ON true
 WHERE h.event_id = $1
"""  # noqa: S608  # constants


@dataclass(frozen=True, slots=True)
class States:
    """How vouchers stood at entry `seq`: `[ordinal, uses, flags]` each. `whole`: all that are not as issued."""

    epoch: UUID
    seq: int
    whole: bool
    burns: list[list[int]]


async def chunk(database: Database, event_id: UUID, after_revision: int) -> list[Any]:
    """Return rows of one moment: the book and up to CHUNK seals after a revision, with how their vouchers stand."""
    return await database.fetch(_CHUNK, event_id, after_revision)


async def states_after(database: Database, event_id: UUID, after_seq: int | None) -> States:
    """Return how the vouchers stand that changed after an entry; None, or too far back: all."""
    whole = after_seq is None
    if after_seq is not None:
        head = await database.fetchval("SELECT seq FROM ledger_heads WHERE event_id = $1", event_id)
        whole = head - after_seq > MOST_ENTRIES or after_seq > head
    rows = await database.fetch(_ALL, event_id) if whole else await database.fetch(_CHANGED, event_id, after_seq)
    return _states(rows, whole=whole)


async def states_of(database: Database, event_id: UUID, voucher_ids: Collection[UUID]) -> States:
    """Return how these vouchers stand, those that are in the book."""
    return _states(await database.fetch(_OF, event_id, list(voucher_ids)), whole=False)


def _states(rows: list[Any], *, whole: bool) -> States:
    burns = [[row["ordinal"], row["uses"], row["flags"]] for row in rows if row["ordinal"] is not None]
    return States(rows[0]["epoch"], rows[0]["head_seq"], whole, burns)
