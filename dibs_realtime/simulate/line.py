"""One Socket.IO connection that is kept up: websocket only, reconnecting by itself, calls repeated until answered."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import socketio  # type: ignore[import-untyped]  # it ships no types

from dibs_realtime.kit.tasks import end
from dibs_realtime.simulate.problems import AGAIN, ApiError, UnreachableError, api_error, pause
from dibs_realtime.simulate.rest import Api

Listener = Callable[[Any], None]
TokenSource = Callable[[bool], Awaitable[str | None]]
"""Gives the token to connect with; True: the last one was refused."""

ANSWER_SECONDS = 15.0
CONNECT_SECONDS = 10.0
GOOD_AFTER = 5.0
"""Only a connection that held for so many seconds was a good one: else a flapping server would be hammered."""


LONGEST_SPREAD = 30.0
"""No server asks its clients to come back later than that."""


class _LostError(Exception):
    """No answer came, or the connection broke before it did. What was asked may have happened."""


class Line:
    """A kept connection. `token` is asked before every connect; `listeners` get the messages of their name."""

    def __init__(self, api: Api, token: TokenSource, listeners: Mapping[str, Listener] | None = None) -> None:
        self._api = api
        self._token = token
        self._listeners = dict(listeners or {})
        self._opened = asyncio.Event()
        self._over: ApiError | None = None
        self._client: Any = None
        self._lost = asyncio.Event()
        self._was_refused = False
        self._within: float | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.connects = 0

    @property
    def is_open(self) -> bool:
        """Whether it is connected now."""
        return self._opened.is_set() and self._over is None

    def open(self) -> None:
        """Begin to connect, and keep it up until `close`."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End it."""
        keeper, self._keeper = self._keeper, None
        await end(keeper)

    def drop(self) -> None:
        """Lose the connection; it comes back by itself."""
        self._lost.set()

    async def call(self, name: str, data: Mapping[str, Any], *, timed: str | None = None) -> dict[str, Any]:
        """Send a message until it is answered and return the acknowledgement; `data` holds the idempotency key.

        Raises ApiError for a problem, and UnreachableError when nobody answered for as long as the client is patient.
        """
        deadline, tries = time.monotonic() + self._api.patience, 0
        while True:
            await self._ready(deadline)
            retry_after = None
            began = time.perf_counter()
            try:
                ack = await self._once(name, data)
            except _LostError:
                self._api.figures.again("connection lost")
            else:
                if ack["ok"]:
                    if timed:
                        self._api.figures.took(timed, time.perf_counter() - began)
                    return ack
                problem = ack["problem"]
                if problem["status"] not in AGAIN:
                    raise api_error(problem["status"], problem, f"{name}:")
                self._api.figures.again(str(problem["status"]))
                retry_after = problem.get("retry_after")
            await asyncio.sleep(pause(tries, retry_after))
            tries += 1

    async def _ready(self, deadline: float) -> None:
        if self._over is not None:
            raise self._over
        left = deadline - time.monotonic()
        try:
            async with asyncio.timeout(left if left < float("inf") else None):
                await self._opened.wait()
        except TimeoutError:
            raise UnreachableError(f"{self._api.base_url} does not answer.") from None
        if self._over is not None:
            raise self._over

    async def _once(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        client, lost = self._client, self._lost
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        ended = asyncio.ensure_future(lost.wait())

        def answered(*ack: Any) -> None:
            if not answer.done():
                answer.set_result(ack)

        try:
            await client.emit(name, data, callback=answered)
            await asyncio.wait((answer, ended), timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                lost.set()  # an open connection that does not answer is of no use
                raise _LostError
        except socketio.exceptions.SocketIOError:
            raise _LostError from None
        finally:
            ended.cancel()
        ack: dict[str, Any] = answer.result()[0]
        return ack

    # ── keeping it up ──

    async def _keep(self) -> None:
        tries = 0
        try:
            while self._over is None:
                connected_at = await self._connection()
                held = time.monotonic() - connected_at if connected_at is not None else 0.0
                tries = 0 if held > GOOD_AFTER else tries + 1
                if self._over is None:
                    await asyncio.sleep(self._pause(tries))
        finally:
            if self._over is not None:
                self._opened.set()  # whoever waits learns that it is over

    async def _connection(self) -> float | None:
        """Connect and stay until it is lost; return when it came up, None when it did not."""
        lost = self._lost = asyncio.Event()
        client = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            http_session=self._api.sockets,
            websocket_extra_options={"max_msg_size": 0},
        )
        refusal: list[Any] = []
        client.on("disconnect", lambda *_: lost.set())
        client.on("connect_error", refusal.append)
        client.on("session_ended", self._session_ended)
        client.on("reconnect", self._reconnect)
        for name, listener in self._listeners.items():
            if name != "open":
                client.on(name, listener)
        try:
            token = await self._token(self._was_refused)
            await client.connect(
                self._api.base_url,
                transports=["websocket"],
                auth={"token": token} if token else None,
                wait_timeout=CONNECT_SECONDS,
            )
            self._was_refused = False
            self._within = None
            self._client = client
            self.connects += 1
            self._opened.set()
            if "open" in self._listeners:
                self._listeners["open"](None)
            connected_at = time.monotonic()
            await lost.wait()
        except (socketio.exceptions.SocketIOError, aiohttp.ClientError, OSError, UnreachableError):
            self._refused(refusal)
            return None
        except ApiError as error:  # no token can be had any more
            self._over = error
            return None
        else:
            return connected_at
        finally:
            self._opened.clear()
            lost.set()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.disconnect(), 2)

    def _pause(self, tries: int) -> float:
        """Return the seconds until the next try: within what a server that stopped asked for, else growing."""
        within, self._within = self._within, None
        return pause(tries) if within is None else random.uniform(0, within)  # noqa: S311  # spread, not secret

    def _reconnect(self, payload: Any) -> None:
        self._within = min(max(0.0, payload["within_ms"] / 1000), LONGEST_SPREAD)

    def _refused(self, refusal: list[Any]) -> None:
        told = refusal[0] if refusal and isinstance(refusal[0], dict) else {}
        problem = told.get("data") or {}
        if problem.get("status") != HTTPStatus.UNAUTHORIZED:
            return
        if self._was_refused:  # a fresh token did not help either
            self._over = api_error(HTTPStatus.UNAUTHORIZED, problem, "connect:")
        self._was_refused = True

    def _session_ended(self, payload: Any) -> None:
        reason = payload.get("reason") if isinstance(payload, dict) else None
        self._over = ApiError(401, f"The session was ended: {reason}.")
