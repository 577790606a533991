import asyncio
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.accounts.caller import Device, Guest, User
from dibs_realtime.events import access as module
from dibs_realtime.events.access import Who
from dibs_realtime.events.members.model import Role
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.problems import Problem

from .node import Node, probe_path
from .rest import Rest

CALLERS = ("nobody", "owner", "manager", "viewer", "door", "stranger", "device", "other device", "guest", "other guest")
STATUS = {
    #            nobody own  man  vie  door str  dev  dev2 gue  gue2
    "O":         (401, 200, 403, 403, 403, 404, 403, 403, 403, 403),
    "M":         (401, 200, 200, 403, 403, 404, 403, 403, 403, 403),
    "V":         (401, 200, 200, 200, 403, 404, 403, 403, 403, 403),
    "D":         (401, 200, 200, 403, 200, 404, 403, 403, 403, 403),
    "V D dev":   (401, 200, 200, 200, 200, 404, 200, 404, 403, 403),
    "dev":       (401, 403, 403, 403, 403, 403, 200, 404, 403, 403),
    "G":         (401, 403, 403, 403, 403, 403, 403, 403, 200, 404),
    "U":         (401, 200, 200, 200, 200, 200, 403, 403, 403, 403),
    "-":   (200, 200, 200, 200, 200, 200, 200, 200, 200, 200),
}  # fmt: skip
# Without an event in the path only the kind of caller counts.
STATUS_WITHOUT_EVENT = {
    "O":         (401, 200, 200, 200, 200, 200, 403, 403, 403, 403),
    "V D dev":   (401, 200, 200, 200, 200, 200, 200, 200, 403, 403),
    "dev":       (401, 403, 403, 403, 403, 403, 200, 200, 403, 403),
    "G":         (401, 403, 403, 403, 403, 403, 403, 403, 200, 200),
    "-":   (200, 200, 200, 200, 200, 200, 200, 200, 200, 200),
}  # fmt: skip


async def cast(node: Node) -> tuple[UUID, dict[str, str]]:
    """Make one of each kind of caller; return the event and their tokens."""
    tokens: dict[str, str] = {}
    owner_id, tokens["owner"] = await node.user("owner@party.example")
    event_id = await node.event(owner_id)
    other_event = await node.event(owner_id)
    for role in ("manager", "viewer", "door"):
        user_id, tokens[role] = await node.user(f"{role}@party.example")
        await node.add_member(event_id, user_id, role)
    _, tokens["stranger"] = await node.user("stranger@party.example")
    for kind in ("device", "guest"):
        _, tokens[kind] = await node.session(kind, event_id=event_id)
        _, tokens[f"other {kind}"] = await node.session(kind, event_id=other_event)
    return event_id, tokens


async def test_who_may_what(rest: Rest, node: Node):
    event_id, tokens = await cast(node)
    for path_end, table in ((f"/{event_id}", STATUS), ("", STATUS_WITHOUT_EVENT)):
        for who, expected in table.items():
            path = probe_path(who) + path_end
            seen = tuple([(await rest.get(path, tokens.get(name), base=""))[0] for name in CALLERS])
            assert seen == expected, (who, path_end, dict(zip(CALLERS, seen, strict=True)))


async def test_an_unknown_event_is_404_and_a_bad_token_comes_first(rest: Rest, node: Node):
    _, tokens = await cast(node)
    for name in ("owner", "device"):
        assert (await rest.get(f"/probe-V.D.dev/{new_id()}", tokens.get(name), base=""))[0] == 404
        assert (await rest.get(f"/probe-V.D.dev/{new_id()}", tokens[name] + "x", base=""))[0] == 401
        assert (await rest.get("/probe-V.D.dev/nonsense", tokens.get(name), base=""))[0] == 404
    assert (await rest.get("/probe-M", "x", base=""))[0] == 401
    assert rest.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "bearer x", "Bearer a b", "\x80"])
async def test_headers_that_hold_no_token(rest: Rest, header: str):
    for path, status in (("/probe-U", 401), ("/probe-anybody", 200)):
        async with rest.client.get(path, headers={"Authorization": header}) as answer:
            assert answer.status == status


async def test_where_nobody_need_sign_in_a_good_token_is_seen_and_a_bad_one_ignored(rest: Rest, node: Node):
    session, token = await node.session("guest", event_id=new_id())
    assert await rest.get("/probe-anybody", token, base="") == (200, {"caller": "Guest"})
    assert await rest.get("/probe-anybody", token + "x", base="") == (200, {"caller": "NoneType"})
    await node.sessions.revoke(session.id, "ended")
    assert await rest.get("/probe-anybody", token, base="") == (200, {"caller": "NoneType"})


def test_the_letters():
    assert Who.parse("D dev").device
    assert Who.parse("D dev").roles == {"owner", "manager", "door"}
    assert Who.parse("V D").roles == {"owner", "manager", "viewer", "door"}
    assert Who.parse("G M").guest
    assert not Who.parse("U").roles
    for wrong in ("", "X", "V,D", "v", "dev-"):
        with pytest.raises(ValueError, match="says nobody"):
            Who.parse(wrong)


async def test_sockets_ask_the_same(node: Node):
    event_id, _ = await cast(node)
    keeper = node.gatekeeper
    for caller in (Device(new_id(), event_id, new_id()), Guest(new_id(), event_id, new_id())):
        await keeper.authorise(caller, "dev G", event_id)
        with pytest.raises(Problem) as raised:
            await keeper.authorise(caller, "dev G", new_id())
        assert raised.value.status == 404
    with pytest.raises(Problem) as raised:
        await keeper.authorise(None, "dev", event_id)
    assert raised.value.status == 401
    await keeper.authorise(None, "-", event_id)


async def test_a_role_is_remembered_but_not_for_long_and_nobodys_not_at_all(
    node: Node, monkeypatch: pytest.MonkeyPatch
):
    asked = []
    roles = module.queries.roles

    async def counted(*arguments: Any) -> dict[Any, Role]:
        asked.append(arguments)
        return await roles(*arguments)

    monkeypatch.setattr(module.queries, "roles", counted)
    event_id, _ = await cast(node)
    owner_id = await node.database.fetchval(
        "SELECT user_id FROM members WHERE event_id = $1 AND role = 'owner'", event_id
    )
    owner, stranger = User(owner_id, new_id()), User(new_id(), new_id())
    for _ in range(3):
        assert await node.gatekeeper.role_of(owner, event_id) == "owner"
        assert await node.gatekeeper.role_of(stranger, event_id) is None
    assert len(asked) == 1 + 3
    monkeypatch.setattr(module, "ROLE_SECONDS", 0)
    node.gatekeeper._roles.clear()
    for _ in range(2):
        await node.gatekeeper.role_of(owner, event_id)
    assert len(asked) == 4 + 2


async def test_a_role_that_changes_while_it_is_read_is_not_remembered(node: Node, monkeypatch: pytest.MonkeyPatch):
    event_id, _ = await cast(node)
    owner_id = await node.database.fetchval(
        "SELECT user_id FROM members WHERE event_id = $1 AND role = 'owner'", event_id
    )
    read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: object, asked: Any) -> dict[Any, Role]:
        read.set()
        await go_on.wait()
        return dict.fromkeys(asked, "owner")

    monkeypatch.setattr(module.queries, "roles", slow)
    asking = asyncio.create_task(node.gatekeeper.role_of(User(owner_id, new_id()), event_id))
    await read.wait()
    async with node.database.transaction() as connection:
        news = await node.sessions.note_member_change(connection, event_id, owner_id, "removed")
    await node.sessions.announce(news)
    go_on.set()
    assert await asking == "owner"
    assert not node.gatekeeper._roles
