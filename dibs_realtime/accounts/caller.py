"""Who calls."""

from dataclasses import dataclass
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.http.routes import Call


@dataclass(frozen=True, slots=True)
class User:
    """An organizer."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Device:
    """A paired door device of one event."""

    device_id: UUID
    event_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest of one event."""

    guest_id: UUID
    event_id: UUID
    session_id: UUID


Caller = User | Device | Guest


def user(call: Call) -> User:
    """Return the caller as an organizer. Raises Problem 403 for anybody else."""
    if not isinstance(call.caller, User):
        raise problems.forbidden()
    return call.caller


def device(call: Call) -> Device:
    """Return the caller as a device. Raises Problem 403 for anybody else."""
    if not isinstance(call.caller, Device):
        raise problems.forbidden()
    return call.caller


def guest(call: Call) -> Guest:
    """Return the caller as a guest. Raises Problem 403 for anybody else."""
    if not isinstance(call.caller, Guest):
        raise problems.forbidden()
    return call.caller
