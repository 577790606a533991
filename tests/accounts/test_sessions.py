import asyncio
import contextlib
import time
import uuid
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis as PlainRedis

from dibs_realtime.accounts import revocations as feed, sessions as module
from dibs_realtime.accounts.caller import Device, Guest, User
from dibs_realtime.accounts.model import Kind
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.problems import Problem
from dibs_realtime.local.redis import LocalRedis
from tests.support.waiting import eventually

from .node import Node, SetClock, Start

NO_REDIS = "unix:///nowhere/redis.sock"


async def status(node: Node, token: str) -> int:
    try:
        await node.sessions.authenticate(token, node.clock())
    except Problem as problem:
        return problem.status
    return 200


async def is_refused(node: Node, token: str) -> bool:
    return await status(node, token) == 401


async def refused_within(node: Node, token: str, seconds: float = 1.0) -> None:
    await eventually(lambda: is_refused(node, token), seconds, node.database)


@pytest.mark.parametrize("kind", ["user", "device", "guest"])
async def test_a_session_is_known_everywhere(start: Start, kind: Kind):
    one, two = await start(), await start()
    subject_id, event_id = new_id(), None if kind == "user" else new_id()
    session, token = await one.session(kind, subject_id, event_id)
    expected = {
        "user": User(subject_id, session.id),
        "device": Device(subject_id, event_id, session.id),
        "guest": Guest(subject_id, event_id, session.id),
    }[kind]
    for node in (one, two):
        for _ in range(2):
            assert await node.sessions.authenticate(token, node.clock()) == expected


async def test_tokens_last_15_minutes_for_organizers_and_to_the_end_for_others(node: Node, clock: SetClock):
    _, access = await node.session("user")
    _, device = await node.session("device", event_id=new_id(), lifetime=timedelta(days=2))
    clock.forward(minutes=14, seconds=59)
    assert await status(node, access) == 200
    clock.forward(seconds=1)
    assert await is_refused(node, access)
    clock.forward(days=1)
    assert await status(node, device) == 200
    clock.forward(days=1)
    assert await is_refused(node, device)


async def test_no_token_of_a_session_outlives_it(node: Node, clock: SetClock):
    session, _ = await node.session("user", lifetime=timedelta(minutes=5))
    clock.forward(minutes=4)
    token = node.sessions.access_token(session, clock())
    clock.forward(minutes=1)
    assert await is_refused(node, token)


async def test_nonsense_and_unknown_sessions_are_refused(node: Node):
    for token in ("", "x", "a.b.c"):
        assert await is_refused(node, token)
    session, token = await node.session("user")
    await node.database.execute("DELETE FROM sessions WHERE id = $1", session.id)
    assert await is_refused(node, token)


async def test_a_token_that_says_more_than_its_session_is_refused(node: Node):
    session, _ = await node.session("guest", event_id=new_id())
    from dataclasses import replace

    token = node.sessions.access_token(replace(session, event_id=new_id()), node.clock())
    for _ in range(2):  # from PostgreSQL, then from Redis
        assert await is_refused(node, token)


@pytest.mark.parametrize("redis", ["with redis", "without redis"])
async def test_a_revocation_reaches_every_node_within_a_second(start: Start, redis_url: str, redis: str):
    url = redis_url if redis == "with redis" else NO_REDIS
    one, two = await start(redis_url=url), await start(redis_url=url)
    heard = []
    two.sessions.on_revoked(heard.append)
    for _ in range(5):
        session, token = await one.session()
        assert [await status(node, token) for node in (one, two)] == [200, 200]
        await one.sessions.revoke(session.id, "ended")
        assert await is_refused(one, token)
        await refused_within(two, token)
        assert [(news.session_id, news.reason) for news in heard if news.session_id == session.id] == [
            (session.id, "ended")
        ]
    await asyncio.sleep(1)
    assert len(heard) == 5  # each once, by whichever way it came first


async def test_redis_brings_the_news_at_once_also_after_it_was_away(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed, "POLL_SECONDS", 4.0)  # nothing comes from PostgreSQL meanwhile
    with LocalRedis(tmp_path / "redis") as redis:
        one, two = await start(redis_url=redis.url), await start(redis_url=redis.url)
        for _ in "before", "after":
            with PlainRedis.from_url(redis.url) as plain:
                await eventually(lambda plain=plain: plain.pubsub_numsub(feed.CHANNEL)[0][1] == 2, 6)
            session, token = await one.session()
            assert await status(two, token) == 200
            await one.sessions.revoke(session.id, "ended")
            await refused_within(two, token, 0.5)
            redis.kill()
            redis.start()
            await asyncio.sleep(0.5)  # the subscriptions break and begin anew


async def test_a_lost_message_is_made_up_for(start: Start, monkeypatch: pytest.MonkeyPatch):
    one, two = await start(), await start()
    session, token = await one.session()
    assert await status(two, token) == 200

    async def lost(*_: object) -> bool:
        return True

    monkeypatch.setattr(one.redis, "publish", lost)
    await one.sessions.revoke(session.id, "ended")
    await refused_within(two, token)


async def test_an_announcement_that_never_came_is_made_up_for(start: Start):
    """The node that revoked died between its commit and the announcement."""
    one, two = await start(), await start()
    session, token = await one.session()
    assert [await status(node, token) for node in (one, two)] == [200, 200]
    async with one.database.transaction() as connection:
        assert len(await one.sessions.revoke_session(connection, session.id, "ended")) == 1
    await asyncio.gather(refused_within(one, token), refused_within(two, token))


async def test_what_is_rolled_back_did_not_happen(node: Node):
    session, token = await node.session()
    with contextlib.suppress(ZeroDivisionError):
        async with node.database.transaction() as connection:
            await node.sessions.revoke_session(connection, session.id, "ended")
            _ = 1 / 0
    await asyncio.sleep(0.6)
    assert await status(node, token) == 200


async def test_a_transaction_that_commits_late_is_heard_all_the_same(start: Start):
    one, two = await start(redis_url=NO_REDIS), await start(redis_url=NO_REDIS)
    session, token = await one.session()
    assert await status(two, token) == 200
    async with one.database.transaction() as connection:
        await one.sessions.revoke_session(connection, session.id, "ended")
        await asyncio.sleep(1.5)
        assert await status(two, token) == 200
    await refused_within(two, token)


async def test_revoking_twice_is_one_piece_of_news(node: Node):
    heard = []
    node.sessions.on_revoked(heard.append)
    session, _ = await node.session()
    await asyncio.gather(*(node.sessions.revoke(session.id, "ended") for _ in range(5)))
    await asyncio.sleep(0.6)
    assert len(heard) == 1


async def test_all_sessions_of_somebody_but_one_and_all_of_an_event(node: Node):
    subject_id, event_id = new_id(), new_id()
    (kept, kept_token), (_, ended), (_, other) = [
        await node.session(subject_id=subject_id),
        await node.session(subject_id=subject_id),
        await node.session(),
    ]
    _, device = await node.session("device", event_id=event_id)
    _, elsewhere = await node.session("device", event_id=new_id())
    async with node.database.transaction() as connection:
        news = await node.sessions.revoke_sessions_of(connection, subject_id, "password_changed", but=kept.id)
        news += await node.sessions.revoke_sessions_in(connection, event_id, "event_deleted")
    await node.sessions.announce(news)
    assert [await status(node, token) for token in (kept_token, ended, other, device, elsewhere)] == [
        200, 401, 200, 401, 200,
    ]  # fmt: skip


async def test_a_redis_that_is_restarted_empty_logs_nobody_out_and_lets_nobody_in(start: Start, tmp_path: Path):
    with LocalRedis(tmp_path / "redis") as redis:
        one, two = await start(redis_url=redis.url), await start(redis_url=redis.url)
        _, kept = await one.session()
        ended_session, ended = await one.session()
        assert [await status(one, token) for token in (kept, ended)] == [200, 200]
        await one.sessions.revoke(ended_session.id, "ended")
        redis.kill()
        assert [await status(one, token) for token in (kept, ended)] == [200, 401]
        assert [await status(two, token) for token in (kept, ended)] == [200, 401]
        redis.start()
        for node in (one, two, await start(redis_url=redis.url)):
            await eventually(lambda node=node: node.redis.healthy, 2)
            assert [await status(node, token) for token in (kept, ended)] == [200, 401]
        # It is filled again by what was asked for.
        with PlainRedis.from_url(redis.url) as plain:
            assert len(plain.keys("dibs:session:*")) == 1


@pytest.mark.parametrize("kind", ["user", "device"])
async def test_a_stale_record_in_redis_lets_no_revoked_session_in(start: Start, redis_url: str, kind: Kind):
    one = await start()
    session, token = await one.session(kind, event_id=None if kind == "user" else new_id())
    assert await status(one, token) == 200
    with PlainRedis.from_url(redis_url) as plain:
        (key,) = plain.keys("dibs:session:*")
        record = plain.get(key)
        running = await start()  # has never seen the token
        await one.sessions.revoke(session.id, "ended")
        plain.set(key, record)
        await refused_within(running, token)
        started_later = await start()
        for node in (one, running, started_later):
            assert await is_refused(node, token)


async def test_a_record_in_redis_does_not_count_while_the_news_is_late(start: Start, redis_url: str):
    one, two = await start(), await start()
    session, token = await one.session()
    assert await status(one, token) == 200
    # Node two hears nothing more, and the session ends; its record stays.
    await two.sessions._feed.stop()
    with PlainRedis.from_url(redis_url) as plain:
        (key,) = plain.keys("dibs:session:*")
        record = plain.get(key)
        await one.sessions.revoke(session.id, "ended")
        plain.set(key, record)
    await asyncio.sleep(module.TRUST_SECONDS)
    assert await is_refused(two, token)


async def test_a_broken_record_in_redis_is_no_record(node: Node, redis_url: str):
    session, token = await node.session()
    with PlainRedis.from_url(redis_url) as plain:
        for broken in (b"", b"{}", b"nonsense", b'{"kind": "user"}'):
            plain.set(f"dibs:session:{session.id}", broken)
            node.sessions._known.clear()
            assert await status(node, token) == 200


async def test_news_come_while_a_crowd_has_every_connection(start: Start, monkeypatch: pytest.MonkeyPatch):
    node = await start(redis_url=NO_REDIS)
    session, token = await node.session()
    assert await status(node, token) == 200
    async with AsyncExitStack() as crowd:
        connections = [await crowd.enter_async_context(node.database.reading()) for _ in range(4)]
        monkeypatch.setattr("dibs_realtime.kit.database.ACQUIRE_SECONDS", 0.05)
        with pytest.raises(Problem):
            await node.database.fetchval("SELECT 1")
        # Not announced, as by a node that fell over after the commit: what is heard of it is heard from PostgreSQL.
        await node.sessions.revoke_session(connections[0], session.id, "revoked")

        await eventually(lambda: is_refused(node, token))
        assert node.sessions.is_current


async def test_without_news_for_long_nobody_is_let_in(node: Node, monkeypatch: pytest.MonkeyPatch):
    _, token = await node.session()
    assert await status(node, token) == 200
    assert node.sessions.is_current
    await node.sessions._feed.stop()
    monkeypatch.setattr(module, "BLIND_SECONDS", 0.3)
    await asyncio.sleep(0.35)
    assert await status(node, token) == 503
    assert not node.sessions.is_current


async def test_postgresql_goes_and_comes_back(
    start: Start, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
):
    """Known sessions go on for a while, then 503; after that everything is as it was, revocations included."""
    from dibs_realtime.local.postgres import LocalPostgres
    from dibs_realtime.migrate import migrate

    monkeypatch.setattr(module, "BLIND_SECONDS", 60)  # "a while" ends when this test says so
    with LocalPostgres(tmp_path / "postgres", {"fsync": "off"}) as postgres:
        postgres.ensure_database()
        await migrate(postgres.url())
        node = await start(database_url=postgres.url(), redis_url=NO_REDIS)
        ended_session, ended = await node.session()
        _, kept = await node.session()
        assert [await status(node, token) for token in (ended, kept)] == [200, 200]
        _, unseen = await node.session()
        await asyncio.to_thread(postgres.kill)
        assert await status(node, kept) == 200
        assert await status(node, unseen) == 503
        monkeypatch.setattr(module, "BLIND_SECONDS", node.sessions._feed.lag)
        await eventually(lambda: not node.sessions.is_current)
        assert await status(node, kept) == 503
        blind_until = time.monotonic()
        await asyncio.to_thread(postgres.start)
        # Somebody else revokes before this node is back.
        import asyncpg

        connection = await asyncpg.connect(postgres.url())
        from dibs_realtime.accounts.repository import SessionRepository

        async with connection.transaction():
            await SessionRepository(connection).revoke(ended_session.id, "ended", clock())
        await connection.close()
        await eventually(lambda: node.sessions._feed.lag < time.monotonic() - blind_until)
        # It hears again and again, not once: ever later times are those of its last news.
        for _ in range(3):
            heard = time.monotonic()
            await eventually(lambda heard=heard: node.sessions._feed.lag < time.monotonic() - heard)
        monkeypatch.setattr(module, "BLIND_SECONDS", 60)
        await eventually(lambda: is_refused(node, ended))
        assert [await status(node, token) for token in (ended, kept, unseen)] == [401, 200, 200]


async def test_a_node_that_starts_knows_which_sessions_have_ended(start: Start, clock: SetClock):
    one = await start()
    (user, user_token), (device, device_token) = await one.session(), await one.session("device", event_id=new_id())
    for session in (user, device):
        await one.sessions.revoke(session.id, "ended")
    await one.database.execute("DELETE FROM revocations")
    two = await start()
    assert {user.id, device.id} <= two.sessions._denied.keys()
    assert [await status(two, token) for token in (user_token, device_token)] == [401, 401]
    # An organizer's token is long over after a day, a device's is not.
    clock.forward(days=1)
    three = await start()
    assert three.sessions._denied.keys() == {device.id}


async def test_a_member_change_is_told_and_ends_no_session(start: Start):
    one, two = await start(), await start(redis_url=NO_REDIS)
    heard = []
    two.sessions.on_revoked(heard.append)
    event_id, user_id = new_id(), new_id()
    async with one.database.transaction() as connection:
        news = await one.sessions.note_member_change(connection, event_id, user_id, "removed")
    await one.sessions.announce(news)
    await eventually(lambda: bool(heard), 1, two.database)
    assert (heard[0].kind, heard[0].event_id, heard[0].user_id, heard[0].reason) == (
        "member", event_id, user_id, "removed",
    )  # fmt: skip


async def test_a_listener_that_fails_stops_nothing(node: Node):
    def failing(_: object) -> None:
        raise RuntimeError("a bug")

    heard = []
    node.sessions.on_revoked(failing)
    node.sessions.on_revoked(heard.append)
    session, token = await node.session()
    await node.sessions.revoke(session.id, "ended")
    assert len(heard) == 1
    assert await is_refused(node, token)


async def test_messages_that_are_none_are_ignored(start: Start, redis_url: str):
    one, two = await start(), await start()
    session, token = await one.session()
    assert await status(two, token) == 200
    with PlainRedis.from_url(redis_url) as plain:
        await eventually(lambda: plain.pubsub_numsub("dibs:revocations")[0][1] == 2)
        for nonsense in (b"", b"x", b"[1]", b'[{"id": 5}]'):
            plain.publish("dibs:revocations", nonsense)
    await one.sessions.revoke(session.id, "ended")
    await refused_within(two, token)


async def test_which_sessions_have_ended_or_expired(node: Node, clock: SetClock):
    (living, _), (ended, _), (short, _) = (
        await node.session(), await node.session(), await node.session(lifetime=timedelta(minutes=1)),
    )  # fmt: skip
    await node.sessions.revoke(ended.id, "ended")
    clock.forward(minutes=2)
    unknown = new_id()
    asked = [living.id, ended.id, short.id, unknown]
    assert await node.sessions.ended(asked, clock()) == {ended.id, short.id, unknown}


async def test_the_past_is_forgotten(node: Node, clock: SetClock):
    from dibs_realtime.accounts.repository import forget_the_past

    old, _ = await node.session(lifetime=timedelta(days=1))
    kept, _ = await node.session(lifetime=timedelta(days=30))
    await node.sessions.revoke(old.id, "ended")
    clock.forward(days=3)
    async with node.database.reading() as connection:
        await forget_the_past(connection, clock())
    assert [row["id"] for row in await node.database.fetch("SELECT id FROM sessions")] == [kept.id]


async def test_a_user_agent_is_kept_as_text(node: Node, clock: SetClock):
    async with node.database.transaction() as connection:
        session = await node.sessions.create_session(
            connection, "user", new_id(), None, clock(), clock(), "Mozilla/5.0 \udce4\x01" + "x" * 1000
        )
    assert session.user_agent.startswith("Mozilla/5.0 ?x")
    assert len(session.user_agent) == 300


async def test_the_way_a_known_caller_takes_is_short(node: Node):
    _, token = await node.session("device", event_id=new_id())
    await node.sessions.authenticate(token, node.clock())
    now = node.clock()
    began = time.process_time()
    for _ in range(10_000):
        await node.sessions.authenticate(token, now)
    assert (time.process_time() - began) / 10_000 < 20e-6  # about 1 µs on an idle machine


async def test_a_long_token_is_for_a_living_session(node: Node, clock: SetClock):
    session, _ = await node.session("device", event_id=new_id())
    assert await status(node, await node.sessions.long_token(session.id, clock())) == 200
    await node.sessions.revoke(session.id, "ended")
    for session_id in (session.id, uuid.uuid4()):
        with pytest.raises(Problem):
            await node.sessions.long_token(session_id, clock())
