"""Callers as the makers of entries. Labels are shown to everybody who watches: never a person's name."""

from dibs_realtime.accounts.caller import Caller, Device, Guest
from dibs_realtime.ledger.model import Actor


def actor_of(caller: Caller, label: str = "Organizer") -> Actor:
    """Return the actor for a caller. `label` is for accounts; a device's own label is filled in by its commands."""
    if isinstance(caller, Device):
        return Actor("device", caller.device_id, "Device")
    if isinstance(caller, Guest):
        return Actor("guest", caller.guest_id, "Guest")
    return Actor("user", caller.user_id, label)
