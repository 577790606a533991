"""Doors in a Node process: their logic is the scanner's own, their network is ours to cut."""

import asyncio
import base64
import json
import shutil
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal, Self

from tests.support.clock import MovableClock
from tests.support.world import Device

WEB = Path(__file__).parents[2] / "web"
PROGRAM = WEB / "src" / "lib" / "offline" / "testing" / "night.ts"
Fate = Literal["ok", "down", "lost", "slow"]
"""What becomes of a request: answered; never arrives; arrives, and its answer is lost; its answer comes late."""
Json = dict[str, Any]


def node() -> str:
    """Return the Node that the project brings."""
    ours = Path(sys.prefix) / "bin" / "node"
    found = str(ours) if ours.exists() else shutil.which("node")
    assert found, "run `make setup`"
    return found


class Doors:
    """Ten phones. `fate` says what becomes of a door's next request."""

    def __init__(self, devices: list[Device], clock: MovableClock) -> None:
        self.devices = devices
        self.clock = clock
        self.fate: dict[int, Fate] = defaultdict(lambda: "ok")
        self.contacts: set[int] = set()
        self._late: defaultdict[int, list[Json]] = defaultdict(list)
        self._done: dict[int, asyncio.Future[Json]] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            node(), str(PROGRAM), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=64 * 2**20
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def do(self, op: str, door: int, **more: Any) -> Json:
        """Have a door do something; return what it says then."""
        self._number += 1
        done = self._done[self._number] = asyncio.get_running_loop().create_future()
        self._send({"id": self._number, "op": op, "door": door, **more})
        async with asyncio.timeout(60):
            answer = await done
        assert "error" not in answer, answer["error"]
        return answer

    async def answered(self, door: int) -> None:
        """Wait until whatever any door has asked is answered, and this one has taken its answers in."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))
        await self.do("settle", door)

    async def late(self, door: int) -> None:
        """Let the late answers arrive."""
        for answer in self._late.pop(door, []):
            self._send(answer)
        await self.do("settle", door)

    def _send(self, line: Json) -> None:
        assert self._process.stdin is not None
        line["t"] = self.clock().timestamp() * 1_000
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if "done" in said:
                self._done.pop(said["done"]).set_result(said)
                continue
            task = asyncio.create_task(self._serve(said))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, asked: Json) -> None:
        door, fate = asked["door"], self.fate[asked["door"]]
        lost = {"answer": asked["ask"], "lost": True}
        if fate == "down":
            self._send(lost)
            return
        answer = {"answer": asked["ask"], **await self._asked(self.devices[door], asked)}
        if fate == "ok":
            self.contacts.add(door)
            self._send(answer)
        elif fate == "slow" and asked["what"] == "redeem":
            self._late[door].append(answer)
            self._send({"slow": door})
        else:
            self._send(lost)

    async def _asked(self, device: Device, asked: Json) -> Json:
        event = f"/events/{device.event_id}"
        what = asked["what"]
        if what == "redeem":
            answer = await device.ask("POST", f"{event}/redemptions", asked["request"])
        elif what == "batch":
            answer = await device.ask("POST", f"{event}/redemptions/batch", {"items": asked["items"]})
        elif what == "chunk":
            answer = await device.ask("GET", f"{event}/door-snapshot?chunk={asked['after']}")
        elif what == "state":
            since = "" if asked["after"] is None else f"?after_seq={asked['after']}"
            answer = await device.ask("GET", f"{event}/door-snapshot/state{since}")
        else:
            answer = await device.ask("DELETE", f"{event}/vouchers/{asked['voucherId']}/lease")
        if answer.status >= 400:
            return {"problem": answer.body, "status": answer.status}
        body = base64.b64encode(answer.raw).decode() if what == "chunk" else answer.body
        if what == "batch":
            body = body["results"]
        return {"ok": {"body": body, "server_time": answer.headers["X-Server-Time"]}}
