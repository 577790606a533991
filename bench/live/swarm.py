"""`python -m bench.live.swarm`: thousands of clients in one process, told what to do by lines of JSON.

Each command is answered by one line. It ends when its standard input does.

`connect {port, tokens, event_id?, after?}`: one client a token (null: nobody signed in); answers when all of them are
connected, and watch where there is an event. after: `[epoch, seq]` to resume from. → `{seconds, seqs}`
`count {timed}`: count from now on. `report {sent?}` → what `Counts` has; sent: a file with `{seq: sent at}`, from which
come `latencies`, the seconds from there to each client. `settle {seq}` and `until {ledger}`: a report once everybody
has seen that entry, or so many messages have come, or some seconds have passed. `close`: drop all connections.
"""

import asyncio
import gc
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench.live.client import Client, Counts
from dibs_realtime.kit import json

AT_ONCE = 100
"""How many connections are being made at any moment: a listening socket's queue is finite."""
CONNECT_SECONDS = 120.0
SETTLE_SECONDS = 20.0


class Swarm:
    """All clients of this process."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._clients: list[Client] = []

    async def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what a line says."""
        name = command.pop("do")
        if name == "connect":
            return await self._connect(**command)
        if name == "count":
            self._counts.begin()
            self._counts.timed = command["timed"]
            return {}
        if name == "report":
            return self._report(command.get("sent"))
        if name == "settle":
            return await self._wait(lambda: all(client.seq == command["seq"] for client in self._clients))
        if name == "until":
            return await self._wait(lambda: self._counts.ledger >= command["ledger"])
        for client in self._clients:
            client.close()
        self._clients.clear()
        await asyncio.sleep(0)
        return {}

    async def _connect(
        self, port: int, tokens: Sequence[str | None], event_id: str | None = None, after: Any = None
    ) -> dict[str, Any]:
        watch = ""
        if event_id is not None:
            since = {"epoch": after[0], "after_seq": after[1]} if after else {}
            watch = "420" + json.dumps_text(["watch", {"event_id": event_id, **since}])
        loop = asyncio.get_running_loop()
        waiting = iter(tokens)

        async def keep_connecting() -> None:
            for token in waiting:
                hello = "40" + json.dumps_text({"token": token}) if token else "40"
                _, client = await loop.create_connection(
                    lambda hello=hello: Client(self._counts, port, hello, watch), "127.0.0.1", port
                )
                self._clients.append(client)
                if client.ready is not None and (problem := await client.ready) is not None:
                    raise RuntimeError(problem)

        began = time.perf_counter()
        async with asyncio.timeout(CONNECT_SECONDS), asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(keep_connecting())
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "seqs": sorted({client.seq for client in self._clients if client.seq is not None})}

    async def _wait(self, reached: Callable[[], bool]) -> dict[str, Any]:
        deadline = time.perf_counter() + SETTLE_SECONDS
        while not reached() and time.perf_counter() < deadline:  # noqa: ASYNC110  # any condition, seldom
            await asyncio.sleep(0.05)
        return self._report(None)

    def _report(self, sent: str | None) -> dict[str, Any]:
        counts = self._counts
        usage = resource.getrusage(resource.RUSAGE_SELF)
        report: dict[str, Any] = {
            "ledger": counts.ledger,
            "other": counts.other,
            "gaps": counts.gaps,
            "bytes": counts.bytes,
            "cpu": usage.ru_utime + usage.ru_stime,
            "seqs": sorted({client.seq for client in self._clients if client.seq is not None}),
            "epochs": sorted({client.epoch for client in self._clients}),
        }
        if sent is not None:
            when = {int(seq): at for seq, at in json.loads(Path(sent).read_bytes()).items()}
            report["latencies"] = sorted(
                at - when[seq] for seq, at in zip(counts.seqs, counts.times, strict=True) if seq in when
            )
        return report


async def main() -> None:
    gc.disable()  # it is short-lived, and pauses of its own would count as the server's
    lines = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    swarm = Swarm()
    while line := await lines.readline():
        answer = await swarm.do(json.loads(line))
        sys.stdout.buffer.write(json.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main())
