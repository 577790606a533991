"""Redis as a help and never a need: while it is away, every question is answered at once with nothing."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis as Client
from redis.asyncio.cluster import RedisCluster

from dibs_realtime.kit.redis_address import parse
from dibs_realtime.kit.redis_channels import AWAY, PlainSubscriber, ShardedSubscriber, Subscriber
from dibs_realtime.kit.redis_clients import Clients
from dibs_realtime.kit.tasks import end

__all__ = ["AWAY", "Redis"]
_log = logging.getLogger(__name__)

AWAY_PING_SECONDS = 0.25
"""How often a Redis that is away is asked for a sign of life."""
HEALTHY_PING_SECONDS = 2.0
"""How often one that is there is; a command that fails tells sooner."""


class Redis:
    """One process's way to Redis.

    The first command that fails marks Redis as away: from then on nobody waits for it, until a ping in the
    background is answered. Commands answer None or False while it is away and never raise. A cluster is away while any
    of its primaries is.
    """

    def __init__(self, url: str, *, ca: Path | None = None, timeout: float = 0.4, connections: int = 64) -> None:
        """Prepare for `url` (`kit/redis_address.py`); no command takes longer than `timeout` seconds.

        ca: the certificates of whom to trust, for an encrypted connection; None: the system's. Raises ValueError.
        """
        self._clients = Clients(parse(url), ca, timeout=timeout, connections=connections)
        self._client = self._clients.commands
        self._cluster = self._clients.cluster
        self._healthy = False
        self._doubtful = asyncio.Event()
        self._back = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._healthy

    def new_subscriber(self) -> Subscriber:
        """Return a subscriber with connections of its own. It raises `AWAY`."""
        if self._cluster is not None:
            return ShardedSubscriber(self._cluster, self._clients.new_line)
        return PlainSubscriber(self._clients.new_pubsub())

    async def open(self) -> None:
        """Look whether Redis is there, and keep looking. Its absence is no error."""
        await self._look()
        if not self._healthy:
            _log.warning("redis is away: going on without it")
        self._task = asyncio.create_task(self._keep_looking(), name="redis health")

    async def close(self) -> None:
        """Close all connections."""
        await end(self._task)
        self._mark(healthy=False)
        for close in self._clients.closers():
            with contextlib.suppress(*AWAY):
                await close()

    async def until_healthy(self) -> None:
        """Return as soon as Redis is there."""
        await self._back.wait()

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None: no such key, or Redis is away."""
        value: bytes | None = await self._ask(self._client.get(key)) if self._healthy else None
        return value

    async def set(self, key: str, value: bytes | str, seconds: float) -> bool:
        """Store the value for so many seconds (at least a millisecond); return whether that happened."""
        if not self._healthy:
            return False
        return bool(await self._ask(self._client.set(key, value, px=max(1, int(seconds * 1000)))))

    async def delete(self, *keys: str) -> bool:
        """Delete the keys; return whether Redis took that."""
        if not (self._healthy and keys):
            return not keys
        return await self._ask(self._client.delete(*keys)) is not None

    async def publish(self, channel: str, message: bytes) -> bool:
        """Send the message to whoever subscribes now; return whether Redis took it."""
        if not self._healthy:
            return False
        send = self._client.publish if self._cluster is None else self._cluster.spublish
        return await self._ask(send(channel, message)) is not None

    async def publish_many(self, messages: Sequence[tuple[str, bytes]]) -> list[int]:
        """Send messages in their order, at once; return how many subscribers each one reached. Raises `AWAY`."""
        if self._cluster is None:
            assert isinstance(self._client, Client)
            async with self._client.pipeline(transaction=False) as pipeline:
                for channel, message in messages:
                    pipeline.publish(channel, message)
                return list(await pipeline.execute())
        async with self._cluster.pipeline() as shards:  # grouped by node; a channel's messages keep their order
            for channel, message in messages:
                shards.execute_command("SPUBLISH", channel, message)
            return list(await shards.execute())

    async def eval(self, script: str, keys: Sequence[str], arguments: Sequence[str | float | bytes]) -> Any:
        """Run a Lua script; return its answer. None: Redis is away (so the script must not answer nil)."""
        if not self._healthy:
            return None
        return await self._ask(self._client.eval(script, len(keys), *keys, *arguments))

    async def _ask(self, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except AWAY as error:
            if self._healthy:
                _log.warning("redis is away: going on without it", extra={"error": type(error).__name__})
            self._mark(healthy=False)
            return None

    async def _look(self) -> None:
        try:
            if self._cluster is None:
                await self._client.ping()
            else:
                await self._cluster.ping(target_nodes=RedisCluster.PRIMARIES)
        except AWAY:
            self._mark(healthy=False)
            if self._cluster is not None:
                with contextlib.suppress(*AWAY):
                    await self._cluster.aclose()  # the next look begins with who the nodes are now
        else:
            self._mark(healthy=True)

    def _mark(self, *, healthy: bool) -> None:
        self._healthy = healthy
        if healthy:
            self._doubtful.clear()
            self._back.set()
        else:
            self._doubtful.set()
            self._back.clear()

    async def _keep_looking(self) -> None:
        while True:
            try:
                async with asyncio.timeout(HEALTHY_PING_SECONDS):
                    await self._doubtful.wait()
                await asyncio.sleep(AWAY_PING_SECONDS)
            except TimeoutError:
                pass
            before = self._healthy
            await self._look()
            if self._healthy != before:
                _log.warning("redis is back" if self._healthy else "redis is away: going on without it")
