"""Guests: signing in, calling dibs, giving back, and what everybody sees of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import StartNode
from tests.support.clock import MovableClock
from tests.support.rest import Client, Rest
from tests.support.world import PASSWORD, Party, World, fresh_key


async def public_offer(party: Party, offer_id: str) -> dict[str, Any]:
    offers = (await party.world.nobody.get(f"/public/events/{party.event['slug']}"))["offers"]
    return next(offer for offer in offers if offer["id"] == offer_id)


async def test_a_claim_and_its_replay(party: Party) -> None:
    key = fresh_key()
    claimed = await party.guest.claim(party.offer["id"], key)
    assert claimed.items() >= {"verdict": "claimed", "reason": None, "replayed": False, "remaining": None}.items()
    voucher = claimed["voucher"]
    assert voucher.items() >= {"state": "claimed", "uses": 0, "max_uses": 1, "remaining": 1}.items()
    assert len(voucher["code"]) == 10
    assert await party.guest.claim(party.offer["id"], key) == {**claimed, "replayed": True}
    # The key is this guest's: somebody else may use the same word.
    other = await party.world.guest(party.event["slug"])
    assert (await other.claim(party.offer["id"], key))["voucher"]["id"] != voucher["id"]
    second = await party.world.offer(party.owner, party.id, title="Cake")
    await party.guest.refused(422, "POST", f"/offers/{second['id']}/claims", {"idempotency_key": key})
    assert [held["id"] for held in (await party.guest.get("/guest/vouchers"))["items"]] == [voucher["id"]]


async def test_a_verdict_outlives_its_offer(party: Party) -> None:
    offer = await party.world.offer(party.owner, party.id, claimable=False)
    path, key = f"/offers/{offer['id']}/claims", {"idempotency_key": fresh_key()}
    refused = await party.guest.post(path, key)
    assert refused["reason"] == "not_claimable"
    await party.owner.delete(f"{party.path}/offers/{offer['id']}")
    assert await party.guest.post(path, key) == {**refused, "replayed": True}
    await party.guest.refused(404, "POST", path, {"idempotency_key": fresh_key()})


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ({"status": "paused"}, "offer_paused"),
        ({"claimable": False}, "not_claimable"),
        ({"claim_from": timedelta(hours=1)}, "not_yet_open"),
        ({"claim_until": timedelta(seconds=-1)}, "closed"),
        ({"per_guest_limit": 1}, "guest_limit_reached"),
        ({"quantity": 0}, "sold_out"),
    ],
)
async def test_refusals_are_answers(party: Party, offer: dict[str, Any], reason: str) -> None:
    fields = {
        name: party.world.clock() + value if isinstance(value, timedelta) else value for name, value in offer.items()
    }
    made = await party.world.offer(party.owner, party.id, title="Other", **fields)
    if reason == "guest_limit_reached":
        assert (await party.guest.claim(made["id"]))["verdict"] == "claimed"
    key = fresh_key()
    refused = await party.guest.claim(made["id"], key)
    assert refused.items() >= {"verdict": "refused", "reason": reason, "voucher": None}.items()
    # Whatever changes: the same key keeps its answer.
    free = {"status": "active", "claimable": True, "claim_from": None, "claim_until": None}
    path = f"{party.path}/offers/{made['id']}"
    await party.owner.patch(path, {**free, "per_guest_limit": None, "quantity": None})
    assert (await party.guest.claim(made["id"], key)).items() >= {"reason": reason, "replayed": True}.items()
    assert (await party.guest.claim(made["id"]))["verdict"] == "claimed"


async def test_a_claim_takes_the_oldest_issued_voucher_and_then_makes_one(party: Party) -> None:
    offer = await party.world.offer(party.owner, party.id, title="Poster", quantity=3, max_uses=2)
    await party.owner.post(f"{party.path}/vouchers", {"offer_id": offer["id"], "codes": ["OLDEST", "YOUNGER"]})
    guests = [await party.world.guest(party.event["slug"]) for _ in range(4)]
    found = [await guest.claim(offer["id"]) for guest in guests]
    assert [one["voucher"]["code"] for one in found[:2]] == ["01DEST", "Y0UNGER"]
    assert [one["remaining"] for one in found] == [2, 1, 0, 0]
    assert found[3]["reason"] == "sold_out"
    assert len(found[2]["voucher"]["code"]) == 10
    assert found[2]["voucher"]["max_uses"] == 2


async def test_giving_back_frees_the_place_and_the_guests_limit(party: Party) -> None:
    offer = await party.world.offer(party.owner, party.id, title="One each", quantity=1, per_guest_limit=1)
    first = (await party.guest.claim(offer["id"]))["voucher"]
    assert (await party.guest.claim(offer["id"]))["reason"] == "guest_limit_reached"
    for _ in range(2):  # a second time changes nothing
        released = await party.guest.post(f"/guest/vouchers/{first['id']}/release")
        assert released.items() >= {"state": "released", "remaining": 0}.items()
    assert (await public_offer(party, offer["id"]))["remaining"] == 1
    second = (await party.guest.claim(offer["id"]))["voucher"]
    assert second["code"] != first["code"]
    assert (await party.device.redeem(first["code"]))["reason"] == "voided"
    assert (await party.device.redeem(second["code"]))["verdict"] == "accepted"
    await party.guest.refused(409, "POST", f"/guest/vouchers/{second['id']}/release")
    entries = (await party.owner.get(f"{party.path}/ledger"))["entries"]
    [data] = [entry["data"] for entry in entries if entry["kind"] == "voucher.released"]
    assert data.items() >= {"uses": 0, "place_returned": True}.items()


@pytest.mark.parametrize("used", [False, True])
async def test_voiding_gives_the_place_back_only_when_unused(party: Party, used: bool) -> None:
    offer = await party.world.offer(party.owner, party.id, title="Two sips", quantity=1, per_guest_limit=1, max_uses=2)
    voucher = (await party.guest.claim(offer["id"]))["voucher"]
    if used:
        await party.device.redeem(voucher["code"])
    voided = await party.owner.post(f"{party.path}/vouchers/{voucher['id']}/void", {"reason": "torn"})
    assert voided["state"] == "voided"
    assert (await public_offer(party, offer["id"]))["remaining"] == (0 if used else 1)
    again = await party.guest.claim(offer["id"])
    assert again["reason"] == ("guest_limit_reached" if used else None)
    entries = (await party.owner.get(f"{party.path}/ledger"))["entries"]
    [data] = [entry["data"] for entry in entries if entry["kind"] == "voucher.voided"]
    assert data.items() >= {"uses": int(used), "place_returned": not used}.items()


async def test_a_draft_has_no_page_and_a_closed_event_has_one(world: World) -> None:
    owner = await world.organizer()
    event = await world.event(owner, opened=False)
    hidden = await world.offer(owner, event["id"], claimable=False, title="At the door")
    shown = await world.offer(owner, event["id"], quantity=5)
    page = f"/public/events/{event['slug']}"
    await world.nobody.refused(404, "GET", page)
    await world.nobody.refused(404, "POST", f"{page}/guests", {})
    await owner.post(f"/events/{event['id']}/open")
    public = await world.nobody.get(page)
    assert (public["status"], [offer["id"] for offer in public["offers"]]) == ("open", [shown["id"]])
    assert hidden["id"] not in str(public)
    await owner.post(f"/events/{event['id']}/close")
    assert (await world.nobody.get(page))["status"] == "closed"


async def test_what_an_event_asks_of_its_guests(world: World) -> None:
    owner = await world.organizer()
    event = await world.event(owner, guest_access="access_code", access_code="Sesame", guest_name="required")
    guests = f"/public/events/{event['slug']}/guests"
    for wrong in ({"name": "Gus"}, {"name": "Gus", "access_code": "sesam"}):
        await world.nobody.refused(403, "POST", guests, wrong)
    await world.nobody.refused(422, "POST", guests, {"access_code": "Sesame"})
    made = await world.nobody.post(guests, {"name": " Gus ", "email": "gus@dibs.example", "access_code": "Sesame"})
    assert made["guest"]["name"] == "Gus"
    assert made.keys() >= {"guest", "access_token", "expires_at"}
    nameless = await world.event(owner, guest_name="off")
    signed = await world.nobody.post(f"/public/events/{nameless['slug']}/guests", {"name": "Gus"})
    assert signed["guest"]["name"] is None


async def test_a_link_opens_the_wallet_elsewhere_once_and_for_ten_minutes(party: Party, clock: MovableClock) -> None:
    voucher = (await party.guest.claim(party.offer["id"]))["voucher"]
    nobody = party.world.nobody
    token = (await party.guest.post("/guest/links"))["url"].rpartition("#")[2]
    opened = await nobody.post("/guest/links/open", {"token": token})
    tablet = Rest(party.world.client, opened["access_token"])
    assert [held["id"] for held in (await tablet.get("/guest/vouchers"))["items"]] == [voucher["id"]]
    await nobody.refused(404, "POST", "/guest/links/open", {"token": token})
    late = (await party.guest.post("/guest/links"))["url"].rpartition("#")[2]
    clock.forward(minutes=10, seconds=1)
    await nobody.refused(404, "POST", "/guest/links/open", {"token": late})


async def test_tokens_follow_the_end_of_the_event_both_ways(
    party: Party, second_node: Client, clock: MovableClock
) -> None:
    there = Rest(second_node, party.guest.token), Rest(second_node, party.device.token)
    link = (await party.guest.post("/guest/links"))["url"].rpartition("#")[2]
    tablet = await party.world.nobody.post("/guest/links/open", {"token": link})

    async def are_in() -> bool:
        callers = party.guest, there[0], Rest(party.world.client, tablet["access_token"])
        answers = [await caller.ask("GET", "/guest/vouchers") for caller in callers]
        answers += [await caller.ask("GET", f"{party.path}/gates") for caller in (party.device, there[1])]
        statuses = {answer.status for answer in answers}
        assert statuses in ({200}, {401})
        return statuses == {200}

    assert await are_in()
    begun = clock()
    await party.owner.patch(party.path, {"ends_at": begun + timedelta(days=60)})
    clock.forward(days=89)
    assert await are_in()
    owner = await signed_in_again(party)
    await owner.patch(party.path, {"ends_at": begun + timedelta(days=70)})
    clock.forward(days=10)
    assert await are_in()
    await (await signed_in_again(party)).patch(party.path, {"ends_at": begun + timedelta(days=60)})
    clock.forward(minutes=16)
    assert not await are_in()


async def signed_in_again(party: Party) -> Rest:
    """Sign the owner in, whose session ended long ago."""
    body = {"email": party.owner.email, "password": PASSWORD}
    return Rest(party.world.client, (await party.world.nobody.post("/auth/login", body))["access_token"])


async def test_tokens_of_guests_and_devices_end_thirty_days_after_the_event(party: Party, clock: MovableClock) -> None:
    clock.forward(days=30, hours=7)
    assert (await party.guest.get("/guest/vouchers"))["items"] == []
    assert (await party.device.get(f"{party.path}/gates"))["items"]
    clock.forward(hours=2)
    await party.guest.refused(401, "GET", "/guest/vouchers")
    await party.device.refused(401, "GET", f"{party.path}/gates")


async def test_mistyped_access_codes_keep_a_venue_out_for_a_moment_and_no_other_event(
    start_node: StartNode, clock: MovableClock
) -> None:
    # Slower than it is in earnest: no real second decides.
    world = World(await start_node(access_code_burst=3, access_codes_per_second=0.01, guest_burst=12), clock)
    owner = await world.organizer()
    asking = {"guest_access": "access_code", "access_code": "Sesame"}
    event, other = await world.event(owner, **asking), await world.event(owner, **asking)
    guests = f"/public/events/{event['slug']}/guests"
    right, wrong = {"access_code": "Sesame"}, {"access_code": "sesam"}
    for _ in range(3):
        await world.nobody.post(guests, right)
        await world.nobody.refused(403, "POST", guests, wrong)
    for code in (right, wrong) * 5:  # which of them it was is not told, and takes nothing from the other event
        late = await world.nobody.ask("POST", guests, code)
        assert late.status == 429
        assert 0 < int(late.headers["Retry-After"]) <= 100
    await world.nobody.post(f"/public/events/{other['slug']}/guests", right)
    clock.forward(seconds=100)
    for _ in range(5):
        await world.nobody.post(guests, right)


async def test_many_guesses_at_once_do_not_slip_through(start_node: StartNode, clock: MovableClock) -> None:
    world = World(await start_node(access_code_burst=3, access_codes_per_second=0.01), clock)
    event = await world.event(await world.organizer(), guest_access="access_code", access_code="4711")
    guests = f"/public/events/{event['slug']}/guests"
    answers = await asyncio.gather(
        *(world.nobody.ask("POST", guests, {"access_code": f"{guess:04}"}) for guess in range(40))
    )
    assert sorted(answer.status for answer in answers) == [403] * 3 + [429] * 37
