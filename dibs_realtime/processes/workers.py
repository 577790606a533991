"""Server processes that share one port; the kernel spreads new connections over them."""

import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from signal import SIGTERM

from dibs_realtime.processes.child import Child, ChildError, describe, pause

_log = logging.getLogger(__name__)

START_SECONDS = 60.0
STOP_SECONDS = 15.0


class _Process:
    """One process of `dibs serve`. It makes a file once it takes connections."""

    def __init__(self, environment: Mapping[str, str], ready: Path) -> None:
        self._ready = ready
        self.started = time.monotonic()
        arguments = ["--workers", "1", "--shared-port", "--ready", str(ready)]
        program = [sys.executable, "-m", "dibs_realtime", "serve", *arguments]
        self.child = Child(program, environment=environment)

    @property
    def is_ready(self) -> bool:
        return self._ready.exists()


class Worker:
    """A place in the team, and the process that has it. Start it from the main thread; it ends with this process.

    While its process is replaced there are two: the next one, until it is ready, and the one before, until it has
    finished what it had begun.
    """

    def __init__(self, number: int, environment: Mapping[str, str], folder: Path) -> None:
        self.name = f"Server process {number}"
        self._environment = environment
        self._files = (folder / f"{number}-{run}" for run in count(1))
        self._process: _Process | None = None
        self._next: _Process | None = None
        self._before: _Process | None = None
        self._kill_at = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return self._process is not None and self._process.is_ready

    def start(self) -> None:
        """Start it; it takes connections a moment later."""
        self._process = _Process(self._environment, next(self._files))

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs (or was never started)."""
        return self._process.child.poll() if self._process else None

    def begin_replacement(self) -> None:
        """Start the next process beside the present one."""
        self._next = _Process(self._environment, next(self._files))

    def replace(self) -> bool:
        """Go on with the replacement; return whether it has ended. Raises ChildError: the present process stays."""
        if self._next is not None:
            code = self._next.child.poll()
            if code is None and time.monotonic() - self._next.started > START_SECONDS:
                self._next.child.stop()
                code = self._next.child.poll()
            if code is not None:
                self._next = None
                raise ChildError(f"The next {self.name[0].lower()}{self.name[1:]} did not start ({describe(code)}).")
            if self._next.is_ready:
                self._before, self._process, self._next = self._process, self._next, None
                self._kill_at = time.monotonic() + STOP_SECONDS
                if self._before:
                    self._before.child.send(SIGTERM)
            return False
        if self._before is not None and self._before.child.poll() is None:
            if time.monotonic() > self._kill_at:
                self._before.child.stop()
            return False
        self._before = None
        return True

    def ask_to_stop(self) -> None:
        """Let it finish what it has begun."""
        for process in (self._process, self._next, self._before):
            if process:
                process.child.send(SIGTERM)

    def stop(self) -> None:
        """Stop it."""
        for process in (self._process, self._next, self._before):
            if process:
                process.child.stop((SIGTERM, STOP_SECONDS))


class Rolling:
    """Replaces a team's processes one by one: each next one takes connections before the one before stops to."""

    def __init__(self) -> None:
        self._asked = False
        self._left: list[Worker] = []

    def ask(self) -> None:
        """Begin, or begin once more after this time. May be called by a signal."""
        self._asked = True

    def check(self, team: Sequence[Worker]) -> None:
        """Go on with the team's replacement, if one was asked for, a little at a time."""
        if not self._left:
            if not self._asked:
                return
            self._asked = False
            self._left = list(team)
            self._left[0].begin_replacement()
            _log.warning("Replacing the server processes one by one.")
        try:
            if not self._left[0].replace():
                return
        except ChildError as error:
            # Whatever is wrong with it is wrong with all: those that run go on.
            self._left = []
            _log.warning("%s The others stay as they are.", error)
            return
        self._left.pop(0)
        if self._left:
            self._left[0].begin_replacement()
        else:
            _log.warning("All server processes are new.")


@contextmanager
def workers(number: int, environment: Mapping[str, str]) -> Iterator[Sequence[Worker]]:
    """Run so many server processes until the block ends; enter it once the first takes connections.

    Raises ChildError when one ends while it starts; it has said why on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="dibs-") as folder:
        team = [Worker(each, environment, Path(folder)) for each in range(1, number + 1)]
        try:
            for worker in team:
                worker.start()
            deadline = time.monotonic() + START_SECONDS
            while not any(worker.is_ready for worker in team):
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
