"""The two statements of a batch, composed of the parts that its commands need.

Hot statements must use their index whatever the planner's statistics say. The writer's connections forbid sequential
scans, hash and merge joins (see kit/database), and every look-up is written as `unnest(keys) CROSS JOIN LATERAL (…
LIMIT 1)`, or so from the rows of another one, so that a probe of an index for each key is the only plan left.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from dibs_realtime.ledger.model import Line
from dibs_realtime.ledger.row import array, encode
from dibs_realtime.ledger.table import Lookup, Table
from dibs_realtime.ledger.view import Changes

_INSERT_ENTRIES = """
INSERT INTO ledger (event_id, seq, at, kind, actor_type, actor_id, actor_label, offer_id, voucher_id, gate_id, data)
SELECT $1, u.seq, u.at, u.kind, u.actor ->> 'type', (u.actor ->> 'id')::uuid, u.actor ->> 'label',
       u.offer_id, u.voucher_id, u.gate_id, u.data
  FROM jsonb_to_recordset($6::jsonb) AS u (
       seq bigint, at timestamptz, kind text, actor jsonb, offer_id uuid, voucher_id uuid, gate_id uuid, data jsonb)
"""


@lru_cache(maxsize=512)
def reading(lookups: tuple[Lookup[Any], ...], resident: tuple[Table[Any], ...]) -> str:
    """Compose one row: epoch, seq, at, a JSON array a lookup, a JSON array a resident table.

    `$1` is the event; then follow, for each lookup that is `of` no other one, its keys and, where it uses them, its
    counts. Whose rows another lookup starts from must be among the lookups itself.
    """
    parts = ["h.epoch", "h.seq", "h.at"]
    shared = {lookup.of for lookup in lookups if lookup.of is not None}
    found = []
    number = 2
    for lookup in lookups:
        if lookup.of is not None:
            sql = lookup.sql.replace("{found}", lookup.of.name)
        else:
            arrays = ", ".join(_array_of(kind, number + n) for n, kind in enumerate(lookup.key_types))
            sql = lookup.sql.replace("{keys}", arrays)
            number += len(lookup.key_types)
            if lookup.counts:
                sql = sql.replace("{counts}", f"${number}::int[]")
                number += 1
        if lookup in shared:
            found.append(f"{lookup.name} AS MATERIALIZED ({sql})")
            sql = f"SELECT * FROM {lookup.name}"
        parts.append(f"(SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r)")
    parts += [
        f"(SELECT coalesce(json_agg(r ORDER BY {', '.join('r.' + k for k in table.key)}), '[]')"
        f" FROM (SELECT {table.column_list()} FROM {table.name} WHERE {table.scope} = $1) r)"  # names from declarations
        for table in resident
    ]
    beginning = f"WITH {', '.join(found)} " if found else ""
    return f"{beginning}SELECT {', '.join(parts)} FROM ledger_heads h WHERE h.event_id = $1"  # as above


def reading_arguments(asked: Iterable[tuple[Lookup[Any], dict[Any, int]]]) -> list[Any]:
    """Return the arguments after the event id: each lookup's keys and counts."""
    arguments: list[Any] = []
    for lookup, keys in asked:
        if lookup.of is not None:
            continue
        parts = (list(keys),) if len(lookup.key_types) == 1 else zip(*keys, strict=True)
        arguments += [
            _literal(part) if kind == "text" else list(part) for kind, part in zip(lookup.key_types, parts, strict=True)
        ]
        if lookup.counts:
            arguments.append(list(keys.values()))
    return arguments


def _array_of(kind: str, number: int) -> str:
    return f"${number}::text::text[]" if kind == "text" else f"${number}::{kind}[]"


def _literal(texts: Sequence[str]) -> str:
    """Return an array of texts as PostgreSQL writes one. The driver would look at each of them, which takes longer."""
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        joined = '","'.join(text.replace("\\", r"\\").replace('"', r"\"") for text in texts)
    return f'{{"{joined}"}}'


@lru_cache(maxsize=512)
def writing(inserted: tuple[Table[Any], ...], updated: tuple[Table[Any], ...], entries: bool) -> str:
    """Compose the write. It returns the head's seq, or no row when another node was quicker: then nothing is written.

    `$1` event, `$2` the seq that the batch was decided on, `$3` the epoch; with entries `$4` the new seq, `$5` its
    time and `$6` the entries; then the rows of each table, as one JSON array of arrays a table: encoding them costs
    Python a tenth of what an array a column does, and PostgreSQL takes them apart in half the time of objects.
    """
    guard = "EXISTS (SELECT FROM head)"
    number = 4
    if entries:
        head = "UPDATE ledger_heads SET seq = $4, at = $5 WHERE event_id = $1 AND seq = $2 AND epoch = $3 RETURNING seq"
        number = 7
    else:
        # Locked against the removal of the event; other batches pass.
        head = "SELECT seq FROM ledger_heads WHERE event_id = $1 AND seq = $2 AND epoch = $3 FOR KEY SHARE"
    parts = [f"head AS ({head})"]
    if entries:
        parts.append(f"entries AS ({_INSERT_ENTRIES} WHERE {guard})")
    for table in inserted:
        parts.append(f"{table.name}_new AS ({_insert(table, number)} WHERE {guard}{_on_conflict(table)})")
        number += 1
    for table in updated:
        parts.append(f"{table.name}_changed AS ({_update(table, number)} AND {guard})")
        number += 1
    return f"WITH {', '.join(parts)} SELECT seq FROM head"


def writing_arguments(lines: Sequence[Line], changes: Changes) -> list[str]:
    """Return the JSON arrays for `writing`, in its order."""
    arguments = [array(line.raw for line in lines)] if lines else []
    arguments += [_json(table.cells, rows) for table, rows in _nonempty(changes.inserted)]
    arguments += [_json(table.changed_cells, rows) for table, rows in _nonempty(changes.updated)]
    return arguments


def _json(cells: Callable[[Any], tuple[Any, ...]], rows: dict[Any, Any]) -> str:
    return encode([cells(row) for row in rows.values()]).decode()


def tables_of(changes: Changes) -> tuple[tuple[Table[Any], ...], tuple[Table[Any], ...]]:
    """Return the tables with new rows and the tables with changed rows."""
    return (
        tuple(table for table, _ in _nonempty(changes.inserted)),
        tuple(table for table, _ in _nonempty(changes.updated)),
    )


def _nonempty(rows: dict[Table[Any], dict[Any, Any]]) -> list[tuple[Table[Any], dict[Any, Any]]]:
    # By name, so that the same mixture of tables makes the same statement text, which PostgreSQL has prepared already.
    return sorted(((table, by_key) for table, by_key in rows.items() if by_key), key=lambda item: item[0].name)


def _insert(table: Table[Any], number: int) -> str:
    names = table.column_list()
    return (
        f"INSERT INTO {table.name} AS t (event_id, {names})"
        f" SELECT $1, {table.column_list('u.')} FROM {_rows(table, table.columns, number)}"
    )


def _update(table: Table[Any], number: int) -> str:
    # Each row is found by its key first and updated at its place then. A plain join would leave the planner the choice
    # to walk through all rows of the event, which it takes as long as its statistics say that there are few.
    sets = ", ".join(f"{column} = u.{column}" for column in table.updates)
    where = " AND ".join(f"k.{column} = u.{column}" for column in table.key)
    return (
        f"UPDATE {table.name} t SET {sets}"
        f" FROM (SELECT u.*, place.ctid AS place FROM {_rows(table, table.changed_columns, number)} CROSS JOIN LATERAL"
        f" (SELECT k.ctid FROM {table.name} k WHERE k.{table.scope} = $1 AND {where} LIMIT 1) place OFFSET 0) u"
        " WHERE t.ctid = u.place"
    )


def _rows(table: Table[Any], columns: Iterable[str], number: int) -> str:
    """Return the rows in `$number`, a JSON array of one array of these columns a row, as a FROM item named `u`."""
    cells = ", ".join(f"{_cell(place, table.columns[name])} AS {name}" for place, name in enumerate(columns))
    return f"(SELECT {cells} FROM jsonb_array_elements(${number}::jsonb) AS r) u"


def _cell(place: int, kind: str) -> str:
    if kind == "jsonb":
        return f"nullif(r -> {place}, 'null')"
    if kind.endswith("[]"):  # never null
        return f"ARRAY(SELECT jsonb_array_elements_text(r -> {place}))::{kind}"
    return f"(r ->> {place})::{kind}"


def _on_conflict(table: Table[Any]) -> str:
    if not table.adds:
        return ""
    sets = ", ".join(f"{column} = t.{column} + excluded.{column}" for column in table.adds)
    return f" ON CONFLICT (event_id, {', '.join(table.key)}) DO UPDATE SET {sets}"
