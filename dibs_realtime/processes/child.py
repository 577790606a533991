"""One child process."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launcher.py")


class ChildError(Exception):
    """A child process could not be started or failed at what it is for. One line for whoever started us."""


def launched(
    program: Sequence[str | Path], *, folder: Path | str = ".", run_as: str = "same", orphaned: signal.Signals
) -> list[str]:
    """Return the command that starts `program` in `folder`; it gets the signal `orphaned` when we are gone.

    The kernel sends it when the *thread* that started the child ends: start children from the main thread.
    """
    # -I and -S: the launcher needs nothing of what is installed, and starts in a few milliseconds without it.
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    return [*launcher, str(os.getpid()), str(int(orphaned)), run_as, str(folder), *map(str, program)]


class Child:
    """A process in a session of its own: a Ctrl-C in the terminal reaches us alone, and we stop it."""

    def __init__(
        self,
        program: Sequence[str | Path],
        *,
        folder: Path | str = ".",
        run_as: str = "same",
        orphaned: signal.Signals = signal.SIGTERM,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
    ) -> None:
        """Start the program; `environment` None is ours, `output` None is our own stdout and stderr."""
        self._process = subprocess.Popen(  # noqa: S603  # no shell, and the programs are our own
            launched(program, folder=folder, run_as=run_as, orphaned=orphaned),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code (minus the signal's number when a signal ended it), or None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended already is left alone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end; return the exit code, or None when it still runs after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, *steps: tuple[signal.Signals, float]) -> None:
        """Send each step's signal and wait its seconds for the end; kill what outlives the last one."""
        for number, seconds in steps:
            self.send(number)
            if self.wait(seconds) is not None:
                return
        self.send(signal.SIGKILL)
        self._process.wait()


def describe(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def pause(seconds: float) -> None:
    """Let a moment pass, where another process is waited for and there is no event loop. Stop ends it."""
    time.sleep(seconds)
