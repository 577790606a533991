"""`dibs serve` as a process of its own on a free port, with the built pages."""

import asyncio
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from yarl import URL

from tests.local.running import environment
from tests.support.ports import free_port

SECONDS = 120.0


class Server:
    """A server that may be stopped, killed and started again on its port."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        port = free_port()
        self.database_url = database_url
        # Browsers lend their camera, locks and service workers to localhost as to HTTPS.
        self.url = f"http://localhost:{port}"
        self.database_url = database_url
        self._folder = folder
        self._environment = environment(
            database_url=database_url,
            redis_url=redis_url,
            secret_key=secrets.token_urlsafe(32),
            public_url=self.url,
            port=str(port),
            # All tests come from one address, and many of them are strangers.
            guest_burst="100000",
            registrations_per_address="100000",
        )
        self._process: psutil.Popen | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = psutil.Popen(
                [sys.executable, "-m", "dibs_realtime", "serve"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            async with asyncio.timeout(SECONDS), aiohttp.ClientSession() as session:
                while not await _is_ready(session, f"{self.url}/readyz"):
                    assert self._process.poll() is None, self.said
                    await asyncio.sleep(0.05)
        except BaseException:
            await self.stop(at_once=True)
            raise

    async def stop(self, *, at_once: bool = False) -> None:
        """Ask it to end, or kill it, and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill() if at_once else self._process.terminate()
            await asyncio.to_thread(self._process.wait, SECONDS)

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return (self._folder / "server.log").read_text("utf-8")


class Remote:
    """A client of a server elsewhere, with what `Rest` and `Socket` need of a test client."""

    app = None

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = URL(url)
        self._session = session

    def make_url(self, path: str) -> URL:
        """Return a whole address."""
        return self._url.join(URL(path))

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send a request."""
        return self._session.request(method, self.make_url(path), **options)


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
