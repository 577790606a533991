"""Server processes: started on a free port of loopback, waited for, stopped with us."""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from dibs_realtime.processes.child import Child, describe, pause
from dibs_realtime.processes.ports import answers

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 15.0


class ServerError(Exception):
    """A server did not start, or ended before its time; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    module: str, arguments: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> Iterator[Server]:
    """Run `python -m module arguments` for the block, which begins once `port` is open. Raises ServerError."""
    with log.open("wb") as output:
        child = Child(
            [sys.executable, "-m", module, *arguments],
            folder=ROOT,
            environment={**os.environ, **environment},
            output=output,
        )
    try:
        _wait_until_open(child, port, log)
        yield Server(port, child.pid)
        if child.poll() is not None:
            raise ServerError(f"{module} ended in the middle:\n{_tail(log)}")
    finally:
        child.stop((SIGTERM, STOP_SECONDS))


def _wait_until_open(child: Child, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(HOST, port):
        code = child.poll()
        if code is not None:
            raise ServerError(f"A server did not start ({describe(code)}):\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServerError(f"A server did not listen within {START_SECONDS:.0f} s:\n{_tail(log)}")
        pause(0.05)


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-3000:]
