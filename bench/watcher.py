"""A live watcher: one websocket that speaks just enough Socket.IO to watch an event and to notice a gap.

`python -m bench.watcher` reads a `Watch` as one line of JSON from its standard input, answers `ready` once it watches,
and reads until its input ends. Then it waits for the next beacon to say that it has seen everything, prints a `Seen`
as JSON and ends.
"""

import asyncio
import sys
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
import uvloop

from dibs_realtime.kit import json

CATCH_UP_SECONDS = 10.0
"""How long what was committed may take to arrive after the input has ended; the beacon comes every 2 s."""
_ACK = "430"
_EVENT = "42["


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to watch: the server's port, an access token, the event."""

    port: int
    token: str
    event_id: str


@dataclass(slots=True)
class Seen:
    """What arrived. `gaps` counts entries that were not the next one; `caught_up`: the beacon's seq was reached."""

    seq: int
    redeemed: int = 0
    entries: int = 0
    frames: int = 0
    gaps: int = 0
    caught_up: bool = False


class Watcher:
    """One connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.seen = Seen(0)
        self.ready = asyncio.Event()
        self.head = asyncio.Event()

    async def run(self, watch: Watch) -> None:
        """Connect, watch and read until the socket closes. Raises RuntimeError when the server refuses."""
        message = json.dumps_text(["watch", {"event_id": watch.event_id}])
        async for frame in self._socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            text: str = frame.data
            if text.startswith(_EVENT):
                self._take(*json.loads(text[2:]))
            elif text == "2":
                await self._socket.send_str("3")
            elif text.startswith("0"):
                await self._socket.send_str("40" + json.dumps_text({"token": watch.token}))
            elif text.startswith("40"):
                await self._socket.send_str(f"420{message}")
            elif text.startswith(_ACK):
                answer = json.loads(text[len(_ACK) :])[0]
                if not answer["ok"]:
                    raise RuntimeError(f"The server refused the watcher: {answer}")
                self.seen.seq = answer["head_seq"]
                self.ready.set()
            elif text.startswith("44"):
                raise RuntimeError(f"The server refused the watcher: {text}")

    def _take(self, name: str, payload: dict[str, Any]) -> None:
        seen = self.seen
        if name == "ledger":
            seen.frames += 1
            for entry in payload["entries"]:
                seen.entries += 1
                seen.gaps += entry["seq"] != seen.seq + 1
                seen.seq = entry["seq"]
                seen.redeemed += entry["kind"] == "voucher.redeemed"
        elif name == "head":
            seen.caught_up = payload["head_seq"] == seen.seq
            self.head.set()


async def main() -> None:
    watch = Watch(**json.loads(sys.stdin.buffer.readline()))
    url = f"http://127.0.0.1:{watch.port}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
        watcher = Watcher(socket)
        reading = asyncio.create_task(watcher.run(watch))
        ready = asyncio.create_task(watcher.ready.wait())
        await asyncio.wait((reading, ready), return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
            raise RuntimeError("The server ended the watcher's connection.")
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)
        for _ in range(3):  # the beacon on its way may be older than the last entry
            watcher.head.clear()
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await watcher.head.wait()
            if watcher.seen.caught_up:
                break
        await socket.close()
        await reading
    sys.stdout.buffer.write(json.dumps(asdict(watcher.seen)))


if __name__ == "__main__":
    uvloop.run(main())
