"""Events over REST."""

import secrets
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.caller import Caller, User, user
from dibs_realtime.events import queries
from dibs_realtime.events.actors import actor_of
from dibs_realtime.events.commands import SetEventStatus, UpdateEvent
from dibs_realtime.events.ends import EventEnds
from dibs_realtime.events.model import Event
from dibs_realtime.events.repository import EventRepository
from dibs_realtime.events.schemas import EventOut, EventPatch, EventQuery, NewEvent, slug_from
from dibs_realtime.kit import paging, problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.keys import fingerprint, idempotency_key
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.wire import Page
from dibs_realtime.ledger.writer import Ledger


def routes(database: Database, ledger: Ledger, repository: EventRepository, ends: EventEnds, clock: Clock) -> Routes:
    """Return the slice's routes."""
    r = Routes("events")

    async def shown(event_id: UUID, caller: Caller) -> EventOut:
        found = await queries.event(database, event_id, caller.user_id if isinstance(caller, User) else None)
        if found is None:
            raise problems.not_found()
        return found

    @r.post("/events", who="U", status=201, problems=(409,), headers=("Idempotency-Key",))
    async def create(call: Call, body: NewEvent) -> EventOut:
        """Create an event. It starts as a draft and you own it."""
        owner, now, event_id = user(call), clock(), new_id()
        fields: dict[str, Any] = body.model_dump()
        fields["slug"] = body.slug or slug_from(body.name, secrets.token_hex(3))
        event = Event(id=event_id, **fields, status="draft", version=1, created_at=now, updated_at=now)
        actor = actor_of(owner)
        made = await repository.add(
            event,
            owner.user_id,
            {"type": actor.type, "id": actor.id, "label": actor.label},
            idempotency_key(call),
            fingerprint(body),
        )
        return await shown(made, owner)

    @r.get("/events", who="U")
    async def list_events(call: Call, query: EventQuery) -> Page[EventOut]:
        """List the events that you are a member of, the newest first."""
        rows = await queries.events_of(database, user(call).user_id, paging.after(query), query.limit)
        return paging.page(rows, query, lambda row: row.id)

    @r.get("/events/{event_id}", who="V D dev")
    async def read(call: Call) -> EventOut:
        """Read an event."""
        return await shown(call.event_id, call.caller)

    @r.patch("/events/{event_id}", who="M", problems=(409,))
    async def update(call: Call, body: EventPatch) -> EventOut:
        """Change an event. What is left out stays; only `access_code` may be null."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        await ledger.submit(UpdateEvent(call.event_id, actor_of(call.caller), changes, call.if_match))
        if "ends_at" in changes:
            await ends.follow(call.event_id)
        return await shown(call.event_id, call.caller)

    @r.delete("/events/{event_id}", who="O", problems=(409,))
    async def delete(call: Call) -> None:
        """Delete a draft and everything in it."""
        await repository.remove_draft(call.event_id, call.if_match)
        ledger.forget(call.event_id)

    @r.post("/events/{event_id}/open", who="M", headers=("If-Match",))
    async def open_event(call: Call) -> EventOut:
        """Open the event: guests may claim and doors redeem. Opening an open one changes nothing."""
        await ledger.submit(SetEventStatus(call.event_id, actor_of(call.caller), "open", call.if_match))
        return await shown(call.event_id, call.caller)

    @r.post("/events/{event_id}/close", who="M", problems=(409,), headers=("If-Match",))
    async def close_event(call: Call) -> EventOut:
        """Close the event. Doors still bring in what they did offline; wallets stay readable."""
        await ledger.submit(SetEventStatus(call.event_id, actor_of(call.caller), "closed", call.if_match))
        return await shown(call.event_id, call.caller)

    return r
