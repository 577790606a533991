"""Time as a value that is passed in: rules never read a clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the current time, timezone-aware in UTC."""


def utc_now() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)
