"""Keeps services running: what ends by itself is started again, later and later while it keeps ending."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from dibs_realtime.processes.child import ChildError, describe, pause

_log = logging.getLogger(__name__)

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 60.0  # who ran this long has recovered: its next delay is the first again
TICK = 0.2


class Service(Protocol):
    """Something with a process."""

    @property
    def name(self) -> str:
        """What people call it."""

    def start(self) -> None:
        """Start it. Raises ChildError."""

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""


class _Watch:
    def __init__(self, service: Service) -> None:
        self.service = service
        self._delay = FIRST_DELAY
        self._started = time.monotonic()
        self._due: float | None = None

    def tend(self, now: float) -> None:
        if self._due is None:
            code = self.service.poll()
            if code == 0:  # it was asked to end, so it is not failing
                self._due = now
            elif code is not None:
                self._plan(now, describe(code))
        elif now >= self._due:
            self._due, self._started = None, now
            try:
                self.service.start()
            except ChildError as error:
                self._plan(now, str(error))
            else:
                _log.warning("%s runs again.", self.service.name)

    def _plan(self, now: float, reason: str) -> None:
        if now - self._started >= STEADY_SECONDS:
            self._delay = FIRST_DELAY
        _log.warning("%s has ended (%s). Starting it again in %.1f s.", self.service.name, reason, self._delay)
        self._due = now + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)


def supervise(services: Sequence[Service], *, every_tick: Callable[[], None] | None = None) -> None:
    """Keep started services running until an exception, such as Stop. Stopping them is the caller's part."""
    watches = [_Watch(service) for service in services]
    while True:
        for watch in watches:
            watch.tend(time.monotonic())
        if every_tick is not None:
            every_tick()
        pause(TICK)
