"""REST as a patient client speaks it: one base address, the same key on every retry, no redirects."""

import asyncio
import math
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from dibs_realtime.kit import json
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.problems import AGAIN, UnreachableError, api_error, pause

API = "/api/v1"
CONNECTIONS = 64
"""REST connections at most; thousands of guests share them."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5, sock_read=30)


class Api:
    """A client of the server at `base_url`. `patience`: seconds for which a request is tried again.

    `sockets`: what websockets are opened with.
    """

    def __init__(
        self,
        base_url: str,
        session: aiohttp.ClientSession,
        sockets: aiohttp.ClientSession,
        figures: Figures,
        patience: float,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.session = session
        self.sockets = sockets
        self.figures = figures
        self.patience = patience

    async def get(self, path: str, *, token: str | None = None) -> Any:
        """Read. Raises ApiError, UnreachableError."""
        return await self.call("GET", path, token=token)

    async def post(
        self, path: str, body: Any = None, *, token: str | None = None, key: str | None = None, timed: str | None = None
    ) -> Any:
        """Send `body`. `key` goes into the Idempotency-Key header. Raises ApiError, UnreachableError."""
        return await self.call("POST", path, body, token=token, key=key, timed=timed)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        timed: str | None = None,
    ) -> Any:
        """Return the answer's JSON, None for an empty one. `body`: bytes are CSV, everything else is sent as JSON.

        `timed`: the latency counts as this. A server that is away, busy or limiting is asked again. Raises ApiError for
        every other problem and UnreachableError when patience ends.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "text/csv" if isinstance(body, bytes) else "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        deadline, tries = time.monotonic() + self.patience, 0
        while True:
            began = time.perf_counter()
            try:
                status, answer, retry_after = await self._once(method, path, data, headers)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, ValueError) as error:
                self.figures.again("no answer")
                problem: Exception = UnreachableError(f"{self.base_url} does not answer ({type(error).__name__}).")
                retry_after = None
            else:
                if status < 300:  # noqa: PLR2004  # HTTP's successes
                    if timed:
                        self.figures.took(timed, time.perf_counter() - began)
                    return answer
                problem = api_error(status, answer, _named(method, path))
                if status not in AGAIN:
                    raise problem
                self.figures.again(str(status))
            wait = pause(tries, retry_after)
            tries += 1
            if time.monotonic() + wait > deadline:
                raise problem
            await asyncio.sleep(wait)

    async def _once(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any, str | None]:
        url = f"{self.base_url}{API}{path}"
        async with self.session.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
            raw = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            answer = json.loads(raw) if raw and is_json else None
            return response.status, answer, response.headers.get("Retry-After")


@asynccontextmanager
async def connected(
    base_url: str, figures: Figures, *, certificate: Path | None = None, patience: float = math.inf
) -> AsyncIterator[Api]:
    """Give a client; `certificate` is trusted besides the machine's own authorities."""
    context = ssl.create_default_context()
    if certificate is not None:
        context.load_verify_locations(certificate)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=CONNECTIONS), timeout=_TIMEOUT) as rest,
        # Its own pool: a websocket holds its connection, and who opens how many is the callers' business.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=0)) as sockets,
    ):
        yield Api(base_url, rest, sockets, figures, patience)


def _named(method: str, path: str) -> str:
    """Return what was asked without its ids, so that alike problems count as one."""
    return f"{method} {_ID.sub('…', path.partition('?')[0])}:"
