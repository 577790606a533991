"""An event, its gates, and how its status went."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Lookup, Table
from dibs_realtime.ledger.view import View

EventStatus = Literal["draft", "open", "closed"]
GuestAccess = Literal["open", "access_code"]
GuestName = Literal["off", "optional", "required"]
Status = Literal["draft", "open", "closed", "active", "paused"]


class Event(Row, frozen=True):
    """A gathering. `access_code` is what guests type where `guest_access` asks for one; it is on no ledger."""

    id: UUID
    slug: str
    name: str
    description: str
    venue: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    status: EventStatus
    guest_access: GuestAccess
    access_code: str | None
    guest_name: GuestName
    version: int
    created_at: datetime
    updated_at: datetime


class Gate(Row, frozen=True):
    """A place where vouchers are redeemed. A deleted one stays for the redemptions that name it."""

    id: UUID
    name: str
    deleted: bool
    version: int
    created_at: datetime
    updated_at: datetime


class GateCounter(Row, frozen=True):
    """What was redeemed at a gate, less what was reversed."""

    id: UUID
    redeemed_units: int


class EventCounter(Row, frozen=True):
    """Figures of the whole event; `id` is the event's."""

    id: UUID
    open_conflicts: int


class StatusChange(Row, frozen=True):
    """From `at` on the event or offer `subject_id` had `status`."""

    subject_id: UUID
    seq: int
    at: datetime
    status: Status


_DATES = {"created_at": "timestamptz", "updated_at": "timestamptz"}

EVENTS: Table[Event] = Table(
    "events",
    Event,
    {
        "id": "uuid",
        "slug": "text",
        "name": "text",
        "description": "text",
        "venue": "text",
        "timezone": "text",
        "starts_at": "timestamptz",
        "ends_at": "timestamptz",
        "status": "text",
        "guest_access": "text",
        "access_code": "text",
        "guest_name": "text",
        "version": "integer",
        **_DATES,
    },
    updates=(
        "slug", "name", "description", "venue", "timezone", "starts_at", "ends_at", "status",
        "guest_access", "access_code", "guest_name", "version", "updated_at",
    ),
    scope="id",
    resident=True,
)  # fmt: skip

GATES: Table[Gate] = Table(
    "gates",
    Gate,
    {"id": "uuid", "name": "text", "deleted": "boolean", "version": "integer", **_DATES},
    updates=("name", "deleted", "version", "updated_at"),
    resident=True,
)

GATE_COUNTERS: Table[GateCounter] = Table(
    "gate_counters",
    GateCounter,
    {"id": "uuid", "redeemed_units": "bigint"},
    updates=("redeemed_units",),
    resident=True,
)

EVENT_COUNTERS: Table[EventCounter] = Table(
    "event_counters",
    EventCounter,
    {"id": "uuid", "open_conflicts": "bigint"},
    updates=("open_conflicts",),
    resident=True,
)

STATUS_CHANGES: Table[StatusChange] = Table(
    "status_changes",
    StatusChange,
    {"subject_id": "uuid", "seq": "bigint", "at": "timestamptz", "status": "text"},
    key=("subject_id", "seq"),
)

STATUS_HISTORY: Lookup[StatusChange] = Lookup(
    "status_history",
    STATUS_CHANGES,
    # All of the event's, its offers' too: there are few, and which offer is meant shows only with the voucher.
    """SELECT s.subject_id, s.seq, s.at, s.status FROM status_changes s
        WHERE s.event_id = $1 AND s.event_id = ANY({keys}) ORDER BY s.seq""",
    ("uuid",),
)


def event_of(view: View) -> Event:
    """Return the event that the view is about."""
    event = view.get(EVENTS, view.event_id)
    assert event is not None  # the head row that the view was read with refers to it
    return event


def live_gate(view: View, gate_id: UUID) -> Gate | None:
    """Return the gate, or None for one that is unknown or deleted."""
    gate = view.get(GATES, gate_id)
    return None if gate is None or gate.deleted else gate


def status_at(view: View, subject_id: UUID, at: datetime, now: Status) -> Status:
    """Return the status of the event or offer that stood at `at`; `now` where nothing is recorded.

    The view must have read STATUS_HISTORY. Before the first record the first one holds.
    """
    went = [change for change in view.all(STATUS_CHANGES) if change.subject_id == subject_id]
    status = went[0].status if went else now
    for change in went:
        if change.at > at:
            break
        status = change.status
    return status


def stopped_since(view: View, subject_ids: Collection[UUID], at: datetime) -> bool:
    """Return whether one of them stood otherwise than open or active at some time after `at`.

    The view must have read STATUS_HISTORY.
    """
    return any(
        change.at > at and change.subject_id in subject_ids and change.status not in ("open", "active")
        for change in view.all(STATUS_CHANGES)
    )
