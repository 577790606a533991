"""The door over REST."""

import re

from dibs_realtime.accounts.caller import Device
from dibs_realtime.events.actors import actor_of
from dibs_realtime.kit import json, paging, problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.wire import Page, PageQuery
from dibs_realtime.ledger.editing import render
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.redemptions import queries
from dibs_realtime.redemptions.desk import DoorDesk
from dibs_realtime.redemptions.leases import EndLease
from dibs_realtime.redemptions.messages import message
from dibs_realtime.redemptions.resolution import ResolveConflict
from dibs_realtime.redemptions.schemas import (
    AttemptOut,
    ConflictOut,
    RedeemBatch,
    RedeemBatchResult,
    RedeemRequest,
    RedemptionOut,
    RedemptionQuery,
    RedemptionVerdict,
    ResolutionRequest,
    ReversalRequest,
    ReversalVerdict,
)

_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


def routes(desk: DoorDesk, ledger: Ledger, database: Database, clock: Clock) -> Routes:
    """Return the slice's routes."""
    r = Routes("redemptions")

    @r.post("/events/{event_id}/redemptions", who="D dev", answer=RedemptionVerdict)
    async def redeem(call: Call, body: RedeemRequest) -> bytes:
        """Redeem a voucher. A refusal is an answer too: look at `verdict`.

        Send a retry with the same `idempotency_key`: it gets the first answer again.
        """
        return json.dumps(await desk.redeem(call.caller, call.event_id, body, call.language))

    @r.post("/events/{event_id}/redemptions/batch", who="D dev", answer=RedeemBatchResult, max_bytes=1_000_000)
    async def redeem_batch(call: Call, body: RedeemBatch) -> bytes:
        """Bring in what a door did while it was offline. One result an item, in order; a bad item stops no other."""
        results = await desk.redeem_batch(call.caller, call.event_id, body.items, call.language)
        return json.dumps({"results": results})

    @r.get("/events/{event_id}/redemptions", who="V")
    async def list_redemptions(call: Call, query: RedemptionQuery) -> Page[RedemptionOut]:
        """List redemptions, or those of one voucher, the newest first."""
        rows = await queries.redemptions(database, call.event_id, paging.after(query), query.limit, query.voucher_id)
        return paging.page(rows, query, lambda row: row.id)

    @r.get("/events/{event_id}/redemptions/by-key/{idempotency_key}", who="D dev", answer=RedemptionVerdict)
    async def by_key(call: Call) -> bytes:
        """Ask whether a lost request counted. 404: not yet; send it again with the same key."""
        actor_id = actor_of(call.caller).id
        key = call.path["idempotency_key"]
        verdict = None
        if _KEY.fullmatch(key):
            verdict = await queries.verdict_of_key(database, call.event_id, key, actor_id, clock())
        if verdict is None:
            raise problems.not_found("No request with this key has counted yet.")
        return json.dumps({**verdict, "message": message(verdict["reason"], call.language)})

    @r.post("/events/{event_id}/redemptions/{redemption_id}/reversal", who="D dev M", answer=ReversalVerdict)
    async def reverse(call: Call, body: ReversalRequest) -> bytes:
        """Take a redemption back: a door its own within 15 minutes, a manager any."""
        return json.dumps(await desk.reverse(call.caller, call.event_id, call.path["redemption_id"], body))

    @r.delete("/events/{event_id}/vouchers/{voucher_id}/lease", who="M dev", headers=())
    async def end_lease(call: Call) -> None:
        """Take back a voucher's uses that are lent to a device: a manager anybody's, a device its own."""
        device = call.caller.device_id if isinstance(call.caller, Device) else None
        await ledger.submit(EndLease(call.event_id, actor_of(call.caller), call.path["voucher_id"], device))

    @r.get("/events/{event_id}/attempts", who="V")
    async def list_attempts(call: Call, query: PageQuery) -> Page[AttemptOut]:
        """List refused scans, the newest first."""
        rows = await queries.attempts(database, call.event_id, paging.after(query), query.limit)
        return paging.page(rows, query, lambda row: row.id)

    @r.get("/events/{event_id}/conflicts", who="V")
    async def list_conflicts(call: Call, query: PageQuery) -> Page[ConflictOut]:
        """List what doors did alone and the server would have refused, the newest first."""
        staff = await desk.manages(call.caller, call.event_id)
        rows = await queries.conflicts(database, call.event_id, paging.after(query), query.limit, staff=staff)
        return paging.page(rows, query, lambda row: row.id)

    @r.post("/events/{event_id}/conflicts/{conflict_id}/resolution", who="M")
    async def resolve(call: Call, body: ResolutionRequest) -> ConflictOut:
        """Settle a conflict. Repeating it changes nothing."""
        command = ResolveConflict(
            call.event_id, actor_of(call.caller), call.path["conflict_id"], body.outcome, body.reason
        )  # fmt: skip
        return render(ConflictOut, await ledger.submit(command))

    return r
