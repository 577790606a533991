"""The independent client: `socket.io-client` from npm in a process of its own."""

import asyncio
import itertools
import sys
from pathlib import Path
from typing import Any, Self

from dibs_realtime.kit import json
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "web" / "test-client" / "client.mjs"


class IndependentClient:
    """Several sockets by name; see the program's own description. As a context manager it runs."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self._ids = itertools.count()
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        node = Path(sys.executable).with_name("node")
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(node, PROGRAM, stdin=pipe, stdout=pipe, limit=2**24)
        self._reading = asyncio.create_task(self._read())
        await self.wait(lambda line: line["got"] == "ready")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._do({"do": "exit"})
        await self._process.wait()
        await self._reading
        assert [line for line in self.said if line["got"] == "error"] == []

    async def connect(self, url: str, token: str | None = None, socket: str = "main") -> dict[str, Any]:
        """Connect a socket; return `connected` or `refused`."""
        self.said = [line for line in self.said if line.get("socket") != socket]
        self._do({"do": "connect", "url": url, "socket": socket, **({"token": token} if token else {})})
        return await self.wait(lambda line: line["got"] in ("connected", "refused") and line["socket"] == socket)

    async def call(self, event: str, data: Any, socket: str = "main") -> Any:
        """Send a message; return its acknowledgement."""
        number = next(self._ids)
        self._do({"do": "emit", "event": event, "data": data, "id": number, "socket": socket})
        return (await self.wait(lambda line: line["got"] == "ack" and line["id"] == number))["data"]

    async def expect(self, event: str, socket: str = "main") -> Any:
        """Wait for a message of that name; return its payload."""
        found = await self.wait(
            lambda line: line["got"] == "event" and (line["event"], line["socket"]) == (event, socket)
        )
        return found["data"]

    def break_off(self, socket: str = "main") -> None:
        """Break the connection without a word."""
        self._do({"do": "break", "socket": socket})

    async def disconnected(self, socket: str = "main") -> str:
        """Wait for the connection's end; return the reason."""
        line = await self.wait(lambda line: line["got"] == "disconnected" and line["socket"] == socket)
        return str(line["reason"])

    async def wait(self, wanted: Any, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for a line that is wanted."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.said if wanted(line)]

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(found)
        return found()[0]

    def _do(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            async with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()
