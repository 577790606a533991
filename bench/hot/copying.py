"""Issuing 100,000 codes over the API ÷ a bare COPY of the same rows into the same table."""

import asyncio
import time
from collections.abc import Callable

import asyncpg

from bench.organizer import Organizer
from bench.processes import Server
from bench.rows import Form, Row, ratio
from bench.stage import Event, Stage

CODES = 100_000


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises PreparationError."""
    ours: list[float] = []
    theirs: list[float] = []
    with stage.node() as server:
        event = stage.event(server.port, 1)
        for number in range(form.rounds):
            tell(f"issuing {CODES:,} codes, round {number + 1} of {form.rounds}")
            ours.append(asyncio.run(_issue(server, event)))
            theirs.append(asyncio.run(_copy(stage, event)))
    return [ratio(f"issuing {CODES:,} codes ÷ a bare COPY of the same rows", "s", 2, ours, theirs)]


async def _issue(server: Server, event: Event) -> float:
    async with Organizer(server.port, event.organizer_token) as organizer:
        began = time.perf_counter()
        await organizer.post(f"/events/{event.id}/vouchers", {"offer_id": event.offer_id, "count": CODES}, 201)
        return time.perf_counter() - began


async def _copy(stage: Stage, event: Event) -> float:
    """Copy the newest batch's rows as they are, under another event's id, and take them away again."""
    connection = await asyncpg.connect(stage.url)
    try:
        rows = await connection.fetch(
            """SELECT v.* FROM vouchers v WHERE v.event_id = $1 AND v.batch_id =
                      (SELECT id FROM voucher_batches WHERE event_id = $1 ORDER BY seq DESC LIMIT 1)""",
            event.id,
        )
        assert len(rows) == CODES
        columns = list(rows[0].keys())
        # Of the same shape: the same keys in another event, so that every index has the same work.
        await connection.execute("CREATE TABLE IF NOT EXISTS copied (LIKE vouchers INCLUDING ALL)")
        await connection.execute("TRUNCATE copied")
        await connection.execute("CHECKPOINT")
        began = time.perf_counter()
        await connection.copy_records_to_table("copied", records=[tuple(row) for row in rows], columns=columns)
        return time.perf_counter() - began
    finally:
        await connection.close()
