"""Nodes on a cluster, with sentinels and over TLS: news come through Redis, and whatever moves or falls over heals."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from redis.crc import key_slot

from dibs_realtime.kit.redis import Redis
from dibs_realtime.live.bus import Bus
from dibs_realtime.local.certificate import ensure_certificate
from dibs_realtime.local.redis import LocalRedis
from tests.support.redis_farm import Cluster, Trio, behind_tls
from tests.support.waiting import PATIENCE, eventually

from .clients import Observer
from .node import Node, Start, let_beacons_rest, teller_and_hearer
from .party import Party

HEALS_WITHIN = 40.0
"""A failover takes a few seconds; the rest is for a machine that is busy with other things."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three primaries and a replica."""
    with Cluster(tmp_path) as running:
        yield running


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[Trio]:
    """A primary, a replica, three sentinels."""
    with Trio(tmp_path) as running:
        yield running


def channel(event_id: str) -> str:
    return f"dibs:e:{event_id}"


class Stage:
    """Two nodes; on the first something happens, on the second somebody watches."""

    def __init__(self, one: Node, two: Node, parties: list[Party], guests: list[str], watching: list[Observer]) -> None:
        self.one, self.two = one, two
        self.parties, self.guests, self.watching = parties, guests, watching

    @property
    def bus(self) -> Bus:
        return self.two.hub._bus

    async def all_move(self, seconds: float = 5.0) -> None:
        """Let something happen at every party; each watcher hears of it, without a gap."""
        before = [observer.seq for observer in self.watching]
        await asyncio.gather(*(party.claim(guest) for party, guest in zip(self.parties, self.guests, strict=True)))
        for observer, seq in zip(self.watching, before, strict=True):
            await eventually(lambda observer=observer, seq=seq: observer.is_at(seq + 1), seconds)
            assert observer.faults == []

    async def heals(self) -> None:
        """Wait until all news come through Redis again."""
        nodes = (self.one, self.two)
        await eventually(
            lambda: all(node.parts.redis.healthy and node.hub._bus.is_live for node in nodes), HEALS_WITHIN
        )
        watched = {UUID(party.id) for party in self.parties}
        await eventually(lambda: watched <= self.bus._subscriptions, HEALS_WITHIN)


@pytest.fixture
async def stage(start: Start, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A stage on the servers that the test names: `@on("cluster")`."""
    url = request.getfixturevalue(request.param).url
    one, two = await teller_and_hearer(start, redis_url=url)
    parties = [await Party.begin(one) for _ in range(6)]
    guests = [await party.guest() for party in parties]
    watching = [Observer(two, party.owner, party.id) for party in parties]
    for observer in watching:
        await observer.connect()
        await observer.begin()
    made = Stage(one, two, parties, guests, watching)
    await made.heals()
    yield made
    for observer in watching:
        await observer.disconnect()


def on(servers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stage", [servers], indirect=True)


@on("cluster")
async def test_a_clusters_channels_live_on_the_nodes_of_their_slots(stage: Stage, cluster: Cluster):
    assert len(stage.bus._pulses) == 3  # a canary on each connection
    await stage.all_move()
    for party in stage.parties:
        owner = cluster.owner(key_slot(channel(party.id).encode()))
        for server in cluster.primaries:
            listed = server.run("PUBSUB", "SHARDCHANNELS", channel(party.id))
            assert bool(listed) == (server is owner)
        assert not owner.run("PUBSUB", "CHANNELS", "dibs:*")


@on("cluster")
async def test_news_come_through_the_cluster_and_not_from_the_database(stage: Stage):
    await let_beacons_rest(stage.one, stage.two)
    healed = stage.two.figure("dibs_live_gaps_total")
    for _ in range(5):
        await stage.all_move(PATIENCE)
    assert stage.two.figure("dibs_live_gaps_total") == healed


@on("cluster")
async def test_a_slot_that_moves_takes_its_watchers_along(stage: Stage, cluster: Cluster):
    await stage.all_move()
    # One whose slot holds no key, which would have to be moved as well.
    party = next(
        party
        for party in stage.parties
        if not cluster.owner(slot := key_slot(channel(party.id).encode())).run("CLUSTER", "COUNTKEYSINSLOT", slot)
    )
    slot = key_slot(channel(party.id).encode())
    target = next(server for server in cluster.primaries if server is not cluster.owner(slot))
    cluster.move(slot, target)
    await eventually(lambda: target.run("PUBSUB", "SHARDCHANNELS", channel(party.id)), HEALS_WITHIN)
    await stage.heals()
    await stage.all_move()


@on("cluster")
async def test_a_primary_that_falls_over_is_replaced(stage: Stage, cluster: Cluster):
    cluster.primaries[0].kill()
    await stage.all_move(10.0)  # at once: PostgreSQL has it all
    await stage.heals()
    assert cluster.owner(0) is cluster.replica
    await stage.all_move()


@on("cluster")
async def test_one_deaf_connection_among_several_is_noticed(stage: Stage):
    bus = stage.bus
    deaf, take = next(iter(bus._pulses)), bus._take
    restarts = stage.two.figure("dibs_live_bus_restarts_total")
    bus._take = lambda name, data: None if name == deaf else take(name, data)  # type: ignore[method-assign]
    await eventually(lambda: not bus.is_live)
    assert stage.two.parts.redis.healthy
    bus_restarted = stage.two.figure
    await eventually(lambda: bus_restarted("dibs_live_bus_restarts_total") > restarts, HEALS_WITHIN)
    bus._take = take  # type: ignore[method-assign]
    await stage.heals()
    await stage.all_move()


async def test_limits_and_sessions_are_shared_over_a_cluster(cluster: Cluster, start: Start):
    settings = {"redis_url": cluster.url, "guest_burst": 3, "guests_per_second": 0.01}
    one, two = await start(**settings), await start(**settings)
    party = await Party.begin(one)
    path = f"/public/events/{party.slug}/guests"
    statuses = [(await node.send("POST", path, None, {}))[0] for node in (one, two, one, two)]
    assert statuses == [201, 201, 201, 429]
    signed_in = await two.ask("GET", "/auth/sessions", party.owner)
    session_id = UUID(signed_in["items"][0]["id"])
    assert await one.parts.redis.get(f"dibs:session:{session_id}") is not None
    assert (await two.send("DELETE", f"/auth/sessions/{session_id}", party.owner))[0] == 204
    assert await one.parts.redis.get(f"dibs:session:{session_id}") is None
    keys = [f"dibs:test:{number}" for number in range(20)]  # in slots of all three
    for key in keys:
        assert await one.parts.redis.set(key, b"1", 60)
    assert await one.parts.redis.delete(*keys)
    assert [await two.parts.redis.get(key) for key in keys] == [None] * 20


@on("trio")
async def test_the_sentinels_next_primary_is_followed(stage: Stage, trio: Trio):
    await stage.all_move()
    trio.primary.kill()
    await stage.all_move(10.0)
    await stage.heals()
    assert trio.replica.run("ROLE")[0] == b"master"
    await stage.all_move()
    assert await stage.one.parts.redis.set("dibs:test", b"1", 60)
    assert await stage.two.parts.redis.get("dibs:test") == b"1"


async def test_tls_is_spoken_with_whom_the_authority_vouches_for(own_redis: LocalRedis, tmp_path: Path):
    certificate, key = ensure_certificate(tmp_path / "tls")
    async with behind_tls(str(own_redis._socket), certificate, key) as port:
        trusting = Redis(f"rediss://localhost:{port}/0", ca=certificate, timeout=10)
        await trusting.open()
        assert await trusting.set("dibs:test", b"1", 60)
        subscriber = trusting.new_subscriber()
        await subscriber.subscribe("dibs:test")
        assert (await subscriber.get()).data is None
        await subscriber.aclose()
        await trusting.close()
        careful = Redis(f"rediss://localhost:{port}/0", timeout=10)
        await careful.open()
        assert not careful.healthy
        await careful.close()
