"""`python -m bench.live.prober REDIS_URL`: how long Redis takes from a publish to a subscriber.

`start` → `{}`; from then on there is a message every few milliseconds, each timed from before its publishing until it
was read. `stop` → `{latencies}`.
"""

import asyncio
import contextlib
import sys
import time

import redis.asyncio as redis
import uvloop

from dibs_realtime.kit import json

CHANNEL = "bench:probe"
EVERY_SECONDS = 0.005


async def main(url: str) -> None:
    publisher, subscriber = redis.Redis.from_url(url), redis.Redis.from_url(url)
    subscription = subscriber.pubsub(ignore_subscribe_messages=True)
    await subscription.subscribe(CHANNEL)
    latencies: list[float] = []

    async def hear() -> None:
        async for message in subscription.listen():
            latencies.append(time.perf_counter() - float(message["data"]))  # noqa: PERF401  # it never ends

    async def probe() -> None:
        while True:
            await publisher.publish(CHANNEL, repr(time.perf_counter()))
            await asyncio.sleep(EVERY_SECONDS)

    hearing = asyncio.create_task(hear())
    probing: asyncio.Task[None] | None = None
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        answer = {}
        if json.loads(line)["do"] == "start":
            latencies.clear()
            probing = asyncio.create_task(probe())
        elif probing is not None:
            probing.cancel()
            answer = {"latencies": sorted(latencies)}
        sys.stdout.buffer.write(json.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await hearing


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
