"""News between nodes comes by Redis, sooner than by PostgreSQL; without Redis nothing is lost, and it heals."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis as PlainRedis

from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.redis_channels import Subscriber
from dibs_realtime.local.redis import LocalRedis
from tests.support.waiting import eventually

from .clients import Observer
from .load import busy
from .node import Node, Start, let_beacons_rest, teller_and_hearer, wake_beacons
from .party import Party, check


async def test_news_travels_between_nodes_by_the_bus_alone(start: Start):
    one, two = await teller_and_hearer(start)
    await let_beacons_rest(one, two)
    party = await Party.begin(one)
    guest = await party.guest()
    observer = Observer(two, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    await eventually(lambda: subscribed(two, party))
    for n in range(1, 11):
        await party.claim(guest)
        await observer.expect("ledger", n)
    await check(party, observer)
    await observer.disconnect()


def subscribed(node: Node, party: Party) -> bool:
    with PlainRedis.from_url(node.parts.settings.redis_url) as redis:
        [(_, count)] = redis.pubsub_numsub(f"dibs:e:{party.id}")
    return bool(count)


async def test_without_redis_nobody_is_more_than_a_second_behind(start: Start, tmp_path: Path):
    nowhere = f"unix://{tmp_path}/nowhere.sock"
    one, two = await teller_and_hearer(start, redis_url=nowhere)
    party = await Party.begin(one)
    guest = await party.guest()
    observer = Observer(two, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    for n in range(5):
        await party.claim(guest)
        await eventually(lambda n=n: observer.is_at(4 + n), 1.0, two.parts.database)
    await check(party, observer)
    await observer.disconnect()


async def test_redis_goes_away_and_comes_back(start: Start, own_redis: LocalRedis, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.app.Redis", Redis)  # one that hangs is to count as away
    one, two = await start(redis_url=own_redis.url), await start(redis_url=own_redis.url)
    party = await Party.begin(one)
    guest = await party.guest()
    observers = [Observer(node, party.owner, party.id) for node in (one, two)]
    for observer in observers:
        await observer.connect()
        await observer.begin()

    async def claimed_and_seen(seconds: float) -> None:
        voucher = await party.claim(guest)
        for observer in observers:
            await eventually(lambda observer=observer: observer.has(voucher["id"]), seconds, one.parts.database)

    await claimed_and_seen(5)
    for stop, resume in ((own_redis.kill, own_redis.start), (own_redis.pause, own_redis.resume)):
        await asyncio.to_thread(stop) if stop == own_redis.pause else stop()
        for _ in range(4):
            await claimed_and_seen(1.3)
        resume()
        async with busy(party, [one, two], guests=2):
            await asyncio.sleep(1)
        await claimed_and_seen(3)
        # The hints are back: no need to wait for a beat. One may be lost where Redis is slow; then the next one tells.
        await eventually(lambda: one.hub._bus.is_live and two.hub._bus.is_live)
        await eventually(lambda: all(UUID(party.id) in node.hub._bus._subscriptions for node in (one, two)))
        await let_beacons_rest(one, two)
        claimed = list[str]()

        async def is_told(claimed: list[str] = claimed) -> bool:
            claimed.append((await party.claim(guest))["id"])
            return all(any(map(observer.has, claimed)) for observer in observers)

        await eventually(is_told)
        wake_beacons(one, two)
    for observer in observers:
        await check(party, observer)
        await observer.disconnect()


async def test_a_subscription_that_breaks_or_goes_deaf_is_begun_anew(start: Start, own_redis: LocalRedis):
    one, two = await teller_and_hearer(start, redis_url=own_redis.url)
    party = await Party.begin(one)
    guest = await party.guest()
    observer = Observer(two, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    bus = two.hub._bus
    seq = 3
    for break_it in (break_subscriptions, deafen):
        await eventually(lambda: bus.is_live)
        restarts = two.figure("dibs_live_bus_restarts_total")
        await break_it(two)
        await eventually(lambda: not bus.is_live)
        await party.claim(guest)
        seq += 1
        await eventually(lambda seq=seq: observer.is_at(seq), 1.2, two.parts.database)
        await eventually(lambda: bus.is_live, 10.0)
        assert two.figure("dibs_live_bus_restarts_total") > restarts
    await observer.disconnect()


async def break_subscriptions(node: Node) -> None:
    with PlainRedis.from_url(node.parts.settings.redis_url) as redis:
        for client in redis.client_list():
            if int(client["sub"]) > 0:
                redis.client_kill_filter(_id=client["id"])


async def deafen(node: Node) -> None:
    """The connection stays, and nothing comes of it any more."""
    bus = node.hub._bus
    follow = bus._follow

    async def follow_again(subscriber: Subscriber) -> None:
        del bus._take
        bus._follow = follow
        await follow(subscriber)

    bus._take = lambda *_: None
    bus._follow = follow_again
