"""What a watcher that merely watches costs its node."""

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dibs_realtime.kit import json
from tests.support.waiting import PATIENCE, eventually

from .clients import Bare
from .node import Node, Start
from .party import Party

ROOT = Path(__file__).parents[2]
WATCHERS = 200
MOST_BYTES = 25_000


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Any]:
    """Clients in a process of their own, so that what they hold is not counted; lends a way to tell them things."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.live.swarm", cwd=ROOT, stdin=pipe, stdout=pipe, limit=2**24
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    async def ask(do: str, **more: Any) -> Any:
        stdin.write(json.dumps({"do": do, **more}) + b"\n")
        return json.loads(await stdout.readline())

    try:
        yield ask
    finally:
        stdin.close()
        await process.wait()


async def test_an_idle_watcher_takes_little_memory_and_no_task_but_its_reader(node: Node, party: Party):
    port = int(node.url.rpartition(":")[2])
    watch = {"port": port, "event_id": party.id}
    async with elsewhere() as ask:
        await ask("connect", tokens=[party.owner] * 20, **watch)  # what all share is there
        await asyncio.sleep(0.3)
        gc.collect()
        tracemalloc.start()
        try:
            before, tasks = tracemalloc.get_traced_memory()[0], len(asyncio.all_tasks())
            await ask("connect", tokens=[party.owner] * WATCHERS, **watch)
            # aiohttp has one for the connection and one for the request; everything else is shared.
            await eventually(lambda: len(asyncio.all_tasks()) <= tasks + 2 * WATCHERS + 5)
            gc.collect()
            each = (tracemalloc.get_traced_memory()[0] - before) / WATCHERS
        finally:
            tracemalloc.stop()
        assert len(node.hub._connections) == WATCHERS + 20
        assert each < MOST_BYTES
        await ask("close")
        await eventually(lambda: not len(node.hub._connections))
    assert not node.hub._server.eio.sockets
    manager = node.hub._server.manager
    assert (manager._eio, manager._sids, manager._between) == ({}, {}, set())
    assert not node.hub._server.environ


async def test_who_answers_pings_stays_and_who_does_not_is_cut(start: Start):
    within = 10 * PATIENCE
    node = await start(limits={"ping_seconds": 0.1, "ping_answer_seconds": within})
    engine, loop = node.hub._server.eio, asyncio.get_running_loop()
    began = loop.time()
    async with Bare(node) as lively, Bare(node) as dead:
        await lively.hello()
        await dead.hello()
        first, _ = engine.sockets.values()
        pings = 0
        while pings < 8:
            if await lively.ws.receive_str(timeout=PATIENCE) == "2":
                pings += 1
                await lively.ws.send_str("3")
        asked = engine.heart._asked
        assert all(began + within <= until <= loop.time() + within for until, *_ in asked)
        # The time for an answer is over for the dead one, and for all pings but the last one of the lively one.
        for place, (_, ping, socket) in enumerate(asked):
            if socket is not first or ping != socket.last_ping:
                asked[place] = (0.0, ping, socket)
        await dead.ended()
        assert node.figure("dibs_live_cut_total", reason="unanswered") == 1
        await eventually(lambda: len(node.hub._connections) == 1)
        assert first.sid in engine.sockets
