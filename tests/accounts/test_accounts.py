import asyncio
from typing import Any

import pytest

from dibs_realtime.accounts.attempts import AttemptRules
from dibs_realtime.accounts.links import PasswordLinks
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.passwords import Passwords
from tests.support.world import PASSWORD as WORLD_PASSWORD, World

from .node import PASSWORD, Node, SetClock, Start
from .rest import Rest

ANA = {"email": "ana@party.example", "password": PASSWORD, "name": "Ana"}


async def signed_up(rest: Rest, **other: str) -> dict[str, Any]:
    status, body = await rest.post("/auth/register", {**ANA, **other})
    assert status == 201, body
    return body


async def test_register_and_use_the_account(rest: Rest):
    body = await signed_up(rest, email="  Ana@PARTY.example ")
    assert body.keys() == {"user", "access_token", "refresh_token", "token_type", "expires_in"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 900
    assert body["user"]["email"] == "Ana@party.example"
    assert "password_hash" not in body["user"]
    status, me = await rest.get("/users/me", body["access_token"])
    assert (status, me) == (200, body["user"])
    assert rest.headers["ETag"] == '"1"'


@pytest.mark.parametrize("email", ["ana@party.example", "ANA@Party.Example"])
async def test_an_address_has_one_account(rest: Rest, email: str):
    await signed_up(rest)
    status, body = await rest.post("/auth/register", {**ANA, "email": email})
    assert (status, body["type"]) == (409, "urn:dibs:problem:email_taken")


async def test_an_address_has_one_account_also_at_the_same_moment(rest: Rest):
    answers = await asyncio.gather(*(rest.post("/auth/register", ANA) for _ in range(8)))
    assert sorted(status for status, _ in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no address"},
        {"email": "ana@localhost"},
        {"email": "a" * 250 + "@party.example"},
        {"email": 5},
        {"email": None},
        {"password": "too short"},
        {"password": "x" * 201},
        {"password": None},
        {"name": " "},
        {"name": "x" * 121},
        {"name": "a\x00b"},
        {"admin": True},
    ],
)
async def test_a_registration_that_does_not_validate(rest: Rest, change: dict[str, Any]):
    status, body = await rest.post("/auth/register", {**ANA, **change})
    assert status == 422
    assert body["errors"][0]["loc"] == ["body", next(iter(change))]
    assert PASSWORD not in str(body)


async def test_log_in(rest: Rest):
    await signed_up(rest)
    status, body = await rest.post("/auth/login", {"email": "ANA@party.example", "password": PASSWORD})
    assert status == 200
    assert (await rest.get("/users/me", body["access_token"]))[0] == 200


async def test_a_wrong_password_and_an_unknown_address_look_and_work_alike(
    rest: Rest, node: Node, monkeypatch: pytest.MonkeyPatch
):
    await signed_up(rest)
    verified = []
    verify = node.passwords._hasher.verify
    monkeypatch.setattr(
        node.passwords._hasher, "verify", lambda *arguments: verified.append(arguments) or verify(*arguments)
    )
    answers = [
        await rest.post("/auth/login", {"email": email, "password": "wrong password"})
        for email in (ANA["email"], "nobody@party.example")
    ]
    assert len(verified) == 2
    for _, body in answers:
        for changing in ("instance", "request_id"):
            del body[changing]
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_an_account_that_has_no_password_yet_cannot_be_entered(rest: Rest, node: Node):
    await node.user("ben@party.example")
    status, _ = await rest.post("/auth/login", {"email": "ben@party.example", "password": PASSWORD})
    assert status == 401


async def test_failures_are_limited_by_account_and_address_together(rest: Rest, node: Node, clock: SetClock):
    await signed_up(rest)
    await signed_up(rest, email="ben@party.example")
    wrong, right = ({"email": ANA["email"], "password": word} for word in ("wrong password", PASSWORD))
    for _ in range(3):
        assert (await rest.post("/auth/login", right))[0] == 200
    for _ in range(10):
        assert (await rest.post("/auth/login", wrong))[0] == 401
    for body in (wrong, right, {**right, "email": "ANA@party.example"}):
        status, _ = await rest.post("/auth/login", body)
        assert status == 429
        assert 0 < int(rest.headers["Retry-After"]) <= 15 * 60
    # Somebody else at the same address, and the same account from elsewhere, are not shut out.
    assert (await rest.post("/auth/login", {**right, "email": "ben@party.example"}))[0] == 200
    from dibs_realtime.accounts.schemas import Credentials
    from dibs_realtime.accounts.use_cases import Origin

    await node.accounts.log_in(Credentials(**right), Origin("198.51.100.7", ""))
    clock.forward(minutes=15)
    assert (await rest.post("/auth/login", right))[0] == 200


async def test_failures_are_limited_by_address(start: Start, clock: SetClock):
    node = await start(rules=AttemptRules(per_address=20))
    async with Rest.of(node) as rest:
        await signed_up(rest)
        for n in range(20):
            status, _ = await rest.post(
                "/auth/login", {"email": f"nobody{n}@party.example", "password": "wrong password"}
            )
            assert status == 401
        status, _ = await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD})
        assert status == 429
        clock.forward(hours=1)
        assert (await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD}))[0] == 200


async def test_many_guesses_at_once_do_not_slip_through(rest: Rest):
    await signed_up(rest)
    guesses = [{"email": ANA["email"], "password": f"wrong password {n}"} for n in range(40)]
    answers = await asyncio.gather(*(rest.post("/auth/login", guess) for guess in guesses))
    assert sorted(status for status, _ in answers) == [401] * 10 + [429] * 30


async def test_registrations_are_limited_by_address(start: Start):
    node = await start(rules=AttemptRules(registrations=3))
    async with Rest.of(node) as rest:
        for n in range(3):
            await signed_up(rest, email=f"ana{n}@party.example")
        assert (await rest.post("/auth/register", ANA))[0] == 429


# ── refreshing ──


async def refresh(rest: Rest, token: str) -> tuple[int, Any]:
    return await rest.post("/auth/refresh", {"refresh_token": token})


async def test_refresh_rotates_and_slides(rest: Rest, clock: SetClock):
    body = await signed_up(rest)
    for _ in range(4):
        clock.forward(days=29)
        assert (await rest.get("/users/me", body["access_token"]))[0] == 401
        status, after = await refresh(rest, body["refresh_token"])
        assert status == 200
        assert after["refresh_token"] != body["refresh_token"]
        assert after["user"] == body["user"]
        assert (await rest.get("/users/me", after["access_token"]))[0] == 200
        body = after
    clock.forward(days=30)
    assert (await refresh(rest, body["refresh_token"]))[0] == 401


async def test_the_old_one_within_10_s_gets_the_same_successor(rest: Rest, clock: SetClock):
    body = await signed_up(rest)
    clock.forward(minutes=10)
    _, first = await refresh(rest, body["refresh_token"])
    clock.forward(seconds=10)
    status, again = await refresh(rest, body["refresh_token"])
    assert (status, again["refresh_token"]) == (200, first["refresh_token"])
    assert (await rest.get("/users/me", again["access_token"]))[0] == 200
    assert (await refresh(rest, again["refresh_token"]))[0] == 200


async def test_the_old_one_at_the_same_moment_gets_the_same_successor(rest: Rest):
    body = await signed_up(rest)
    answers = await asyncio.gather(*(refresh(rest, body["refresh_token"]) for _ in range(8)))
    assert {status for status, _ in answers} == {200}
    assert len({answer["refresh_token"] for _, answer in answers}) == 1


@pytest.mark.parametrize("how", ["later", "successor used"])
async def test_a_token_that_was_used_ends_the_session(rest: Rest, clock: SetClock, how: str):
    body = await signed_up(rest)
    _, successor = await refresh(rest, body["refresh_token"])
    if how == "later":
        clock.forward(seconds=10, milliseconds=1)
    else:
        _, successor = await refresh(rest, successor["refresh_token"])
    assert (await refresh(rest, body["refresh_token"]))[0] == 401
    assert (await refresh(rest, successor["refresh_token"]))[0] == 401
    for tokens in (body, successor):
        assert (await rest.get("/users/me", tokens["access_token"]))[0] == 401
    assert (await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD}))[0] == 200


async def test_a_forged_refresh_token_ends_nothing(rest: Rest):
    body = await signed_up(rest)
    session_id, generation, mac = body["refresh_token"].split(".")
    other = await signed_up(rest, email="ben@party.example")
    for forged in (
        "",
        "nonsense",
        body["access_token"][:200],
        f"{session_id}.1.{mac}",
        f"{session_id}.{generation}.{mac[:-2]}xx",
        f"{other['refresh_token'].split('.')[0]}.{generation}.{mac}",
    ):
        status, _ = await refresh(rest, forged)
        assert status == (422 if forged == "" else 401)
    assert (await refresh(rest, body["refresh_token"]))[0] == 200


async def test_a_device_has_nothing_to_refresh(rest: Rest, node: Node):
    session, _ = await node.session("device")
    token = node.tokens.refresh_token(session.id, 0, session.refresh_salt)
    assert (await refresh(rest, token))[0] == 401


# ── sessions ──


async def test_log_out(rest: Rest):
    body = await signed_up(rest)
    assert (await rest.post("/auth/logout", None, body["access_token"])) == (204, None)
    assert (await rest.get("/users/me", body["access_token"]))[0] == 401
    assert (await refresh(rest, body["refresh_token"]))[0] == 401


async def test_the_sessions_are_listed_and_ended(rest: Rest):
    first = await signed_up(rest)
    others = [(await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD}))[1] for _ in range(3)]
    stranger = await signed_up(rest, email="ben@party.example")
    status, page = await rest.get("/auth/sessions", first["access_token"])
    assert status == 200
    assert page["next_cursor"] is None
    assert [item["current"] for item in page["items"]] == [False, False, False, True]
    assert page["items"][0].keys() == {
        "id", "user_agent", "created_at", "last_used_at", "expires_at", "current",
    }  # fmt: skip
    assert page["items"][0]["user_agent"].startswith("Python/")

    newest = page["items"][0]["id"]
    assert (await rest.delete(f"/auth/sessions/{newest}", stranger["access_token"]))[0] == 404
    assert (await rest.delete(f"/auth/sessions/{newest}", first["access_token"])) == (204, None)
    assert (await rest.get("/users/me", others[2]["access_token"]))[0] == 401
    assert (await rest.get("/users/me", others[1]["access_token"]))[0] == 200
    assert (await rest.delete(f"/auth/sessions/{newest}", first["access_token"]))[0] == 404
    assert (await rest.delete("/auth/sessions/nonsense", first["access_token"]))[0] == 404
    assert len((await rest.get("/auth/sessions", first["access_token"]))[1]["items"]) == 3


async def test_the_sessions_come_in_pages(rest: Rest):
    body = await signed_up(rest)
    for _ in range(4):
        await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD})
    seen, cursor = [], ""
    while cursor is not None:
        _, page = await rest.get(f"/auth/sessions?limit=2{cursor}", body["access_token"])
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    assert (await rest.get("/auth/sessions?cursor=nonsense", body["access_token"]))[0] == 422
    assert (await rest.get("/auth/sessions?limit=0", body["access_token"]))[0] == 422


# ── the profile ──


async def test_the_name_changes_with_its_version(rest: Rest):
    body = await signed_up(rest)
    token = body["access_token"]
    status, me = await rest.patch("/users/me", {"name": "Ana B."}, token, if_match='"1"')
    assert (status, me["name"], me["version"]) == (200, "Ana B.", 2)
    assert rest.headers["ETag"] == '"2"'
    status, problem = await rest.patch("/users/me", {"name": "Other"}, token, if_match='"1"')
    assert (status, problem["current_version"]) == (412, 2)
    status, me = await rest.patch("/users/me", {"name": "Ana B."}, token)
    assert (status, me["version"]) == (200, 2)
    status, me = await rest.patch("/users/me", {}, token, if_match="*")
    assert (status, me["version"]) == (200, 2)


async def test_one_of_two_changes_at_the_same_moment_is_refused(rest: Rest):
    token = (await signed_up(rest))["access_token"]
    answers = await asyncio.gather(
        *(rest.patch("/users/me", {"name": f"Ana {n}"}, token, if_match='"1"') for n in range(5))
    )
    assert sorted(status for status, _ in answers) == [200, 412, 412, 412, 412]


async def test_a_new_password_ends_the_other_sessions(rest: Rest):
    here = await signed_up(rest)
    _, there = await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD})
    new = "another good password"
    status, me = await rest.patch("/users/me", {"password": new, "current_password": PASSWORD}, here["access_token"])
    assert (status, me["version"]) == (200, 2)
    assert (await rest.get("/users/me", here["access_token"]))[0] == 200
    assert (await rest.get("/users/me", there["access_token"]))[0] == 401
    assert (await refresh(rest, there["refresh_token"]))[0] == 401
    assert (await rest.post("/auth/login", {"email": ANA["email"], "password": PASSWORD}))[0] == 401
    assert (await rest.post("/auth/login", {"email": ANA["email"], "password": new}))[0] == 200


async def test_a_new_password_takes_the_current_one(rest: Rest):
    token = (await signed_up(rest))["access_token"]
    new = "another good password"
    for body in (
        {"password": new},
        {"current_password": PASSWORD},
        {"password": new, "current_password": "wrong password"},
        {"name": None},
        {"email": "other@party.example"},
    ):
        assert (await rest.patch("/users/me", body, token))[0] == 422, body
    for _ in range(9):
        await rest.patch("/users/me", {"password": new, "current_password": "wrong password"}, token)
    status, _ = await rest.patch("/users/me", {"password": new, "current_password": PASSWORD}, token)
    assert status == 429


# ── links ──


def token_of(link: str) -> str:
    assert link.startswith("https://party.example/app/#/password/")
    return link.rsplit("/", 1)[1]


async def test_a_link_makes_a_password_once(rest: Rest, node: Node, clock: SetClock):
    link = await node.links.for_new_account("ben@party.example", "Ben", clock())
    choice = {"token": token_of(link), "password": PASSWORD}
    assert (await rest.post("/auth/password", choice)) == (204, None)
    assert (await rest.post("/auth/login", {"email": "ben@party.example", "password": PASSWORD}))[0] == 200
    assert (await rest.post("/auth/password", choice))[0] == 404


async def test_a_link_is_used_once_also_at_the_same_moment(rest: Rest, node: Node, clock: SetClock):
    token = token_of(await node.links.for_new_account("ben@party.example", "Ben", clock()))
    answers = await asyncio.gather(
        *(rest.post("/auth/password", {"token": token, "password": f"{PASSWORD} {n}"}) for n in range(6))
    )
    assert sorted(status for status, _ in answers) == [204] + [404] * 5


async def test_a_reset_ends_all_sessions_and_only_the_newest_link_is_good(rest: Rest, node: Node, clock: SetClock):
    body = await signed_up(rest)
    older, newer = [token_of(await node.links.for_forgotten_password("ANA@party.example", clock())) for _ in "ab"]
    assert (await rest.get("/users/me", body["access_token"]))[0] == 200
    new = "another good password"
    assert (await rest.post("/auth/password", {"token": older, "password": new}))[0] == 404
    assert (await rest.post("/auth/password", {"token": newer, "password": "short"}))[0] == 422
    assert (await rest.post("/auth/password", {"token": newer, "password": new}))[0] == 204
    assert (await rest.get("/users/me", body["access_token"]))[0] == 401
    assert (await refresh(rest, body["refresh_token"]))[0] == 401
    assert (await rest.post("/auth/login", {"email": ANA["email"], "password": new}))[0] == 200


async def test_links_end(rest: Rest, node: Node, clock: SetClock):
    await signed_up(rest)
    setup = token_of(await node.links.for_new_account("ben@party.example", "Ben", clock()))
    reset = token_of(await node.links.for_forgotten_password(ANA["email"], clock()))
    clock.forward(days=1)
    assert (await rest.post("/auth/password", {"token": reset, "password": PASSWORD}))[0] == 404
    clock.forward(days=6)
    assert (await rest.post("/auth/password", {"token": setup, "password": PASSWORD}))[0] == 404


async def test_guessing_links_is_limited(start: Start):
    node = await start(rules=AttemptRules(per_address=5))
    async with Rest.of(node) as rest:
        statuses = [
            (await rest.post("/auth/password", {"token": f"guess {n}", "password": PASSWORD}))[0] for n in range(7)
        ]
        assert statuses == [404] * 5 + [429] * 2


async def test_nothing_of_an_account_reaches_redis_or_a_log(
    rest: Rest, redis_url: str, caplog: pytest.LogCaptureFixture
):
    from redis import Redis as PlainRedis

    caplog.set_level("DEBUG")
    await signed_up(rest, email="marked-address@party.example", name="MarkedName", password="marked-password")
    body = {"email": "marked-address@party.example", "password": "marked-wrong-word"}
    await rest.post("/auth/login", body)
    await rest.post("/auth/login", {**body, "password": "marked-password"})
    with PlainRedis.from_url(redis_url) as plain:
        kept = [(key, plain.dump(key)) for key in plain.scan_iter()]
    assert kept
    assert "marked" not in (str(kept) + caplog.text).lower()


async def test_a_password_that_changes_while_an_old_one_is_verified(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
):
    olga = await world.organizer()
    verify = Passwords.verify

    async def verified_and_overtaken(passwords: Passwords, password: str, stored: str | None) -> bool:
        right = await verify(passwords, password, stored)
        link = await PasswordLinks(database, "").for_forgotten_password(olga.email, world.clock())
        chosen = {"token": link.rpartition("/")[2], "password": "another long password"}
        await world.nobody.post("/auth/password", chosen)
        return right

    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "verify", verified_and_overtaken)
        await world.nobody.refused(401, "POST", "/auth/login", {"email": olga.email, "password": WORLD_PASSWORD})
    await world.nobody.post("/auth/login", {"email": olga.email, "password": "another long password"})
