"""Rights end at once: sessions, devices and members, with Redis and without, on the other node too."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from dibs_realtime.dashboard.schemas import Snapshot
from dibs_realtime.live.messages import CALLS
from tests.support.clock import MovableClock
from tests.support.waiting import eventually

from .clients import Bare, Socket
from .node import Node, Start
from .party import Party, new_key


@pytest.fixture(params=["redis", "no redis"])
async def pair(request: pytest.FixtureRequest, start: Start, tmp_path: Path):
    options = {} if request.param == "redis" else {"redis_url": f"unix://{tmp_path}/nowhere.sock"}
    return await start(**options), await start(**options)


async def caught_up(one: Node, two: Node) -> None:
    """Wait until both nodes have heard the same news: without Redis it takes a moment."""
    known = [node.parts.sessions._feed._known for node in (one, two)]
    await eventually(lambda: known[0].keys() == known[1].keys())


async def test_a_session_that_ends_ends_its_sockets(pair: tuple[Node, Node]):
    one, two = pair
    party = await Party.begin(one)
    async with Socket(two, party.owner) as here, Socket(one, party.owner) as there:
        await here.watch(party.id)
        await there.watch(party.id)
        await one.ask("POST", "/auth/logout", party.owner, status=204)
        for socket in (here, there):
            assert await socket.expect("session_ended", seconds=1.5) == [{"reason": "signed_out"}]
            await eventually(lambda socket=socket: not socket.client.connected)
    assert one.hub._connections.sessions() == two.hub._connections.sessions() == []
    assert [feed for feed in two.hub._feeds if two.hub._feeds._holders.get(feed.event_id)] == []


async def test_a_revoked_device_leaves_at_once(pair: tuple[Node, Node]):
    one, two = pair
    party = await Party.begin(one)
    door, device = await party.device()
    async with Socket(two, door) as at_door:
        await at_door.watch(party.id)
        await one.ask("DELETE", f"/events/{party.id}/devices/{device['id']}", party.owner, status=204)
        assert (await at_door.expect("session_ended", seconds=1.5))[0]["reason"]
        assert at_door.got["ledger"] == [] or at_door.got["ledger"][0]["entries"][0]["kind"] == "device.revoked"
        await eventually(lambda: not at_door.client.connected)


async def test_a_removed_member_leaves_the_event_and_stays_connected(pair: tuple[Node, Node]):
    one, two = pair
    party = await Party.begin(one)
    token = await party.member("viewer")
    mine = await one.ask("GET", "/users/me", token)
    guest = await party.guest()
    async with Socket(two, token) as viewer, Socket(two, party.owner) as owner:
        await viewer.watch(party.id)
        await owner.watch(party.id)
        # In another role that may watch they go on, and are told.
        await one.ask("PATCH", f"/events/{party.id}/members/{mine['id']}", party.owner, {"role": "door"})
        assert await viewer.expect("role_changed", seconds=1.5) == [{"event_id": party.id}]
        assert viewer.got["unwatched"] == []
        await one.ask("DELETE", f"/events/{party.id}/members/{mine['id']}", party.owner, status=204)
        [told] = await viewer.expect("unwatched", seconds=1.5)
        assert told["event_id"] == party.id
        await party.claim(guest)
        await owner.expect("ledger", seconds=2)
        assert viewer.got["ledger"] == []
        assert (await viewer.call("watch", {"event_id": party.id}))["problem"]["status"] == 404
        assert viewer.client.connected
        assert owner.got["unwatched"] == owner.got["role_changed"] == []


async def test_those_who_work_on_an_event_hear_who_else_does(pair: tuple[Node, Node]):
    one, two = pair
    party = await Party.begin(one)
    other = await Party.begin(one)
    await caught_up(one, two)
    told = {"event_id": party.id}
    async with Socket(two, party.owner) as owner:
        await owner.watch(party.id)
        token = await party.member("viewer")
        assert await owner.expect("members_changed", seconds=1.5) == [told]
        mine = await one.ask("GET", "/users/me", token)
        async with Socket(two, token) as viewer:
            # Whoever joins one event more is told so wherever they are signed in.
            invitation = await one.ask("POST", f"/events/{other.id}/members", other.owner, {"role": "door"}, status=201)
            await one.ask("POST", f"/invites/{invitation['invite_url'].rsplit('/', 1)[1]}", token)
            assert await viewer.expect("members_changed", seconds=1.5) == [{"event_id": other.id}]
            viewer.got["members_changed"].clear()
            await viewer.watch(party.id)
            await one.ask("PATCH", f"/events/{party.id}/members/{mine['id']}", party.owner, {"role": "manager"})
            assert await owner.expect("members_changed", 2, seconds=1.5) == [told, told]
            assert await viewer.expect("members_changed", seconds=1.5) == [told]
            await one.ask("DELETE", f"/events/{party.id}/members/{mine['id']}", party.owner, status=204)
            assert await owner.expect("members_changed", 3, seconds=1.5) == [told, told, told]
            # Whoever was removed is told that, and nothing else.
            await viewer.expect("unwatched")
            assert viewer.got["members_changed"] == [told]


async def test_a_session_that_expires_ends_too(
    node: Node, party: Party, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
):
    """Nobody announces that."""
    monkeypatch.setattr("dibs_realtime.live.hub.AUDIT_SECONDS", 0.1)
    door, _ = await party.device()
    node.hub._spawn(node.hub._audit())
    async with Socket(node, door) as at_door:
        await asyncio.sleep(0.3)
        assert at_door.client.connected
        clock.forward(days=40)
        assert await at_door.expect("session_ended", seconds=2) == [{"reason": "expired"}]
        await eventually(lambda: not at_door.client.connected)


async def test_who_may_what(node: Node, party: Party):
    """Every message and every kind of caller."""
    other = await Party.begin(node)
    door, _ = await party.device()
    callers = {
        "nobody": None,
        "owner": party.owner,
        "manager": await party.member("manager"),
        "viewer": await party.member("viewer"),
        "door": await party.member("door"),
        "device": door,
        "guest": await party.guest(),
        "stranger": await party.account(),
        "other device": (await other.device())[0],
        "other guest": await other.guest(),
    }
    expected = {
        "watch": {"nobody": 401, "guest": 403, "other guest": 403, "stranger": 404, "other device": 404},
        "unwatch": {},
        "watch_public": {},
        "redeem": {
            "nobody": 401, "viewer": 403, "guest": 403, "other guest": 403, "stranger": 404, "other device": 404,
        },
        "claim": {
            "nobody": 401, "owner": 403, "manager": 403, "viewer": 403, "door": 403, "device": 403, "stranger": 403,
            "other device": 403, "other guest": 404,
        },
    }  # fmt: skip
    assert expected.keys() == CALLS.keys()
    bodies = {
        "watch": {"event_id": party.id},
        "unwatch": {"event_id": party.id},
        "watch_public": {"slug": party.slug},
        "redeem": {"event_id": party.id, "code": "NOSUCHCODE"},
        "claim": {"offer_id": party.offer["id"]},
    }
    for who, token in callers.items():
        async with Socket(node, token) as socket:
            for name, body in bodies.items():
                keyed = {**body, "idempotency_key": new_key()} if name in ("redeem", "claim") else body
                ack = await socket.call(name, keyed)
                status = 200 if ack["ok"] else ack["problem"]["status"]
                assert status == expected[name].get(who, 200), (who, name, ack)


async def test_a_watch_that_is_revoked_while_it_begins_does_not_begin(
    node: Node, party: Party, monkeypatch: pytest.MonkeyPatch
):
    token = await party.member("viewer")
    mine = await node.ask("GET", "/users/me", token)
    snapshot = node.hub._watching._ports.snapshot
    gone, asked = asyncio.Event(), asyncio.Event()

    async def slow_snapshot(event_id: UUID) -> Snapshot:
        asked.set()
        await gone.wait()
        return await snapshot(event_id)

    monkeypatch.setattr(node.hub._watching, "_snapshot", slow_snapshot)
    async with Socket(node, token) as viewer:
        watching = asyncio.create_task(viewer.call("watch", {"event_id": party.id}))
        await asked.wait()
        await node.ask("DELETE", f"/events/{party.id}/members/{mine['id']}", party.owner, status=204)
        await viewer.expect("unwatched")
        gone.set()
        assert (await watching)["ok"] is False
        assert list(node.hub._connections.members(f"w:{party.id}")) == []
        assert not node.hub._feeds._holders


async def test_a_client_that_leaves_while_it_is_answered_leaves_nothing_behind(
    node: Node, party: Party, monkeypatch: pytest.MonkeyPatch
):
    snapshot = node.hub._watching._ports.snapshot
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow_snapshot(event_id: UUID) -> Snapshot:
        asked.set()
        await go_on.wait()
        return await snapshot(event_id)

    monkeypatch.setattr(node.hub._watching, "_snapshot", slow_snapshot)
    async with Bare(node) as bare:
        await bare.hello(party.owner)
        await bare.ws.send_str(f'420["watch",{{"event_id":"{party.id}"}}]')
        await asked.wait()
    await eventually(lambda: node.hub._connections.sessions() == [])
    go_on.set()
    await asyncio.sleep(0.1)
    assert list(node.hub._connections.members(f"w:{party.id}")) == []
    assert not node.hub._feeds._holders
