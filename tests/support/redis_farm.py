"""Redis-protocol servers as they are run at scale: a cluster, a primary with sentinels, and one behind TLS."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Any, Self

import redis

from dibs_realtime.local.programs import valkey_server
from dibs_realtime.processes.child import Child, pause
from tests.support.ports import free_port

SECONDS = 30.0
SLOTS = 16_384


def until(reached: Any, what: str) -> None:
    """Wait for a condition that other processes bring about."""
    deadline = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            if reached():
                return
        assert time.monotonic() < deadline, what
        pause(0.05)


class Server:
    """One server process; `options` as on its command line."""

    def __init__(self, folder: Path, port: int, *arguments: str, **options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self._folder = folder
        common = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "save": "", **options}
        self._command = [
            str(valkey_server()),
            *arguments,
            *(part for name, value in common.items() for part in (f"--{name.replace('_', '-')}", value)),
        ]
        self._child: Child | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "log").open("ab") as output:
            self._child = Child(self._command, folder=self._folder, environment={"LC_ALL": "C"}, output=output)
        until(lambda: self.run("PING"), "a server does not answer")

    def run(self, *command: str | int) -> Any:
        """Run one command."""
        with redis.Redis(port=self.port, socket_timeout=3) as client:
            return client.execute_command(*command)

    def told(self, *command: str | int) -> str:
        """Run one command that answers with a text."""
        answer = self.run(*command)
        return answer.decode() if isinstance(answer, bytes) else str(answer)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child:
            self._child.stop()

    def stop(self) -> None:
        """End it."""
        if self._child:
            self._child.stop((SIGTERM, 3.0), (SIGKILL, 3.0))


def _info(text: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


class _Servers:
    def __init__(self) -> None:
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        """Start them, until they are ready together."""
        try:
            self.begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def begin(self) -> None:
        """Start and introduce them."""
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them all."""
        for server in self.servers:
            server.stop()


class Cluster(_Servers):
    """Three primaries with a third of the slots each, and one replica of the first."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        ports = [free_port() for _ in range(8)]
        for port, bus in zip(ports[:4], ports[4:], strict=True):
            self.servers.append(
                Server(
                    folder / str(port), port, cluster_enabled="yes", cluster_port=str(bus),
                    cluster_node_timeout="1500", cluster_config_file="nodes.conf",
                )
            )  # fmt: skip
        self._buses = ports[4:]
        self.primaries, self.replica = self.servers[:3], self.servers[3]

    @property
    def url(self) -> str:
        """Its address."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.primaries)

    def begin(self) -> None:
        """Start it and wait until all its nodes agree."""
        for server in self.servers:
            server.start()
        first, third = self.primaries[0], SLOTS // 3
        for number, server in enumerate(self.primaries):
            last = SLOTS - 1 if number == 2 else third * (number + 1) - 1
            server.run("CLUSTER", "ADDSLOTSRANGE", third * number, last)
        until(self._met, "nodes do not meet")
        until(lambda: self.replica.run("CLUSTER", "REPLICATE", self.id_of(first)), "there is no replica")
        until(lambda: all(self._is_up(server) for server in self.servers), "the cluster is not up")
        until(lambda: len(first.run("CLUSTER", "REPLICAS", self.id_of(first))) == 1, "the replica is not known")
        until(lambda: _follows(self.replica), "the replica does not follow")

    def id_of(self, server: Server) -> str:
        """Return the node's id."""
        return server.told("CLUSTER", "MYID")

    def owner(self, slot: int) -> Server:
        """Return the primary that has the slot."""
        for first, last, primary, *_ in self.primaries[1].run("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(server for server in self.servers if server.port == primary[1])
        raise AssertionError(f"nobody has slot {slot}")

    def move(self, slot: int, to: Server) -> None:
        """Move an empty slot."""
        target, source = self.id_of(to), self.owner(slot)
        to.run("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.run("CLUSTER", "SETSLOT", slot, "MIGRATING", target)
        for server in (to, *(each for each in self.primaries if each is not to)):
            server.run("CLUSTER", "SETSLOT", slot, "NODE", target)
        until(lambda: self.owner(slot) is to, "the slot does not move")

    def _met(self) -> bool:
        """Introduce those who do not know each other: on a busy machine they forget whom they only began to meet."""
        first = self.primaries[0]
        for server, bus in zip(self.servers[1:], self._buses[1:], strict=True):
            if not (self._knows(first, server) and self._knows(server, first)):
                first.run("CLUSTER", "MEET", "127.0.0.1", server.port, bus)
        return all(self._known(server) == len(self.servers) for server in self.servers)

    def _knows(self, one: Server, other: Server) -> bool:
        return self.id_of(other) in one.told("CLUSTER", "NODES")

    def _known(self, server: Server) -> int:
        return int(_info(server.told("CLUSTER", "INFO"))["cluster_known_nodes"])

    def _is_up(self, server: Server) -> bool:
        return _info(server.told("CLUSTER", "INFO"))["cluster_state"] == "ok"


class Trio(_Servers):
    """A primary, a replica, and three sentinels that watch them as the service `party`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        first, second, *watch = (free_port() for _ in range(5))
        self.primary = Server(folder / "a", first)
        self.replica = Server(folder / "b", second, replicaof=f"127.0.0.1 {first}", repl_diskless_sync_delay="0")
        self.sentinels = []
        for port in watch:
            config = folder / f"sentinel-{port}.conf"
            config.write_text(
                f"sentinel monitor party 127.0.0.1 {first} 2\n"
                "sentinel down-after-milliseconds party 1000\n"
                "sentinel failover-timeout party 5000\n",
                "ascii",
            )
            self.sentinels.append(Server(folder / f"s{port}", port, str(config), "--sentinel"))
        self.servers = [self.primary, self.replica, *self.sentinels]

    @property
    def url(self) -> str:
        """Its address."""
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{server.port}" for server in self.sentinels) + "/party"

    def begin(self) -> None:
        """Start it and wait until the sentinels know each other and the replica."""
        self.servers[0].start()
        self.servers[1].start()
        until(lambda: _follows(self.replica), "the replica does not follow")
        for sentinel in self.sentinels:
            sentinel.start()
        until(lambda: all(self._knows_all(sentinel) for sentinel in self.sentinels), "the sentinels do not meet")

    def _knows_all(self, sentinel: Server) -> bool:
        with redis.Redis(port=sentinel.port) as client:
            state = client.sentinel_master("party")
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


def _follows(replica: Server) -> bool:
    with redis.Redis(port=replica.port) as client:
        return bool(client.info("replication").get("master_link_status") == "up")


@asynccontextmanager
async def behind_tls(path: str, certificate: Path, key: Path) -> AsyncIterator[int]:
    """Put TLS before a server on a unix socket (the server of the wheel knows none); yield the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inside, outside = await asyncio.open_unix_connection(path)
            async with asyncio.TaskGroup() as both:
                both.create_task(pump(reader, outside))
                both.create_task(pump(inside, writer))
        finally:
            serving.discard(writer)

    serving: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(writer)
        await serve(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()
        while serving:
            for writer in tuple(serving):
                writer.transport.abort()
            await asyncio.sleep(0.01)
