"""The topology of docker-compose.yml here: two nodes behind a real Caddy, a real PgBouncer before PostgreSQL."""

import asyncio
import contextlib
import os
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import aiohttp

from dibs_realtime.settings import Settings, environment
from tests.deploy.pooler import program
from tests.support.ports import free_port

CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
SECONDS = 60.0


class Node:
    """A server process that can be killed and started again on the same port."""

    def __init__(self, settings: Settings) -> None:
        self.port = free_port()
        self._settings = settings.model_copy(update={"port": self.port})
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dibs_realtime",
            "serve",
            env=environment(self._settings),
            stdin=asyncio.subprocess.DEVNULL,
        )
        async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
            while True:
                assert self._process.returncode is None
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)

    async def end(self, number: int = SIGTERM) -> None:
        """End it with a signal."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
        if self._process is not None:
            await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self.end(SIGKILL)


class Front:
    """What people reach: Caddy. Requests that got no answer, or 502 to 504, are sent again as they were."""

    def __init__(self, port: int, authority: Path) -> None:
        self.url = f"https://localhost:{port}"
        self._authority = authority
        self.session: aiohttp.ClientSession
        self.again = 0

    async def open(self) -> None:
        """Wait until it serves, with a certificate of its own authority."""
        async with asyncio.timeout(SECONDS):
            while not self._authority.exists():  # noqa: ASYNC110  # another process makes it
                await asyncio.sleep(0.05)
        trust = ssl.create_default_context(cafile=str(self._authority))
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        await self.send("GET", "/public/events/nobody")

    async def close(self) -> None:
        """Let go."""
        await self.session.close()

    async def send(self, method: str, path: str, token: str | None = None, body: Any = None) -> tuple[int, Any]:
        """Send a request until it is answered; return the answer's status and JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with asyncio.timeout(SECONDS):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self.session.request(
                        method, f"{self.url}/api/v1{path}", headers=headers, json=body
                    ) as answer:
                        if answer.status not in {502, 503, 504}:
                            return answer.status, await answer.json(content_type=None)
                self.again += 1
                await asyncio.sleep(0.05)

    async def ask(self, method: str, path: str, token: str | None = None, body: Any = None, status: int = 200) -> Any:
        """Send a request; the answer must have the status."""
        got, answer = await self.send(method, path, token, body)
        assert got == status, answer
        return answer

    async def once(self, path: str) -> tuple[int, Mapping[str, str], Any]:
        """Return the answer to one request as it is: status, headers, JSON."""
        async with self.session.get(f"{self.url}{path}") as answer:
            return answer.status, answer.headers, await answer.json(content_type=None)

    async def page(self, path: str) -> int:
        """Return the status of an address outside the API."""
        async with self.session.get(f"{self.url}{path}") as answer:
            return answer.status


@asynccontextmanager
async def topology(settings: Settings, folder: Path) -> AsyncIterator[tuple[Front, list[Node]]]:
    """Run two nodes on these settings and Caddy before them."""
    port = free_port()
    own = settings.model_copy(update={"public_url": f"https://localhost:{port}"})
    nodes = [Node(own), Node(own)]
    async with AsyncExitStack() as running:
        for node in nodes:
            running.push_async_callback(node.end)
        await asyncio.gather(*(node.start() for node in nodes))
        caddy = await asyncio.create_subprocess_exec(
            program("caddy"), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile",
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "XDG_DATA_HOME": str(folder / "data"),
                "XDG_CONFIG_HOME": str(folder / "config"),
                "DIBS_SITE": f"https://localhost:{port}",
                "DIBS_HTTP_PORT": str(free_port()),
                "DIBS_UPSTREAMS": " ".join(f"127.0.0.1:{node.port}" for node in nodes),
                "DIBS_TLS": "tls internal",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        running.push_async_callback(_stop, caddy)
        front = Front(port, folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt")
        await front.open()
        running.push_async_callback(front.close)
        yield front, nodes


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(SIGTERM)
    await process.wait()
