"""Clients: one as people use, which collects what it gets, and a bare websocket for what people do not do."""

import asyncio
import socket
from collections import defaultdict
from typing import Any, Self

import aiohttp
import socketio
from pydantic import ValidationError

from dibs_realtime.kit import json
from dibs_realtime.live.messages import CALLS, PUSHES, NotOk
from tests.support.waiting import PATIENCE, eventually

from .node import Node


class Socket:
    """A Socket.IO client. Each kind of message is collected in `got`; as a context manager it connects."""

    def __init__(self, node: Node, token: str | None = None, **auth: Any) -> None:
        self.node = node
        self.auth = {"token": token, **auth} if token else auth or None
        self.got: defaultdict[str, list[Any]] = defaultdict(list)
        self.faults: list[str] = []
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("*", self._take)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()

    async def connect(self, node: Node | None = None) -> None:
        await self.client.connect(
            (node or self.node).url, auth=self.auth, transports=["websocket"], retry=False, wait_timeout=PATIENCE
        )

    async def disconnect(self) -> None:
        await self.client.disconnect()
        assert self.faults == []

    async def call(self, name: str, body: Any = None) -> Any:
        """Send a message; return its acknowledgement, which must be as documented."""
        ack = await self.client.call(name, body, timeout=PATIENCE)
        (CALLS[name].answer if ack["ok"] else NotOk).model_validate_json(json.dumps(ack))
        return ack

    async def watch(self, event_id: str, **more: Any) -> Any:
        ack = await self.call("watch", {"event_id": event_id, **more})
        assert ack["ok"], ack
        return ack

    async def expect(self, name: str, count: int = 1, seconds: float | None = None) -> list[Any]:
        """Wait for so many messages of this kind. seconds: a limit, for what PostgreSQL has to answer for."""
        limit = (PATIENCE, None) if seconds is None else (seconds, self.node.parts.database)
        await eventually(lambda: len(self.got[name]) >= count, *limit)
        return self.got[name]

    async def _take(self, name: str, payload: Any = None) -> None:
        self.got[name].append(payload)
        try:
            PUSHES[name].payload.model_validate_json(json.dumps(payload))
        except ValidationError as error:
            self.faults.append(f"{name}: {error}")


class Observer(Socket):
    """Watches one event as our apps do: a state, then entries; comes back where it was."""

    def __init__(self, node: Node, token: str, event_id: str) -> None:
        super().__init__(node, token)
        self.event_id = event_id
        self.epoch: str | None = None
        self.seq: int | None = None
        self.first: int | None = None
        self.entries: list[dict[str, Any]] = []
        self.resyncs = 0
        self._answered = False
        self._early: list[dict[str, Any]] = []

    async def begin(self) -> None:
        """Watch, or go on watching."""
        after = {} if self.seq is None else {"epoch": self.epoch, "after_seq": self.seq}
        ack = await self.watch(self.event_id, **after)
        if ack["snapshot"] is not None:
            assert ack["snapshot"]["seq"] == ack["head_seq"]
            assert ack["entries"] == []
            self.resyncs += ack["resync"]
            self.seq = self.first = ack["head_seq"]
            self.entries.clear()
        else:
            self._apply(ack["entries"])
        assert self.seq == ack["head_seq"]
        self.epoch = ack["epoch"]
        self._answered = True
        for frame in self._early:
            self._frame(frame)

    async def again(self, node: Node | None = None) -> None:
        """Drop the connection and come back."""
        await self.disconnect()
        self._answered = False
        self._early = []
        await self.connect(node)
        await self.begin()

    def is_at(self, seq: int) -> bool:
        return self.seq == seq

    def has(self, voucher_id: str) -> bool:
        return any(entry.get("voucher_id") == voucher_id for entry in self.entries[-50:])

    def _frame(self, frame: dict[str, Any]) -> None:
        assert frame["event_id"] == self.event_id
        assert frame["epoch"] == self.epoch
        assert [entry["seq"] for entry in frame["entries"]] == list(range(frame["from_seq"], frame["to_seq"] + 1))
        self._apply(frame["entries"])

    def _apply(self, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            if entry["seq"] != self.seq + 1:
                self.faults.append(f"{entry['seq']} after {self.seq}")
            self.seq = entry["seq"]
            self.entries.append(entry)

    async def _take(self, name: str, payload: Any = None) -> None:
        await super()._take(name, payload)
        if name == "ledger":
            if self._answered:
                self._frame(payload)
            else:
                self._early.append(payload)


class Bare:
    """A websocket that speaks Engine.IO by hand. receive_bytes: what its machine takes in while nobody reads."""

    def __init__(self, node: Node, receive_bytes: int | None = None, **options: Any) -> None:
        self._url = f"{node.url}/socket.io/?EIO=4&transport=websocket"
        self._receive_bytes = receive_bytes
        self._options = options

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(socket_factory=self._socket)
        self._session = aiohttp.ClientSession(connector=connector)
        self.ws = await self._session.ws_connect(self._url, max_msg_size=0, **self._options)
        return self

    def _socket(self, address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        if self._receive_bytes:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_bytes)
        return made

    def pause(self) -> None:
        """Read no more."""
        self.ws._response.connection.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self.ws._response.connection.transport.resume_reading()

    async def __aexit__(self, *_: object) -> None:
        await self.ws.close()
        await self._session.close()

    async def hello(self, token: str | None = None) -> str:
        """Connect to the namespace; return the server's answer."""
        assert (await self.text()).startswith("0{")
        await self.ws.send_str("40" + json.dumps_text({"token": token} if token else {}))
        return await self.text()

    async def text(self) -> str:
        """Return the next message; pings are answered."""
        while True:
            text = await self.ws.receive_str(timeout=PATIENCE)
            if text != "2":
                return text
            await self.ws.send_str("3")

    async def ended(self, seconds: float = PATIENCE) -> int | None:
        """Wait until the server has ended the connection; return the close code."""
        async with asyncio.timeout(seconds):
            while (await self.ws.receive()).type not in (
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSED,
                aiohttp.WSMsgType.CLOSING,
                aiohttp.WSMsgType.ERROR,
            ):
                pass
        return self.ws.close_code
