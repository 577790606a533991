"""`python -m bench.live.stock PORT`: stock python-socketio on aiohttp, emitting to a room the way its manual shows.

`emit {payload, rate, seconds}` on its standard input → `{sent}`. It has the uvloop that we have.
"""

import asyncio
import sys
import time
from typing import Any

import socketio
import uvloop
from aiohttp import web

from dibs_realtime.kit import json
from dibs_realtime.serving import BACKLOG

ROOM = "watchers"


async def main(port: int) -> None:
    server = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"])

    async def connect(sid: str, _environ: Any, _auth: Any) -> None:
        await server.enter_room(sid, ROOM)

    server.on("connect", connect)
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=BACKLOG).start()
    lines = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        sent = await emit(server, **{name: value for name, value in json.loads(line).items() if name != "do"})
        sys.stdout.buffer.write(json.dumps({"sent": sent}) + b"\n")
        sys.stdout.buffer.flush()


async def emit(server: Any, payload: dict[str, Any], rate: float, seconds: float) -> int:
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        payload["from_seq"] = payload["to_seq"] = payload["entries"][0]["seq"] = payload["to_seq"] + 1
        await server.emit("ledger", payload, room=ROOM)
    return int(rate * seconds)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
