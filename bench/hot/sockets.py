"""Redemptions over Socket.IO acknowledgements against the same over REST, one node, 64 in flight each.

Over Socket.IO four times as many connections take turns: one alone may send 50 messages a second, which is less than a
64th of what the node redeems.

`python -m bench.hot.sockets` is the load: it reads a `Plan` like `bench.load` and prints a `Result`.
"""

import asyncio
import contextlib
import gc
import secrets
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict

import uvloop

from bench.live.client import Client, Counts
from bench.load import ANSWER_SECONDS, Plan, Result
from bench.processes import ROOT
from bench.rows import Form, Row, ratio
from bench.run import CONNECTIONS, MeasurementError
from bench.stage import WARM_SECONDS, Stage
from bench.usage import Usage
from dibs_realtime.kit import json

CODES_A_RUN = 25_000
CONNECTIONS_A_CALL = 4
"""Connections that take turns for each call in flight."""


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises MeasurementError."""
    ours: list[float] = []
    theirs: list[float] = []
    with stage.node() as server:
        event = stage.event(server.port, 2 * CODES_A_RUN * form.rounds)
        for number in range(form.rounds):
            tell(f"Socket.IO against REST, round {number + 1} of {form.rounds}")
            theirs.append(stage.redeem(server, event, CODES_A_RUN, form.seconds).rate)
            plan = Plan(
                port=server.port,
                path=event.id,
                token=event.device_token,
                codes=event.take(CODES_A_RUN),
                connections=CONNECTIONS,
                warm_seconds=WARM_SECONDS,
                seconds=form.seconds,
                processes={"server": server.pid},
            )
            ours.append(_load(plan).rate)
    return [ratio("redemptions over Socket.IO ÷ over REST", "/s", 0.8, ours, theirs, at_least=True)]


def _load(plan: Plan) -> Result:
    ended = subprocess.run(
        [sys.executable, "-m", "bench.hot.sockets"],
        cwd=ROOT,
        input=json.dumps(asdict(plan)),
        stdout=subprocess.PIPE,
        timeout=plan.warm_seconds + plan.seconds + ANSWER_SECONDS + 30,
        check=False,
    )
    if ended.returncode != 0:
        raise MeasurementError(f"The load over Socket.IO ended with {ended.returncode}.")
    result = Result(**json.loads(ended.stdout))
    if result.failures:
        raise MeasurementError(f"Over Socket.IO was not accepted: {result.failures[0]}")
    return result


class Run:
    """What all connections share."""

    def __init__(self, plan: Plan) -> None:
        run = secrets.token_hex(8)
        self._bodies = (
            f'["redeem",{{"event_id":"{plan.path}","code":"{code}","idempotency_key":"{run}-{n:08d}"}}]'
            for n, code in enumerate(plan.codes)
        )
        self.latencies: list[float] = []
        self.failures: list[str] = []
        self.answered = 0
        self.measuring = False
        self.ran_out = False
        self.busy = 0
        self.resting: deque[Door] = deque()
        self.stopped, self.idle = asyncio.Event(), asyncio.Event()

    def next(self) -> Iterator[str]:
        """Yield the next message, if there is to be one."""
        if self.stopped.is_set():
            return
        body = next(self._bodies, None)
        if body is None:
            self.ran_out = True
            self.stop()
            return
        yield body

    def stop(self) -> None:
        """Send no more; `idle` is set once the last answer is there."""
        self.stopped.set()
        self.count(0)

    def count(self, change: int) -> None:
        """Note that a call went out or was answered."""
        self.busy += change
        if self.stopped.is_set() and not self.busy:
            self.idle.set()


class Door(Client):
    """One connection, at most one call in flight."""

    __slots__ = ("_run", "_sent_at")

    def __init__(self, run: Run, port: int, token: str) -> None:
        super().__init__(Counts(), port, f'40{{"token":"{token}"}}', "")
        self._run = run
        self._sent_at = 0.0

    def go_on(self) -> None:
        """Send the next call."""
        for body in self._run.next():
            self._run.count(1)
            self._sent_at = time.perf_counter()
            self.say(f"421{body}")

    def _answered(self, text: bytes) -> None:
        run = self._run
        if b'"accepted"' in text:
            run.answered += 1
            if run.measuring:
                run.latencies.append(time.perf_counter() - self._sent_at)
        else:
            run.failures.append(text[:500].decode("utf-8", "replace"))
            run.stop()
        run.count(-1)
        run.resting.append(self)
        run.resting.popleft().go_on()


async def execute(plan: Plan) -> Result:
    """Run the plan. Raises OSError or RuntimeError when the node does not take connections."""
    loop, run = asyncio.get_running_loop(), Run(plan)
    gc.freeze()
    gc.disable()  # a run is short and makes no cycles
    for _ in range(plan.connections * CONNECTIONS_A_CALL):
        _, door = await loop.create_connection(lambda: Door(run, plan.port, plan.token), "127.0.0.1", plan.port)
        assert door.ready is not None
        if (problem := await door.ready) is not None:
            raise RuntimeError(problem)
        run.resting.append(door)
    for _ in range(plan.connections):
        run.resting.popleft().go_on()
    await asyncio.sleep(plan.warm_seconds)
    usage = Usage(plan.processes)
    before, machine, started = usage.read(), usage.machine(), time.perf_counter()
    run.measuring = True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(plan.seconds):
            await run.stopped.wait()
    run.measuring = False
    seconds = time.perf_counter() - started
    after, machine = usage.read(), usage.machine() - machine
    run.stop()
    async with asyncio.timeout(ANSWER_SECONDS):
        await run.idle.wait()
    cpu = {name: after[name] - before[name] for name in before}
    times = sorted(run.latencies) or [0.0]
    return Result(
        answered=run.answered,
        seconds=seconds,
        accepted=len(run.latencies),
        ran_out=run.ran_out,
        p50=times[len(times) // 2],
        p99=times[min(len(times) - 1, len(times) * 99 // 100)],
        cpu=cpu,
        others=max(0.0, machine - sum(cpu.values())),
        failures=run.failures[:5],
    )


def main() -> None:
    plan = Plan(**json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(asdict(uvloop.run(execute(plan)))))


if __name__ == "__main__":
    main()
