"""Commands on the event itself: edit, open, close."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from uuid import UUID

from dibs_realtime.events.model import EVENTS, STATUS_CHANGES, Event, StatusChange, event_of
from dibs_realtime.events.schemas import EventResource, check_times
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import Broken, Command
from dibs_realtime.ledger.editing import check_version, edited, render
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.view import View

SLUG_TAKEN = Broken("slug_taken", "Another event has this address already.")


def resource(event: Event) -> dict[str, Any]:
    """Return the event as entries and snapshots hold it."""
    return render(EventResource, event).model_dump(mode="json")


@dataclass(frozen=True)
class UpdateEvent(Command[Event]):
    """Change an event's description; `changes` hold the fields that were sent."""

    event_id: UUID
    actor: Actor
    changes: Mapping[str, Any]
    if_match: int | None
    constraints: ClassVar[Mapping[str, Broken]] = {"events_slug_key": SLUG_TAKEN}

    def decide(self, view: View) -> Event:
        before = event_of(view)
        check_version(before, self.if_match)
        event, changes = edited(before, self.changes, view.now)
        if not changes:
            return before
        try:
            check_times(event.starts_at, event.ends_at)
        except ValueError as error:
            raise problems.unprocessable(str(error), loc=("body", "ends_at")) from None
        if event.guest_access == "access_code" and event.access_code is None:
            raise problems.unprocessable("guest_access access_code needs an access_code", loc=("body", "access_code"))
        view.put(EVENTS, event)
        public = {name: value for name, value in resource(event).items() if name in changes}
        view.append(Draft("event.updated", self.actor, data={"changes": public}))
        return event


@dataclass(frozen=True)
class SetEventStatus(Command[Event]):
    """Open or close an event. Repeating it changes nothing."""

    event_id: UUID
    actor: Actor
    status: Literal["open", "closed"]
    if_match: int | None

    def decide(self, view: View) -> Event:
        before = event_of(view)
        if before.status == self.status:
            return before
        check_version(before, self.if_match)
        if before.status == "draft" and self.status == "closed":
            raise problems.conflict("This event was never open.")
        event = replace(before, status=self.status, version=before.version + 1, updated_at=view.now)
        view.put(EVENTS, event)
        kind = "event.opened" if self.status == "open" else "event.closed"
        shape = resource(event)
        seq = view.append(
            Draft(kind, self.actor, data={name: shape[name] for name in ("status", "version", "updated_at")})
        )
        view.put(STATUS_CHANGES, StatusChange(event.id, seq, view.at, self.status))
        return event
