"""Watching over REST: snapshot, ledger, figures."""

from dibs_realtime.dashboard import queries
from dibs_realtime.dashboard.schemas import LedgerPage, LedgerQuery, Snapshot, Stats, StatsQuery
from dibs_realtime.kit import json
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.ledger.queries import entries_after


def routes(database: Database, clock: Clock) -> Routes:
    """Return the slice's routes."""
    r = Routes("dashboard")

    @r.get("/events/{event_id}/snapshot", who="V D dev")
    async def snapshot(call: Call) -> Snapshot:
        """Read the event's whole state at one point of its ledger."""
        return await queries.snapshot(database, call.event_id)

    @r.get("/events/{event_id}/ledger", who="V D dev", answer=LedgerPage)
    async def ledger(call: Call, query: LedgerQuery) -> bytes:
        """Read entries of the ledger, in order."""
        stretch = await entries_after(database, call.event_id, query.after_seq, query.limit)
        return json.dumps({"epoch": stretch.epoch, "head_seq": stretch.head_seq, "entries": stretch.entries})

    @r.get("/events/{event_id}/stats", who="V")
    async def stats(call: Call, query: StatsQuery) -> Stats:
        """Read totals, figures by offer and by gate, and the series per minute."""
        return await queries.stats(database, call.event_id, query.minutes, clock())

    return r
