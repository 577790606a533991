"""For developing: server processes start anew when the code has changed."""

import time
from collections.abc import Sequence
from pathlib import Path

from dibs_realtime.processes.workers import Worker

SOURCE = Path(__file__).parents[1]
EVERY_SECONDS = 1.0


class Reloader:
    """Looks at the source files from time to time, and asks the server processes to end when one is newer."""

    def __init__(self, team: Sequence[Worker]) -> None:
        self._team = team
        self._newest = _newest()
        self._next = 0.0

    def check(self) -> None:
        """Look, if it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_SECONDS
        newest = _newest()
        if newest != self._newest:
            self._newest = newest
            for worker in self._team:
                worker.ask_to_stop()


def _newest() -> float:
    return max(path.stat().st_mtime for path in SOURCE.rglob("*.py"))
