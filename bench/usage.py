"""CPU time of processes, their children included, and of the whole machine."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

QUIET_CORES = 0.15
"""Others that keep more than this busy make figures doubtful."""
SEALING = "dibs_realtime.doors.book.stretching"
"""The process that seals a door's book after codes were issued. It has the lowest priority and takes what is left; it
is no part of what a redemption costs."""
_LOOK_SECONDS = 1.0
_QUIET_LOOKS = 3


class Usage:
    """Reads the CPU time of some servers and of this process."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}
        self._processes["load"] = psutil.Process(os.getpid())

    def read(self) -> dict[str, float]:
        """Return seconds of CPU by name since each process began; `load` is this process, `sealing` all that seal."""
        sealing = {process for process in psutil.process_iter() if _seals(process)}
        spent = {name: _seconds({process, *_below(process)} - sealing) for name, process in self._processes.items()}
        return {**spent, "sealing": _seconds(sealing)}

    @staticmethod
    def machine() -> float:
        """Return the seconds of CPU that this machine has worked, all cores together."""
        times = psutil.cpu_times()
        return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


@contextmanager
def sealing_held() -> Iterator[None]:
    """Hold still what seals books in the processes below this one.

    It has ended long before doors open, and here it would take a twentieth of the machine from whatever is measured.
    """
    held = []
    try:
        for process in filter(_seals, _below(psutil.Process())):
            held.append(process)  # first: to resume what was not stopped does no harm
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in held:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def wait_until_quiet(most_seconds: float) -> float:
    """Wait until the machine has rested for some looks in a row, or for `most_seconds`; return the seconds."""
    began = time.monotonic()
    rested = 0
    while rested < _QUIET_LOOKS and time.monotonic() - began < most_seconds:
        before = Usage.machine()
        time.sleep(_LOOK_SECONDS)
        busy = (Usage.machine() - before) / _LOOK_SECONDS
        rested = rested + 1 if busy < QUIET_CORES else 0
    return time.monotonic() - began


def _below(process: psutil.Process) -> list[psutil.Process]:
    found: list[psutil.Process] = process.children(recursive=True)
    return found


def _seals(process: psutil.Process) -> bool:
    try:
        return SEALING in process.cmdline()
    except psutil.Error:
        return False


def _seconds(processes: set[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
