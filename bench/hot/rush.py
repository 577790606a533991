"""A rush: 10,000 guests want one of 1,000 vouchers at the same moment. Claims a second against redemptions a second.

`python -m bench.hot.rush` is the load: JSON in (port, path, tokens), JSON out (seconds, claimed, refused, failures).
"""

import asyncio
import gc
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvloop

from bench.organizer import Organizer
from bench.processes import ROOT, Server
from bench.rows import Form, Row, ratio
from bench.run import CONNECTIONS, MeasurementError
from bench.stage import Event, Stage
from dibs_realtime.kit import json

GUESTS = 10_000
VOUCHERS = 1_000
CODES_A_RUN = 25_000
SECONDS = 120.0


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises MeasurementError, also when not exactly 1,000 guests got one."""
    ours: list[float] = []
    theirs: list[float] = []
    with stage.node() as server:
        event = stage.event(server.port, CODES_A_RUN * form.rounds)
        for number in range(form.rounds):
            tell(f"a rush of {GUESTS:,} guests, round {number + 1} of {form.rounds}")
            theirs.append(stage.redeem(server, event, CODES_A_RUN, form.seconds).rate)
            offer_id = asyncio.run(new_offer(server, event))
            done = claim(server, offer_id, stage.guests(event, GUESTS))
            if done["claimed"] != VOUCHERS or done["refused"] != GUESTS - VOUCHERS:
                raise MeasurementError(f"{done['claimed']} of {VOUCHERS} were claimed, {done['refused']} refused.")
            ours.append(GUESTS / done["seconds"])
    title = f"claims when {GUESTS:,} guests want {VOUCHERS:,} vouchers ÷ redemptions"
    return [ratio(title, "/s", 0.8, ours, theirs, at_least=True)]


async def new_offer(server: Server, event: Event) -> str:
    """Make an offer that a rush is after; return its id."""
    async with Organizer(server.port, event.organizer_token) as organizer:
        body = {"title": f"Rush {secrets.token_hex(4)}", "claimable": True, "quantity": VOUCHERS, "max_uses": 1}
        offer = await organizer.post(f"/events/{event.id}/offers", body, 201)
        return str(offer["id"])


def claim(server: Server, offer_id: str, tokens: list[str]) -> dict[str, Any]:
    """Let every guest claim once. Raises MeasurementError."""
    with started(server, offer_id, tokens) as process:
        return finished(process)


def started(server: Server, offer_id: str, tokens: list[str]) -> "subprocess.Popen[bytes]":
    """Begin a rush."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.hot.rush"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(
        json.dumps({"port": server.port, "path": f"/api/v1/offers/{offer_id}/claims", "tokens": tokens})
    )
    process.stdin.close()
    process.stdin = None
    return process


def finished(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Wait for the end of a rush and return what came of it. Raises MeasurementError."""
    output, _ = process.communicate(timeout=SECONDS + 30)
    if process.returncode != 0:
        raise MeasurementError(f"The rush ended with {process.returncode}.")
    done: dict[str, Any] = json.loads(output)
    if done["failures"]:
        raise MeasurementError(f"A guest got no verdict: {done['failures'][0]}")
    return done


class Rush:
    """What all connections share."""

    def __init__(self, port: int, path: str, tokens: list[str]) -> None:
        run = secrets.token_hex(8)
        body = f'{{"idempotency_key":"{run}-claim"}}'
        self._requests = iter(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            for token in tokens
        )
        self._visits = iter(
            (
                f"GET /api/v1/guest/vouchers HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Authorization: Bearer {token}\r\n\r\n"
            ).encode()
            for token in tokens
        )
        self._guests = self._left = len(tokens)
        self._claiming = False
        self.claimed = self.refused = 0
        self.failures: list[str] = []
        self.done = asyncio.Event()

    def next(self) -> Iterator[bytes]:
        """Yield the next request, if there is one."""
        request = next(self._requests if self._claiming else self._visits, None)
        if request is not None:
            yield request

    def claim(self) -> None:
        """From now on guests claim; until then they look at their wallets, as people do who wait for an offer."""
        self._claiming = True
        self._left = self._guests
        self.done.clear()

    def answered(self, head: bytes, body: bytes) -> None:
        """Take an answer in."""
        if not self._claiming and head[9:12] == b"200":
            pass
        elif head[9:12] == b"200" and b'"claimed"' in body:
            self.claimed += 1
        elif head[9:12] == b"200" and b'"sold_out"' in body:
            self.refused += 1
        else:
            self.failures.append((head[:200] + body[:300]).decode("utf-8", "replace"))
        self._left -= 1
        if self._left == 0:
            self.done.set()


class Line(asyncio.Protocol):
    """One kept-alive connection, one guest after the other."""

    def __init__(self, rush: Rush) -> None:
        self._rush = rush
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def go_on(self) -> None:
        """Send the next guest's request."""
        for request in self._rush.next():
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
        self._rush.answered(head, body)
        self.go_on()


async def run(port: int, path: str, tokens: list[str]) -> dict[str, Any]:
    """Claim once with every token. Raises TimeoutError."""
    gc.disable()
    loop, rush = asyncio.get_running_loop(), Rush(port, path, tokens)
    lines = [(await loop.create_connection(lambda: Line(rush), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    for line in lines:
        line.go_on()
    async with asyncio.timeout(SECONDS):
        await rush.done.wait()
        rush.claim()
        began = time.perf_counter()
        for line in lines:
            line.go_on()
        await rush.done.wait()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "claimed": rush.claimed, "refused": rush.refused, "failures": rush.failures[:5]}


def main() -> None:
    sys.stdout.buffer.write(json.dumps(uvloop.run(run(**json.loads(sys.stdin.buffer.read())))))


if __name__ == "__main__":
    main()
