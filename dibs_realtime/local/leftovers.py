"""Servers that an earlier run left behind, because it was killed."""

import contextlib
import logging
from pathlib import Path
from signal import SIGKILL, Signals

import psutil

_log = logging.getLogger(__name__)


def end_leftovers(program: str, folder: Path, *steps: tuple[Signals, float]) -> None:
    """End processes called `program` that work in `folder`: each step's signal, then its seconds of patience.

    The caller holds the folder, so none of them is in use. A process is known by its program and its folder,
    not by a number in a file: after a power cut that number may be anybody's.
    """
    for number, seconds in (*steps, (SIGKILL, 10.0)):
        found = _working(program, folder)
        if not found:
            return
        _log.info("Ending %s in %s (%s).", program, folder, number.name)
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        psutil.wait_procs(found, timeout=seconds)


def lives(pid: int, program: str) -> bool:
    """Say whether `pid` is a process called `program`; one that has ended, and only its number is left, is not."""
    try:
        process = psutil.Process(pid)
        return bool(process.name() == program and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def working(program: str, folder: Path) -> list[int]:
    """Return the ids of the processes called `program` that work in `folder`."""
    return [process.pid for process in _working(program, folder)]


def _working(program: str, folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        # Gone meanwhile, or another user's: not ours.
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            # The command line first: some containers do not tell even root where another's process works.
            if process.name() == program and (str(folder) in process.cmdline() or process.cwd() == str(folder)):
                found.append(process)
    return found
