"""Server processes that share one port; the kernel spreads new connections over them."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from signal import SIGTERM

from dibs_realtime.processes.child import Child, ChildError, pause
from dibs_realtime.processes.ports import answers

START_SECONDS = 60.0
STOP_SECONDS = 15.0


class Worker:
    """One process of `dibs serve`. Start it from the main thread; it ends with this process."""

    def __init__(self, number: int, environment: Mapping[str, str]) -> None:
        self.name = f"Server process {number}"
        self._environment = environment
        self._child: Child | None = None

    def start(self) -> None:
        """Start it; it takes connections a moment later."""
        program = [sys.executable, "-m", "dibs_realtime", "serve", "--workers", "1", "--shared-port"]
        self._child = Child(program, environment=self._environment)

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs (or was never started)."""
        return self._child.poll() if self._child else None

    def ask_to_stop(self) -> None:
        """Let it finish what it has begun."""
        if self._child:
            self._child.send(SIGTERM)

    def stop(self) -> None:
        """Stop it."""
        if self._child:
            self._child.stop((SIGTERM, STOP_SECONDS))


@contextmanager
def workers(count: int, environment: Mapping[str, str], host: str, port: int) -> Iterator[Sequence[Worker]]:
    """Run `count` server processes until the block ends; enter it once the first takes connections.

    Raises ChildError when one ends while it starts; it has said why on stderr.
    """
    team = [Worker(number, environment) for number in range(1, count + 1)]
    try:
        for worker in team:
            worker.start()
        deadline = time.monotonic() + START_SECONDS
        while not answers(host, port):
            if any(worker.poll() is not None for worker in team):
                raise ChildError("The server did not start.")
            if time.monotonic() > deadline:
                raise ChildError(f"The server did not start within {START_SECONDS:.0f} s.")
            pause(0.05)
        yield team
    finally:
        # All at once, then one after the other: the time limit is for all of them together.
        for worker in team:
            worker.ask_to_stop()
        for worker in team:
            worker.stop()
