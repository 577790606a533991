"""The kept connection: calls are repeated until they are answered, and it comes back by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]  # it ships no types
from aiohttp import web
from aiohttp.test_utils import TestServer

from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.line import Line
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.rest import Api, connected
from tests.support.waiting import PATIENCE


class Hub:
    """A Socket.IO server that does what a test tells it to."""

    def __init__(self) -> None:
        self.server = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"])
        self.tokens: list[str | None] = []
        self.sids: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.good_tokens = {"good"}
        self.server.on("connect", self._connect)
        self.server.on("redeem", self._redeem)
        self.answers: list[Any] = []

    async def _connect(self, sid: str, _environ: Any, auth: dict[str, Any] | None = None) -> None:
        token = (auth or {}).get("token")
        self.tokens.append(token)
        if token not in self.good_tokens:
            raise socketio.exceptions.ConnectionRefusedError("no", {"status": 401, "detail": "no"})
        self.sids.append(sid)

    async def _redeem(self, sid: str, request: dict[str, Any]) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if answer == "drop":
            await self.server.disconnect(sid)
            return None
        return answer


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[Api]:
    app = web.Application()
    hub.server.attach(app)
    async with TestServer(app) as server, connected(str(server.make_url("/")), Figures()) as api:
        yield api
        await hub.server.shutdown()


@asynccontextmanager
async def opened(api: Api, *tokens: str, **listeners: Any) -> AsyncIterator[Line]:
    given = list(tokens or ("good",))

    async def token(refused: bool) -> str:
        if refused and len(given) > 1:
            given.pop(0)
        return given[0]

    line = Line(api, token, listeners)
    line.open()
    try:
        yield line
    finally:
        await line.close()


OK = {"ok": True, "verdict": {}}


async def test_a_call_is_answered():
    hub = Hub()
    hub.answers = [OK]
    async with running(hub) as api, opened(api) as line:
        assert await line.call("redeem", {"key": 1}, timed="it") == OK
        assert line.is_open
        assert api.figures.latency("it", 1)
    assert hub.tokens == ["good"]


async def test_a_lost_answer_is_asked_for_again_with_the_same_key():
    hub = Hub()
    hub.answers = ["drop", OK]
    async with running(hub) as api, opened(api) as line:
        assert await line.call("redeem", {"key": 1}) == OK
        assert hub.asked == [{"key": 1}] * 2
        assert line.connects == 2
        assert api.figures.retries["connection lost"] == 1


async def test_a_busy_server_is_asked_again():
    hub = Hub()
    hub.answers = [{"ok": False, "problem": {"status": 503, "retry_after": 0.1}}, OK]
    async with running(hub) as api, opened(api) as line:
        assert await line.call("redeem", {"key": 1}) == OK
        assert api.figures.retries["503"] == 1


async def test_other_problems_are_told():
    hub = Hub()
    hub.answers = [{"ok": False, "problem": {"status": 404, "detail": "nothing"}}]
    async with running(hub) as api, opened(api) as line:
        with pytest.raises(ApiError, match="404: redeem: nothing"):
            await line.call("redeem", {})


async def test_it_comes_back_and_listeners_hear_again():
    hub, opens = Hub(), asyncio.Queue[Any]()
    async with running(hub) as api, opened(api, open=opens.put_nowait) as line, asyncio.timeout(PATIENCE):
        await opens.get()
        line.drop()
        await opens.get()
    assert len(hub.sids) == 2


async def test_a_refused_token_is_renewed_once():
    hub = Hub()
    hub.answers = [OK]
    async with running(hub) as api, opened(api, "old", "good") as line:
        assert await line.call("redeem", {}) == OK
    assert hub.tokens == ["old", "good"]


async def test_with_no_good_token_it_is_over():
    hub = Hub()
    async with running(hub) as api, opened(api, "old") as line:
        with pytest.raises(ApiError, match="401"):
            await line.call("redeem", {})
        assert not line.is_open
    assert hub.tokens == ["old", "old"]


async def test_a_session_that_ends_ends_it():
    hub = Hub()
    hub.answers = [OK]
    async with running(hub) as api, opened(api) as line:
        await line.call("redeem", {})
        await hub.server.emit("session_ended", {"reason": "revoked"}, to=hub.sids[0])
        await hub.server.disconnect(hub.sids[0])
        hub.answers = ["drop"]
        with pytest.raises(ApiError, match="revoked"):
            await line.call("redeem", {})
    assert hub.tokens == ["good"]


async def test_it_comes_back_within_the_time_that_a_stopping_server_asks_for(monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr("dibs_realtime.simulate.line.random.uniform", lambda *span: asked.append(span) or 0.0)
    hub = Hub()
    async with running(hub) as api, opened(api):
        for expected, within_ms in ((2.5, 2_500), (30.0, 9_000_000)):  # whatever it asks, not for ever
            while len(hub.sids) <= len(asked):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)
            await hub.server.emit("reconnect", {"within_ms": within_ms}, to=hub.sids[-1])
            await hub.server.disconnect(hub.sids[-1])
            while not asked or asked[-1] != (0, expected):  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0.01)
