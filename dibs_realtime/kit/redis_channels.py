"""Subscribers: to one server, or to a cluster, where a channel lives on the node that has its slot."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

from redis.asyncio.client import PubSub
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ConnectionError as AwayError, RedisClusterException, RedisError

from dibs_realtime.kit.tasks import end

AWAY = (RedisError, RedisClusterException, OSError, TimeoutError)
"""What the client's own methods raise when Redis is away."""
MOST_CANARIES_TRIED = 200_000


class Heard(NamedTuple):
    """What came on a channel. `data` None: the subscription to it holds from now on."""

    channel: str
    data: bytes | None


class Subscriber(Protocol):
    """A subscription to channels that come and go. Every method raises `AWAY`; then it is to be closed."""

    async def subscribe(self, *channels: str) -> None:
        """Ask for channels; `get` tells when their messages come."""

    async def unsubscribe(self, *channels: str) -> None:
        """Ask for them no more."""

    async def get(self) -> Heard:
        """Wait for the next thing that comes."""

    async def canaries(self, name: str) -> list[str]:
        """Return channels, called `name` and something, that together run over every connection there is to be."""

    async def aclose(self) -> None:
        """Let go of everything."""


class PlainSubscriber:
    """One connection to one server."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    async def subscribe(self, *channels: str) -> None:
        """Ask for channels."""
        await self._pubsub.subscribe(*channels)

    async def unsubscribe(self, *channels: str) -> None:
        """Ask for them no more."""
        await self._pubsub.unsubscribe(*channels)

    async def get(self) -> Heard:
        """Wait for the next thing that comes."""
        while True:
            message = await self._pubsub.get_message(timeout=None)
            if message is not None and message["type"] == "message":
                return Heard(message["channel"].decode(), message["data"])
            if message is not None and message["type"] == "subscribe":
                return Heard(message["channel"].decode(), None)

    async def canaries(self, name: str) -> list[str]:
        """Return channels that run over every connection."""
        return [name]

    async def aclose(self) -> None:
        """Let go of everything."""
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped


class ShardedSubscriber:
    """A connection to each node of a cluster whose slots hold a channel that is wanted.

    When a slot moves, its node says so; when a node goes, its connection breaks. Both end this subscriber: the next one
    looks afresh where the slots are.
    """

    def __init__(self, cluster: RedisCluster, new_line: Callable[[str, int], PubSub]) -> None:
        self._cluster = cluster
        self._new_line = new_line
        self._lines: dict[tuple[str, int], PubSub] = {}
        self._readers: list[asyncio.Task[None]] = []
        self._heard: asyncio.Queue[Heard | Exception] = asyncio.Queue()
        self._wanted: dict[str, tuple[str, int]] = {}
        self._fresh = False

    async def subscribe(self, *channels: str) -> None:
        """Ask for channels."""
        await self._look()
        for channel in channels:
            place = self._wanted[channel] = self._place(channel)
            line = self._lines.get(place)
            first = line is None
            if line is None:
                line = self._lines[place] = self._new_line(*place)
            await line.ssubscribe(channel)  # one by one: channels of several slots may not share a command
            if first:
                self._readers.append(asyncio.create_task(self._read(line), name=f"shard {place[0]}:{place[1]}"))

    async def unsubscribe(self, *channels: str) -> None:
        """Ask for them no more."""
        for channel in channels:
            place = self._wanted.pop(channel, None)
            if place is not None:
                await self._lines[place].sunsubscribe(channel)

    async def get(self) -> Heard:
        """Wait for the next thing that comes."""
        heard = await self._heard.get()
        if isinstance(heard, Exception):
            raise heard
        return heard

    async def canaries(self, name: str) -> list[str]:
        """Return channels that run over every connection."""
        await self._look()
        slots = self._cluster.nodes_manager.slots_cache
        missing = {(str(nodes[0].host), int(nodes[0].port)) for nodes in slots.values() if nodes}
        found = []
        for number in range(MOST_CANARIES_TRIED):
            if not missing:
                break
            place = self._place(channel := f"{name}:{number}")
            if place in missing:
                missing.remove(place)
                found.append(channel)
        return found

    async def aclose(self) -> None:
        """Let go of everything."""
        await end(*self._readers)
        for line in self._lines.values():
            with contextlib.suppress(*AWAY):
                await line.aclose()  # type: ignore[no-untyped-call]  # as above

    async def _look(self) -> None:
        """Learn where the slots are now, once."""
        if not self._fresh:
            await self._cluster.initialize()
            await self._cluster.nodes_manager.initialize()
            self._fresh = True

    def _place(self, channel: str) -> tuple[str, int]:
        node = self._cluster.get_node_from_key(channel)
        if node is None:
            raise AwayError("no node has the channel's slot")
        return str(node.host), int(node.port)

    async def _read(self, line: PubSub) -> None:
        try:
            while True:
                message = await line.get_message(timeout=None)
                if message is None:
                    continue
                channel = message["channel"].decode()
                if message["type"] == "smessage":
                    self._heard.put_nowait(Heard(channel, message["data"]))
                elif message["type"] == "ssubscribe":
                    self._heard.put_nowait(Heard(channel, None))
                elif message["type"] == "sunsubscribe" and channel in self._wanted:
                    raise AwayError("a slot moved")  # noqa: TRY301  # as if the connection had broken
        except Exception as error:  # noqa: BLE001  # whatever it is, whoever listens must know
            self._heard.put_nowait(error)
