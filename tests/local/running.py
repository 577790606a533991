"""`dibs` as a person runs it: a process of its own, seen from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil

SECONDS = 60.0  # the machine may be busy


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        return [self.process, *self.process.children(recursive=True)]

    def descendants(self, name: str) -> list[psutil.Process]:
        return [child for child in self.process.children(recursive=True) if child.name() == name]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; nothing of it may be left."""
        tree = self.tree()
        self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        assert not [each for each in tree if each.is_running() and each.status() != psutil.STATUS_ZOMBIE], self.said
        return int(code)


@contextmanager
def up(folder: Path, *arguments: str, port: int | None = None, **settings: str) -> Iterator[Up]:
    """Run `dibs up` on `folder`/party; whatever the test did with it, nothing is left."""
    running = Up(folder, *arguments, port=port, **settings)
    try:
        yield running.wait_for("Party Dibs is running")
    finally:
        for process in running.tree() if running.process.poll() is None else []:
            process.kill()
        running.process.wait()


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
