"""Clients on a socket: one that collects what it is sent, and one that follows an event."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import socketio

from dibs_realtime.simulate.reducer import apply
from tests.support.rest import Client

Json = dict[str, Any]
SECONDS = 60.0  # the machine may be busy


class Socket:
    """A connection that keeps every message it gets, in order: `(name, payload)`."""

    def __init__(self, client: Client, token: str | None = None) -> None:
        self._url = str(client.make_url("/"))
        self._auth = {"token": token} if token is not None else None
        self._changed = asyncio.Condition()
        self.messages: list[tuple[str, Any]] = []
        self.connection = socketio.AsyncClient(reconnection=False)
        self.connection.on("*", self._take)
        self.connection.on("disconnect", self._notice)

    async def __aenter__(self) -> Self:
        """Connect. Raises socketio.exceptions.ConnectionError when the server refuses."""
        await self.connection.connect(self._url, auth=self._auth, transports=["websocket"], wait_timeout=SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self.connection.shutdown()

    async def call(self, name: str, payload: Any = None) -> Any:
        """Send a message; return its acknowledgement."""
        return await self.connection.call(name, payload, timeout=SECONDS)

    def named(self, name: str) -> list[Any]:
        """Return the payloads of all messages of that name so far."""
        return [payload for found, payload in self.messages if found == name]

    async def until(self, reached: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until a condition holds that messages (or the end of the connection) bring about."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(reached)

    async def next(self, name: str, seconds: float = SECONDS) -> Any:
        """Wait for the first message of that name, in case it is not here yet; return its payload."""
        await self.until(lambda: bool(self.named(name)), seconds)
        return self.named(name)[0]

    async def _take(self, name: str, payload: Any = None) -> None:
        async with self._changed:
            self.messages.append((name, payload))
            self.received(name, payload)
            self._changed.notify_all()

    async def _notice(self, *_: Any) -> None:
        async with self._changed:
            self._changed.notify_all()

    def received(self, name: str, payload: Any) -> None:
        """Look at a message as it comes."""


class Observer(Socket):
    """Follows an event: its `state` is what a screen would show. It notices gaps and fails on them."""

    def __init__(self, client: Client, token: str, event_id: str) -> None:
        super().__init__(client, token)
        self.event_id = event_id
        self.state: Json = {}
        self.entries: list[Json] = []
        self._early: list[Json] = []

    async def __aenter__(self) -> Self:
        """Connect and watch."""
        await super().__aenter__()
        ack = await self.call("watch", {"event_id": self.event_id})
        assert ack["ok"], ack
        self.state = ack["snapshot"]
        early, self._early = self._early, []
        for frame in early:
            self._apply(frame)
        return self

    @property
    def seq(self) -> int:
        """The number of the last entry that it knows."""
        return int(self.state["seq"])

    async def reaches(self, seq: int, seconds: float = SECONDS) -> None:
        """Wait until it is there."""
        await self.until(lambda: self.seq >= seq, seconds)

    def received(self, name: str, payload: Any) -> None:
        """Apply ledger frames."""
        if name == "ledger" and payload["event_id"] == self.event_id:
            if self.state:
                self._apply(payload)
            else:
                self._early.append(payload)

    def _apply(self, frame: Json) -> None:
        news = [entry for entry in frame["entries"] if entry["seq"] > self.seq]
        if news:
            assert news[0]["seq"] == self.seq + 1, f"a gap: {self.seq} and then {news[0]['seq']}"
            self.state = apply(self.state, news)
            self.entries += news
