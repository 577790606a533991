"""How long the tokens of an event's devices and guests live."""

from datetime import datetime, timedelta

AFTER_THE_END = timedelta(days=30)
AT_LEAST = timedelta(days=1)


def token_end(ends_at: datetime, now: datetime) -> datetime:
    """Return when a token for an event's device or guest ends: 30 days after the event, at least a day from now."""
    return max(ends_at + AFTER_THE_END, now + AT_LEAST)
