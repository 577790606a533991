"""`dibs` as a person runs it: a process of its own, seen from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from tests.support.ports import free_port

SECONDS = 120.0  # the machine may be busy

# What `dibs up` says last when it is ready: whoever has read it has read the addresses above it, too.
LAST_WORDS = "Ctrl-C stops it."


def environment(**settings: str) -> dict[str, str]:
    """The tests' own environment must not decide anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIBS_")}
    return {**kept, **{f"DIBS_{name.upper()}": value for name, value in settings.items()}}


def dibs(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return subprocess.run(
        [*before, sys.executable, "-m", "dibs_realtime", *arguments],
        cwd=folder,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


class Up:
    """A running `dibs up`."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None, **settings: str) -> None:
        self.port = port or free_port()
        self.data = folder / "party"
        self._output = folder / f"output-{self.port}"
        with self._output.open("wb") as output:
            self.process = psutil.Popen(
                [
                    *(sys.executable, "-m", "dibs_realtime", "up"),
                    *("--data", str(self.data), "--port", str(self.port), *arguments),
                ],
                cwd=folder,
                env=environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def said(self) -> str:
        return self._output.read_text("utf-8")

    def wait_for(self, text: str) -> Self:
        wait_until(lambda: text in self.said or self.process.poll() is not None)
        assert text in self.said, self.said
        return self

    def tree(self) -> list[psutil.Process]:
        return [self.process, *family(self.process)]

    def called(self, name: str) -> list[psutil.Process]:
        """Return those of its processes whose name begins so."""
        return [child for child in family(self.process) if name_of(child).startswith(name)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; nothing of it may be left."""
        tree = self.tree()
        self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        assert not alive(tree), self.said
        return int(code)


@contextmanager
def up(
    folder: Path, *arguments: str, port: int | None = None, until: str = LAST_WORDS, **settings: str
) -> Iterator[Up]:
    """Run `dibs up` on `folder`/party; whatever the test did with it, nothing is left."""
    running = Up(folder, *arguments, port=port, **settings)
    try:
        yield running.wait_for(until)
    finally:
        kill_tree(running.process)


# ── Processes come and go while one looks at them: whoever is gone is no error, but gone ──


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return all its descendants."""
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def name_of(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those that have not ended. One that nobody waits for has, too."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_tree(process: psutil.Popen) -> None:
    """Kill a process of ours and all below it, and wait until nothing is left. It may have ended before."""
    try:
        # Whoever stands still starts nobody while we look whom there is.
        with suppress(psutil.NoSuchProcess):
            process.suspend()
        tree = [*family(process), process]
        kill(tree)
        psutil.wait_procs(tree, timeout=SECONDS)
    finally:
        process.wait()


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
