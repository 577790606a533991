"""A bounded load generator: kept-alive connections, each sending its next request once it has its answer.

`python -m bench.load` reads a `Plan` as JSON from its standard input and prints a `Result` as JSON. It shares
the machine's cores with what it measures, so it is written to cost little: requests are built before the clock
starts, an answer is searched for its length and its verdict and not decoded. It ends by itself.
"""

import asyncio
import gc
import secrets
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import cast

import uvloop

from bench.usage import Usage
from dibs_realtime.kit import json

ANSWER_SECONDS = 15.0
"""How long the last answers may take once sending has ended."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send. `processes` are the servers to watch: a name and a process id, its children included."""

    port: int
    path: str
    token: str
    codes: list[str]
    connections: int
    warm_seconds: float
    seconds: float
    processes: dict[str, int]


@dataclass(slots=True)
class Result:
    """What came of it. All but `answered` is of the measured time alone; times in seconds.

    `answered` counts from the first request to the last, `cpu` is by process (this one is `load`), `others` is
    what the rest of the machine worked meanwhile.
    """

    answered: int
    seconds: float
    accepted: int
    ran_out: bool
    p50: float
    p99: float
    cpu: dict[str, float]
    others: float
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Accepted redemptions a second."""
        return self.accepted / self.seconds


def build_requests(plan: Plan) -> list[bytes]:
    """Return one request a code, each with an idempotency key of its own."""
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\nAuthorization: Bearer {plan.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    run = secrets.token_hex(8)
    requests = []
    for number, code in enumerate(plan.codes):
        body = f'{{"code":"{code}","idempotency_key":"{run}-{number:08d}"}}'
        requests.append(f"{head}{len(body)}\r\n\r\n{body}".encode())
    return requests


class Run:
    """The shared state of all connections: what is left to send and what has been measured."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = iter(build_requests(plan))
        self.latencies: list[float] = []
        self.failures: list[str] = []
        self.answered = 0
        self.open = 0
        self.measuring = False
        self.ran_out = False
        self.stopping = False
        self.done = asyncio.Event()

    def next_request(self) -> bytes | None:
        """Return what to send next; None: nothing, close."""
        if self.stopping:
            return None
        request = next(self.requests, None)
        if request is None:
            self.ran_out = True
            self.stop()
        return request

    def stop(self) -> None:
        """Send no more; `done` is set once the last connection has its answer."""
        self.stopping = True
        if not self.open:
            self.done.set()

    def fail(self, reason: str) -> None:
        """Note that something went wrong; a run with failures counts for nothing."""
        self.failures.append(reason)
        self.stop()

    def closed(self) -> None:
        """Count a connection as gone."""
        self.open -= 1
        if self.stopping and not self.open:
            self.done.set()


class Connection(asyncio.Protocol):
    """One connection: one request in flight."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = b""
        self._sent_at = 0.0
        self._busy = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; `send` starts the loop."""
        self._transport = cast("asyncio.Transport", transport)
        self._run.open += 1

    def send(self) -> None:
        """Send the next request, or close when there is none."""
        request = self._run.next_request()
        if request is None:
            self._busy = False
            self._transport.close()
            return
        self._busy = True
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take in an answer, whole or in parts."""
        if self._buffer:
            data = self._buffer + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._buffer = data
            return
        length = _content_length(data, end)
        if length is None:
            self._run.fail(f"no length: {data[:200]!r}")
            self._transport.close()
            return
        if len(data) < end + 4 + length:
            self._buffer = data
            return
        self._buffer = b""
        self._answered(data, end)

    def _answered(self, data: bytes, end: int) -> None:
        if data[9:12] != b"200" or data.find(b'"accepted"', end) < 0:
            self._run.fail(data[:500].decode("utf-8", "replace"))
        else:
            self._run.answered += 1
            if self._run.measuring:
                self._run.latencies.append(time.perf_counter() - self._sent_at)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the run; a connection that ends while it waits is a failure."""
        if self._busy:
            self._run.fail(f"the server closed a connection: {exc}")
        self._run.closed()


def _content_length(data: bytes, end: int) -> int | None:
    at = data.find(b"ontent-", 0, end)
    while at >= 0:
        if data[at + 7 : at + 14].lower() == b"length:":
            stop = data.find(b"\r\n", at, end + 2)
            return int(data[at + 14 : stop])
        at = data.find(b"ontent-", at + 7, end)
    return None


async def execute(plan: Plan) -> Result:
    """Run the plan. Raises OSError when the server does not take connections."""
    loop = asyncio.get_running_loop()
    run = Run(plan)
    gc.freeze()
    gc.disable()  # a run is short and makes no cycles
    opened = []
    for _ in range(plan.connections):
        _, connection = await loop.create_connection(lambda: Connection(run), "127.0.0.1", plan.port)
        opened.append(connection)
    for connection in opened:
        connection.send()
    await _sleep(run, plan.warm_seconds)
    usage = Usage(plan.processes)
    before, busy = usage.read(), usage.machine()
    started = time.perf_counter()
    run.measuring = True
    await _sleep(run, plan.seconds)
    run.measuring = False
    seconds = time.perf_counter() - started
    after, busy = usage.read(), usage.machine() - busy
    run.stop()
    async with asyncio.timeout(ANSWER_SECONDS):
        await run.done.wait()
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
        others=max(0.0, busy - sum(cpu.values())),
        failures=list(islice(run.failures, 5)),
    )


async def _sleep(run: Run, seconds: float) -> None:
    """Wait that long, or until the requests are used up."""
    try:
        async with asyncio.timeout(seconds):
            await run.done.wait()
    except TimeoutError:
        return


def main() -> None:
    plan = Plan(**json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(asdict(uvloop.run(execute(plan)))))


if __name__ == "__main__":
    main()
