"""A clock that can be moved."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Goes like the machine's clock, ahead of it by as much as it was moved."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def forward(self, **duration: float) -> None:
        """Move it: `clock.forward(minutes=15)`."""
        self._ahead += timedelta(**duration)
