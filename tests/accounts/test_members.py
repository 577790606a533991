import asyncio
import random
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.kit.ids import new_id
from tests.support.waiting import eventually

from .node import Node, SetClock, Start
from .rest import Rest

PartyOf = tuple[UUID, UUID, str]


@pytest.fixture
async def party(node: Node) -> PartyOf:
    """An event, its owner's id and their token."""
    owner_id, token = await node.user("owner@party.example")
    return await node.event(owner_id), owner_id, token


async def invite(rest: Rest, party: PartyOf, role: str = "door", **other: str) -> str:
    event_id, _, token = party
    status, body = await rest.post(f"/events/{event_id}/members", {"role": role, **other}, token)
    assert status == 201, body
    assert body["invite_url"].startswith("https://party.example/app/#/invite/")
    return body["invite_url"].rsplit("/", 1)[1]


async def test_an_invitation_makes_a_member(rest: Rest, party: PartyOf, node: Node, clock: SetClock):
    event_id, _, owner = party
    status, invitation = await rest.post(f"/events/{event_id}/members", {"role": "manager"}, owner)
    assert status == 201
    assert invitation.keys() == {"invite_url", "role", "email", "expires_at"}
    assert (datetime.fromisoformat(invitation["expires_at"]) - clock()).days == 7
    ben_id, ben = await node.user("ben@party.example")
    assert (await rest.get(f"/events/{event_id}/members", ben))[0] == 404
    status, member = await rest.post(f"/invites/{invitation['invite_url'].rsplit('/', 1)[1]}", None, ben)
    assert status == 200
    assert (member["event_id"], member["user_id"], member["role"]) == (str(event_id), str(ben_id), "manager")
    status, page = await rest.get(f"/events/{event_id}/members", ben)
    assert status == 200
    assert [(item["email"], item["name"], item["role"], item["version"]) for item in page["items"]] == [
        ("owner@party.example", "owner", "owner", 1),
        ("ben@party.example", "ben", "manager", 1),
    ]


async def test_an_invitation_is_used_once(rest: Rest, party: PartyOf, node: Node):
    token = await invite(rest, party)
    _, ben = await node.user("ben@party.example")
    _, eva = await node.user("eva@party.example")
    assert (await rest.post(f"/invites/{token}", None, ben))[0] == 200
    for again in (ben, eva):
        assert (await rest.post(f"/invites/{token}", None, again))[0] == 404


async def test_an_invitation_is_used_once_also_at_the_same_moment(rest: Rest, party: PartyOf, node: Node):
    people = [(await node.user(f"guest{n}@party.example"))[1] for n in range(8)]
    for _ in range(5):
        token = await invite(rest, party)
        answers = await asyncio.gather(*(rest.post(f"/invites/{token}", None, person) for person in people))
        statuses = sorted(status for status, _ in answers)
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 404, 409}
        event_id, owner_id, _ = party
        await node.database.execute("DELETE FROM members WHERE event_id = $1 AND user_id <> $2", event_id, owner_id)


async def test_an_invitation_ends_after_a_week(rest: Rest, party: PartyOf, node: Node, clock: SetClock):
    token = await invite(rest, party)
    ben_id, _ = await node.user("ben@party.example")
    clock.forward(days=7)
    _, ben = await node.session(subject_id=ben_id)
    assert (await rest.post(f"/invites/{token}", None, ben))[0] == 404


async def test_an_invitation_may_be_for_one_address(rest: Rest, party: PartyOf, node: Node):
    token = await invite(rest, party, email="Ben@Party.example")
    _, eva = await node.user("eva@party.example")
    assert (await rest.post(f"/invites/{token}", None, eva))[0] == 403
    _, ben = await node.user("bEN@party.example")
    assert (await rest.post(f"/invites/{token}", None, ben))[0] == 200


async def test_a_member_cannot_join_again_and_the_invitation_stays(rest: Rest, party: PartyOf, node: Node):
    token = await invite(rest, party, role="door")
    assert (await rest.post(f"/invites/{token}", None, party[2]))[0] == 409
    _, ben = await node.user("ben@party.example")
    assert (await rest.post(f"/invites/{token}", None, ben))[0] == 200


async def test_what_is_no_invitation_is_404(rest: Rest, party: PartyOf, node: Node):
    token = await invite(rest, party)
    _, ben = await node.user("ben@party.example")
    for wrong in ("x", token[:-1], token[:-2] + "xx", "a" * 64, "%C3%A9", "%2e", token + "%0A", "a" * 5_000):
        assert (await rest.post(f"/invites/{wrong}", None, ben))[0] == 404, wrong
    assert (await rest.post(f"/invites/{token}", None, ben))[0] == 200


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": "door", "email": "x"}, {"role": "door", "x": 1}])
async def test_an_invitation_that_does_not_validate(rest: Rest, party: PartyOf, body: dict[str, Any]):
    assert (await rest.post(f"/events/{party[0]}/members", body, party[2]))[0] == 422


async def test_a_role_changes_on_every_node_within_a_second(start: Start, party: PartyOf, node: Node):
    event_id, _, owner = party
    ben_id, ben = await node.user("ben@party.example")
    await node.add_member(event_id, ben_id, "manager")
    alone = await start(redis_url="unix:///nowhere/redis.sock")
    path = f"/events/{event_id}/members"

    async def sees(rest: Rest, status: int) -> None:
        async def seen() -> bool:
            return (await rest.get(path, ben))[0] == status

        await eventually(seen, 1, node.database)

    async with Rest.of(node) as here, Rest.of(alone) as there:
        for role, expected in (("door", 403), ("manager", 200), ("viewer", 403), ("owner", 200)):
            assert (await there.get(path, ben))[0] in (200, 403)  # remembered now
            status, member = await here.patch(f"{path}/{ben_id}", {"role": role}, owner)
            assert (status, member["role"]) == (200, role)
            assert (await here.get(path, ben))[0] == expected
            await sees(there, expected)
        assert (await here.delete(f"{path}/{ben_id}", owner)) == (204, None)
        assert (await here.get(path, ben))[0] == 404
        await sees(there, 404)


async def test_versions(rest: Rest, party: PartyOf, node: Node):
    event_id, _, owner = party
    ben_id, _ = await node.user("ben@party.example")
    await node.add_member(event_id, ben_id, "door")
    path = f"/events/{event_id}/members/{ben_id}"
    status, member = await rest.patch(path, {"role": "viewer"}, owner, if_match='"1"')
    assert (status, member["version"], rest.headers["ETag"]) == (200, 2, '"2"')
    status, member = await rest.patch(path, {"role": "viewer"}, owner)
    assert (status, member["version"]) == (200, 2)
    for answer in (
        await rest.patch(path, {"role": "door"}, owner, if_match='"1"'),
        await rest.delete(path, owner, if_match='"1"'),
        await rest.delete(path, owner, if_match="nonsense"),
    ):
        assert (answer[0], answer[1]["current_version"]) == (412, 2)
    assert (await rest.delete(path, owner, if_match='"2"'))[0] == 204
    assert (await rest.delete(path, owner))[0] == 404
    assert (await rest.patch(path, {"role": "door"}, owner))[0] == 404
    assert (await rest.patch(f"/events/{event_id}/members/{new_id()}", {"role": "door"}, owner))[0] == 404


async def test_the_last_owner_stays(rest: Rest, party: PartyOf, node: Node):
    event_id, owner_id, owner = party
    path = f"/events/{event_id}/members/{owner_id}"
    for answer in (await rest.patch(path, {"role": "manager"}, owner), await rest.delete(path, owner)):
        assert (answer[0], answer[1]["type"]) == (409, "urn:dibs:problem:last_owner")
    assert (await rest.patch(path, {"role": "owner"}, owner))[0] == 200
    ben_id, ben = await node.user("ben@party.example")
    await node.add_member(event_id, ben_id, "owner")
    assert (await rest.delete(path, ben))[0] == 204
    assert (await rest.delete(f"/events/{event_id}/members/{ben_id}", ben))[0] == 409


async def test_an_event_never_loses_its_last_owner_whoever_tries_at_once(start: Start, party: PartyOf, node: Node):
    event_id, owner_id, owner = party
    others = [await node.user(f"owner{n}@party.example") for n in range(3)]
    other_node = await start()
    path = f"/events/{event_id}/members"
    async with Rest.of(node) as one, Rest.of(other_node) as two:
        for round_ in range(12):
            for user_id, _ in others:
                await node.database.execute(
                    """INSERT INTO members (event_id, user_id, role, created_at, updated_at)
                       VALUES ($1, $2, 'owner', now(), now())
                       ON CONFLICT (event_id, user_id) DO UPDATE SET role = 'owner'""",
                    event_id, user_id,
                )  # fmt: skip
            everybody = [(owner_id, owner), *others]
            attempts = []
            for n, (user_id, _) in enumerate(everybody):
                token = everybody[(n + 1) % len(everybody)][1]
                rest = random.Random(round_ * 10 + n).choice([one, two])
                if (n + round_) % 2:
                    attempts.append(rest.delete(f"{path}/{user_id}", token))
                else:
                    attempts.append(rest.patch(f"{path}/{user_id}", {"role": "viewer"}, token))
            statuses = [status for status, _ in await asyncio.gather(*attempts)]
            assert set(statuses) <= {200, 204, 403, 404, 409}
            left = await node.database.fetchval(
                "SELECT count(*) FROM members WHERE event_id = $1 AND role = 'owner'", event_id
            )
            assert left >= 1
            await node.database.execute(
                """INSERT INTO members (event_id, user_id, role, created_at, updated_at)
                   VALUES ($1, $2, 'owner', now(), now())
                   ON CONFLICT (event_id, user_id) DO UPDATE SET role = 'owner'""",
                event_id, owner_id,
            )  # fmt: skip


async def test_who_goes_leaves_no_open_invitation_behind(rest: Rest, party: PartyOf, node: Node):
    event_id, _, owner = party
    (ben_id, ben), (_, eva) = await node.user("ben@party.example"), await node.user("eva@party.example")
    await node.add_member(event_id, ben_id, "owner")
    by_ben, by_owner = await invite(rest, (event_id, ben_id, ben)), await invite(rest, party)
    assert (await rest.patch(f"/events/{event_id}/members/{ben_id}", {"role": "manager"}, owner))[0] == 200
    assert (await rest.post(f"/invites/{by_ben}", None, eva))[0] == 404
    assert (await rest.post(f"/invites/{by_owner}", None, eva))[0] == 200


async def test_members_come_in_pages(rest: Rest, party: PartyOf, node: Node):
    event_id, _, owner = party
    for n in range(4):
        await node.add_member(event_id, (await node.user(f"door{n}@party.example"))[0], "door")
    _, first = await rest.get(f"/events/{event_id}/members?limit=3", owner)
    _, rest_of = await rest.get(f"/events/{event_id}/members?limit=3&cursor={first['next_cursor']}", owner)
    assert (len(first["items"]), len(rest_of["items"]), rest_of["next_cursor"]) == (3, 2, None)
    assert len({item["user_id"] for item in first["items"] + rest_of["items"]}) == 5
