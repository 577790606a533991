"""One measurement: a fresh load generator process against one target, watched live where the target can be."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from bench.load import ANSWER_SECONDS, Plan, Result
from bench.processes import ROOT
from bench.targets import Target
from bench.watcher import CATCH_UP_SECONDS, Seen, Watch
from dibs_realtime.kit import json

CONNECTIONS = 64
WARM_SECONDS = 1.0
SHORTEST_SECONDS = 1.5
"""A measurement that its codes end before this is too short to tell anything."""


class MeasurementError(Exception):
    """A measurement that counts for nothing: an answer was wrong, or a watcher missed something."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one measurement gave; `seen` is what its watcher saw."""

    load: Result
    seen: Seen | None


def measure(target: Target, processes: Mapping[str, int], seconds: float, codes: int) -> Measurement:
    """Load the target for `seconds` or until `codes` are used. Raises MeasurementError."""
    plan = Plan(
        port=target.server.port,
        path=target.path,
        token=target.token,
        codes=target.codes.next(codes),
        connections=CONNECTIONS,
        warm_seconds=WARM_SECONDS,
        seconds=seconds,
        processes={"server": target.server.pid, **processes},
    )
    if target.watch is None:
        return Measurement(_load(target, plan), None)
    with _watching(target.watch) as watcher:
        load = _load(target, replace(plan, processes={**plan.processes, "watcher": watcher.pid}))
        try:
            output, _ = watcher.communicate(timeout=3 * CATCH_UP_SECONDS)
            seen = Seen(**json.loads(output))
        except (subprocess.TimeoutExpired, ValueError) as error:
            raise MeasurementError("The watcher did not report.") from error
    if seen.gaps or not seen.caught_up or seen.redeemed != load.answered:
        raise MeasurementError(f"{load.answered} redemptions were accepted, the watcher saw {seen}.")
    return Measurement(load, seen)


def load(plans: Sequence[Plan]) -> list[Result]:
    """Load as the plans say, each from a process of its own, all at once. Raises MeasurementError."""
    running = [
        subprocess.Popen([sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in plans
    ]
    try:
        for process, plan in zip(running, plans, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps(asdict(plan)))
            process.stdin.close()
            process.stdin = None
        results = []
        for process, plan in zip(running, plans, strict=True):
            output, _ = process.communicate(timeout=plan.warm_seconds + plan.seconds + ANSWER_SECONDS + 30)
            if process.returncode != 0:
                raise MeasurementError(f"The load on {plan.path} ended with {process.returncode}.")
            results.append(Result(**json.loads(output)))
    finally:
        for process in running:
            process.kill()
            process.communicate()
    for plan, result in zip(plans, results, strict=True):
        if result.failures:
            raise MeasurementError(f"{plan.path} did not accept: {result.failures[0]}")
    return results


def _load(target: Target, plan: Plan) -> Result:
    [result] = load([plan])
    if result.seconds < min(SHORTEST_SECONDS, plan.seconds * 0.9):
        raise MeasurementError(f"{target.name} used up its codes within {result.seconds:.1f} s.")
    target.codes.spend(result.answered)
    return result


@contextmanager
def _watching(watch: Watch) -> Iterator["subprocess.Popen[bytes]"]:
    watcher = subprocess.Popen(
        [sys.executable, "-m", "bench.watcher"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        watcher.stdin.write(json.dumps(asdict(watch)) + b"\n")
        watcher.stdin.flush()
        if watcher.stdout.readline().strip() != b"ready":
            raise MeasurementError("The watcher could not watch.")
        yield watcher
    finally:
        if watcher.poll() is None:
            watcher.kill()
        watcher.communicate()
