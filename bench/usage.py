"""CPU time of processes, their children included, and of the whole machine."""

import os
from collections.abc import Mapping

import psutil


class Usage:
    """Reads the CPU time of some servers and of this process."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}
        self._processes["load"] = psutil.Process(os.getpid())

    def read(self) -> dict[str, float]:
        """Return seconds of CPU by name since each process began; `load` is this process."""
        return {name: _seconds(process) for name, process in self._processes.items()}

    @staticmethod
    def machine() -> float:
        """Return the seconds of CPU that this machine has worked, all cores together."""
        times = psutil.cpu_times()
        return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _seconds(process: psutil.Process) -> float:
    total = 0.0
    for member in (process, *process.children(recursive=True)):
        try:
            times = member.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
