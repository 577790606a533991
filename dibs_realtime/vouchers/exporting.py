"""All vouchers of an event as a CSV file, page by page, safe to open in a spreadsheet."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dibs_realtime.kit.database import Database
from dibs_realtime.vouchers import queries

COLUMNS = (
    "code", "offer", "state", "uses", "max_uses", "guest_name", "guest_email", "created_at", "updated_at",
)  # fmt: skip
PAGE = 1_000
"""Vouchers read at once. No connection is held while a slow reader takes its time."""
_BOM = "\ufeff"  # tells spreadsheets that this is UTF-8
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_SUSPECT = re.compile(r"""[\x00-\x1f\x7f\x85\u2028\u2029]|(?:^|[;,|'"])\s*[=+\-@\uff1d\uff0b\uff0d\uff20]""")
# A spreadsheet runs a cell that begins with one of these (the wide ones too). One that parts cells elsewhere than we do
# lets a cell begin inside our text.
_FORMULA = re.compile(r"""(^|[;,|'"])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")


async def export(database: Database, event_id: UUID, batch_id: UUID | None = None) -> AsyncGenerator[bytes, None]:
    """Yield the file in parts: a heading, then a line a voucher in the order in which they were made.

    batch_id: only what was issued together.
    """
    heading = _lines([COLUMNS], _BOM)
    after = UUID(int=0)
    while True:
        rows = await queries.export_page(database, event_id, after, PAGE, batch_id)
        yield heading + await asyncio.to_thread(_page, rows)
        if len(rows) < PAGE:
            return
        heading, after = b"", rows[-1]["id"]


def harmless(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs: formulas begin with a quote, control characters are gone."""
    return _FORMULA.sub(r"\1\2'", _CONTROL.sub(" ", text)) if _SUSPECT.search(text) else text


def _page(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return _lines(
        [
            (
                row["code"],
                harmless(row["offer_title"]),
                row["state"],
                row["uses"],
                row["max_uses"],
                harmless(row["guest_name"] or ""),
                harmless(row["guest_email"] or ""),
                _time(row["created_at"]),
                _time(row["updated_at"]),
            )
            for row in rows
        ]
    )


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _lines(rows: Sequence[Sequence[Any]], first: str = "") -> bytes:
    out = io.StringIO(first)
    out.seek(0, io.SEEK_END)
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
