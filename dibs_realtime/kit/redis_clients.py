"""From an address to clients: one for commands, which never takes long, and connections for subscribers, which wait."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis as Client
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as AwayError
from redis.maint_notifications import MaintNotificationsConfig

from dibs_realtime.kit.redis_address import RedisAddress

SENTINELS_CONNECTIONS = 512
"""The library has no pool that waits and asks sentinels: this one refuses beyond so many."""


class Clients:
    """What one process talks to Redis with. Nothing connects before it is used."""

    def __init__(self, address: RedisAddress, ca: Path | None, *, timeout: float, connections: int) -> None:
        """ca: whom to trust besides the system's authorities. No command takes longer than `timeout` seconds."""
        self._address = address
        self._common: dict[str, Any] = {"socket_connect_timeout": timeout, "client_name": "dibs"}
        if address.tls:
            self._common |= {"ssl_ca_certs": str(ca)} if ca else {}
        # A pooled connection may have died unnoticed: one more try, on a new one. A timeout gets none.
        quick: dict[str, Any] = {
            "socket_timeout": timeout,
            "retry": Retry(NoBackoff(), 1, supported_errors=(AwayError,)),
        }
        # A subscriber waits for as long as nothing happens, so its connection is another one.
        self._patient: dict[str, Any] = {
            "socket_timeout": None,
            "retry": Retry(NoBackoff(), 0),
            "health_check_interval": 5,
            "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        }
        self.cluster: RedisCluster | None = None
        self._subscribing: Client | None = None
        self._lines: dict[tuple[str, int], Client] = {}
        self._sentinels: list[Client] = []
        if address.kind == "cluster":
            self.cluster = RedisCluster(
                startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
                ssl=address.tls,
                username=address.username,
                password=address.password,
                max_connections=connections,
                maint_notifications_config=MaintNotificationsConfig(enabled=False),
                **self._common,
                **quick,
            )
            self.commands: Client | RedisCluster = self.cluster
            return
        quick["maint_notifications_config"] = self._patient["maint_notifications_config"]
        if address.kind == "sentinel":
            sentinel = self._sentinel(timeout)
            self._sentinels = list(sentinel.sentinels)
            self.commands = Client.from_pool(self._sentinel_pool(sentinel, quick))
            self._subscribing = Client.from_pool(self._sentinel_pool(sentinel, self._patient))
        else:
            self.commands = Client.from_pool(
                BlockingConnectionPool.from_url(
                    address.url, max_connections=connections, timeout=timeout, **quick, **self._common
                )
            )
            self._subscribing = Client.from_pool(ConnectionPool.from_url(address.url, **self._patient, **self._common))

    def new_pubsub(self) -> PubSub:
        """Return a subscriber's connection to the one server. Not of a cluster."""
        assert self._subscribing is not None
        return self._subscribing.pubsub()

    def new_line(self, host: str, port: int) -> PubSub:
        """Return a subscriber's connection to one node of a cluster."""
        client = self._lines.get((host, port))
        if client is None:
            client = self._lines[(host, port)] = Client(
                host=host,
                port=port,
                ssl=self._address.tls,
                username=self._address.username,
                password=self._address.password,
                **self._common,
                **self._patient,
            )
        return client.pubsub()

    def closers(self) -> list[Callable[[], Any]]:
        """Return what closes each of them."""
        clients = [self.commands, self._subscribing, *self._lines.values(), *self._sentinels]
        return [client.aclose for client in clients if client is not None]

    def _sentinel(self, timeout: float) -> Sentinel:
        return Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
            self._address.hosts,
            sentinel_kwargs={
                "socket_timeout": timeout,
                "ssl": self._address.tls,
                "password": self._address.sentinel_password,
                **self._common,
            },
        )

    def _sentinel_pool(self, sentinel: Sentinel, manners: dict[str, Any]) -> SentinelConnectionPool:
        return SentinelConnectionPool(  # type: ignore[no-untyped-call]  # likewise
            self._address.service,
            sentinel,
            ssl=self._address.tls,
            db=self._address.database,
            username=self._address.username,
            password=self._address.password,
            max_connections=SENTINELS_CONNECTIONS,
            **self._common,
            **manners,
        )
