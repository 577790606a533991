"""Processes that are told what to do by lines of JSON and answer each with one."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Any

from bench.processes import ROOT
from dibs_realtime.kit import json
from dibs_realtime.processes.child import launched

END_SECONDS = 10.0


class TalkError(Exception):
    """A process ended instead of answering; the text holds the end of its log."""


class Talk:
    """One running process."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def tell(self, do: str, **more: Any) -> None:
        """Send a command; `answer` waits for what comes of it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": do, **more}) + b"\n")
            self._process.stdin.flush()

    def answer(self) -> Any:
        """Return the next answer. Raises TalkError."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise TalkError(f"{self._log.stem} ended:\n{self._log.read_text('utf-8', 'replace')[-3000:]}")
        return json.loads(line)

    def ask(self, do: str, **more: Any) -> Any:
        """Send a command and return its answer. Raises TalkError."""
        self.tell(do, **more)
        return self.answer()


@contextmanager
def talking(program: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Talk]:
    """Run a program for the block; at the end its input is closed, and it goes."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            launched(program, folder=ROOT, orphaned=SIGTERM),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        yield Talk(process, log)
    finally:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
