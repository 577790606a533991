"""Events on the wire."""

import re
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from dibs_realtime.events.model import EventStatus, GuestAccess, GuestName
from dibs_realtime.kit.wire import LongText, Moment, Name, Omissible, PageQuery, Text, Utc, Wire

_ZONES = frozenset(available_timezones())


def _zone(value: str) -> str:
    if value not in _ZONES:
        raise ValueError("is not a time zone of the IANA database, such as Europe/Vilnius")
    return value


Timezone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$"),
    Field(description="The event's address: 3 to 63 lower-case letters, digits and inner dashes."),
]
AccessCode = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=4, max_length=64)]


class EventResource(Wire):
    """An event as everybody who may watch it sees it."""

    id: UUID
    slug: str
    name: str
    description: str
    venue: str
    timezone: str
    starts_at: Utc
    ends_at: Utc
    status: EventStatus
    guest_access: GuestAccess
    guest_name: GuestName
    version: int
    created_at: Utc
    updated_at: Utc


class EventOut(EventResource):
    """An event with what depends on who asks: their role, and for managers the guests' access code."""

    role: str | None
    access_code: str | None


class NewEvent(Wire):
    """A new event; it starts as a draft."""

    name: Name
    slug: Slug | None = None
    description: LongText = ""
    venue: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    timezone: Timezone
    starts_at: Moment
    ends_at: Moment
    guest_access: GuestAccess = "open"
    access_code: AccessCode | None = None
    guest_name: GuestName = "off"

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        check_times(self.starts_at, self.ends_at)
        if self.guest_access == "access_code" and self.access_code is None:
            raise ValueError("guest_access access_code needs an access_code")
        return self


class EventPatch(Wire):
    """What to change of an event; what is left out stays."""

    name: Omissible[Name] = None
    slug: Omissible[Slug] = None
    description: Omissible[LongText] = None
    venue: Omissible[Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)]] = None
    timezone: Omissible[Timezone] = None
    starts_at: Omissible[Moment] = None
    ends_at: Omissible[Moment] = None
    guest_access: Omissible[GuestAccess] = None
    access_code: AccessCode | None = None
    guest_name: Omissible[GuestName] = None


class EventQuery(PageQuery):
    """The caller's events."""


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    """Raise ValueError unless the event ends after its start."""
    if ends_at <= starts_at:
        raise ValueError("ends_at must be after starts_at")


def slug_from(name: str, suffix: str) -> str:
    """Make an address from a name: its ASCII letters and digits, and a suffix that makes it the event's own."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48].strip("-")
    return f"{words}-{suffix}" if words else f"event-{suffix}"
