"""`python -m bench.live.doors`: doors that redeem at a steady rate, whatever the answers take.

Told by lines of JSON, like the swarm. `redeem {port, path, token, codes, rate, seconds, sent?}` → `{answered, seconds,
last_seq, latencies}`; a redemption's time begins when it was due, not when a connection was free. sent: a file into
which `{seq: due at}` is written (perf_counter, the same clock in all processes of a machine).
"""

import asyncio
import gc
import secrets
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, cast

import uvloop

from dibs_realtime.kit import json

CONNECTIONS = 64
ANSWER_SECONDS = 15.0


class Run:
    """One run: what is due, what is free and what came."""

    def __init__(self, port: int, path: str, token: str, codes: list[str]) -> None:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        run = secrets.token_hex(8)
        bodies = (f'{{"code":"{code}","idempotency_key":"{run}-{n:08d}"}}' for n, code in enumerate(codes))
        self._requests = [f"{head}{len(body)}\r\n\r\n{body}".encode() for body in bodies]
        self._due: deque[tuple[bytes, float]] = deque()
        self.free: deque[Door] = deque()
        self.sent: dict[int, float] = {}
        self.latencies: list[float] = []
        self.problem: str | None = None
        self.changed = asyncio.Event()

    async def keep(self, rate: float, seconds: float) -> float:
        """Let requests fall due at `rate`; return the seconds until the last one was answered."""
        began = time.perf_counter()
        number = 0
        wanted = min(len(self._requests), int(rate * seconds))
        while number < wanted and self.problem is None:
            now = time.perf_counter()
            while number < wanted and began + number / rate <= now:
                self._due.append((self._requests[number], began + number / rate))
                number += 1
            self.go_on()
            if number < wanted:
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        async with asyncio.timeout(ANSWER_SECONDS):
            while len(self.latencies) < number and self.problem is None:
                self.changed.clear()
                await self.changed.wait()
        return time.perf_counter() - began

    def go_on(self) -> None:
        """Send what is due on what is free."""
        while self._due and self.free:
            self.free.popleft().send(*self._due.popleft())

    def answered(self, door: "Door", body: bytes, due: float) -> None:
        """Take an answer in."""
        self.latencies.append(time.perf_counter() - due)
        at = body.find(b'"seq":') + 6
        if b'"accepted"' in body and at > 5:
            self.sent[int(body[at : body.index(b",", at)])] = due
        else:
            self.fail(body[:500].decode("utf-8", "replace"))
        self.free.append(door)
        self.changed.set()
        self.go_on()

    def fail(self, problem: str) -> None:
        """End the run: it counts for nothing."""
        self.problem = self.problem or problem
        self.changed.set()


class Door(asyncio.Protocol):
    """One kept-alive connection, one request in flight."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rest = b""
        self._due = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free."""
        self._transport = cast("asyncio.Transport", transport)
        self._run.free.append(self)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at `due`."""
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take in an answer, whole or in parts."""
        data = self._rest + data
        head, _, body = data.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
        if not length or len(body) < int(length):
            self._rest = data
            return
        self._rest = b""
        self._run.answered(self, body, self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the run."""
        self._run.fail(f"the server closed a connection: {exc}")

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


async def redeem(
    port: int, path: str, token: str, codes: list[str], rate: float, seconds: float, sent: str | None = None
) -> dict[str, Any]:
    """Run once. Raises RuntimeError when something was not accepted."""
    loop = asyncio.get_running_loop()
    run = Run(port, path, token, codes)
    doors = [(await loop.create_connection(lambda: Door(run), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    lasted = await run.keep(rate, seconds)
    if run.problem is not None:
        raise RuntimeError(run.problem)
    for door in doors:
        door.close()
    await asyncio.sleep(0)
    if sent is not None:
        keep(run, Path(sent))
    answered, last_seq = len(run.latencies), max(run.sent)
    return {"answered": answered, "seconds": lasted, "last_seq": last_seq, "latencies": sorted(run.latencies)}


def keep(run: Run, path: Path) -> None:
    path.write_bytes(json.dumps({str(seq): at for seq, at in run.sent.items()}))


async def main() -> None:
    gc.disable()
    lines = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        del command["do"]
        sys.stdout.buffer.write(json.dumps(await redeem(**command)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main())
