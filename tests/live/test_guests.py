"""Guests and the public page."""

import asyncio
from pathlib import Path

import pytest

from dibs_realtime.live import feed as feed_module
from tests.support.waiting import eventually

from .clients import Socket
from .load import busy
from .node import Node, Start, teller_and_hearer
from .party import Party


async def test_a_guest_sees_whatever_happens_to_a_voucher(start: Start):
    one, two = await start(), await start()
    party = await Party.begin(one)
    door, _ = await party.device()
    guest, other = await party.guest(), await party.guest()
    async with Socket(two, guest) as screen, Socket(two, guest) as tablet, Socket(two, other) as stranger:
        await asyncio.sleep(0.3)  # the subscription
        voucher = await party.claim(guest)
        [shown] = await screen.expect("voucher")
        assert {name: shown[name] for name in voucher} == voucher
        verdict = await party.redeem(door, voucher["code"])
        assert (await screen.expect("voucher", 2))[1]["state"] == "redeemed"
        reversal = f"/events/{party.id}/redemptions/{verdict['redemption_id']}/reversal"
        await one.ask("POST", reversal, door, {"idempotency_key": "k" * 16, "reason": "slipped"})
        assert (await screen.expect("voucher", 3))[2]["state"] == "claimed"
        await one.ask("POST", f"/guest/vouchers/{voucher['id']}/release", guest)
        assert (await screen.expect("voucher", 4))[3]["state"] == "released"
        await tablet.expect("voucher", 4)
        assert stranger.got["voucher"] == []


async def test_a_voucher_that_is_claimed_right_after_connecting_is_shown(start: Start, tmp_path: Path):
    """Also on a node that hears of it from PostgreSQL alone."""
    nowhere = f"unix://{tmp_path}/nowhere.sock"
    one, two = await teller_and_hearer(start, redis_url=nowhere)
    party = await Party.begin(one)
    for _ in range(3):
        guest = await party.guest()
        async with Socket(two, guest) as screen:
            voucher = await party.claim(guest)
            [shown] = await screen.expect("voucher", seconds=1)
            assert shown["id"] == voucher["id"]


async def test_guests_and_doors_come_back_when_a_node_skipped_what_happened(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one, two = await teller_and_hearer(start, redis_url=f"unix://{tmp_path}/nowhere.sock")
    party = await Party.begin(one)
    guest, (door, _) = await party.guest(), await party.device()
    async with Socket(two, guest) as screen, Socket(two, door) as scanner, Socket(two, party.owner) as watcher:
        for watching in (scanner, watcher):
            await watching.watch(party.id)
        monkeypatch.setattr(feed_module, "LEAP", 0)  # now whatever the node hears of from PostgreSQL is too much
        voucher = await party.claim(guest)
        for gone in (screen, scanner):
            [again] = await gone.expect("reconnect")
            assert 0 < again["within_ms"] <= 10_000
            await eventually(lambda gone=gone: not gone.client.connected)
            assert gone.got["session_ended"] == []
        await eventually(lambda: any(head["head_seq"] >= 6 for head in watcher.got["head"]))
        assert watcher.client.connected
    async with Socket(two, guest):
        assert [held["id"] for held in (await two.ask("GET", "/guest/vouchers", guest))["items"]] == [voucher["id"]]


async def test_the_public_page_counts(start: Start):
    one, two = await start(), await start()
    party = await Party.begin(one)
    guest = await party.guest()
    async with Socket(two) as page:
        ack = await page.call("watch_public", {"slug": party.slug})
        public = await one.ask("GET", f"/public/events/{party.slug}")
        assert ack == {"ok": True, "status": "open", "offers": public["offers"]}
        [first] = await page.expect("counts")
        zero = {"status": "active", "claimed": 0, "redeemed": 0, "remaining": None}
        assert first == {"slug": party.slug, "status": "open", "offers": {party.offer["id"]: zero}}
        await party.claim(guest)
        await eventually(lambda: page.got["counts"][-1]["offers"][party.offer["id"]]["claimed"] == 1)
        # What moves no public number sends nothing.
        count = len(page.got["counts"])
        await one.ask("POST", f"/events/{party.id}/gates", party.owner, {"name": "North"}, status=201)
        await asyncio.sleep(0.5)
        assert len(page.got["counts"]) == count
        # A pause and the end of the night are told at once.
        path = f"/events/{party.id}/offers/{party.offer['id']}"
        await one.ask("PATCH", path, party.owner, {"status": "paused"})
        await eventually(lambda: page.got["counts"][-1]["offers"][party.offer["id"]]["status"] == "paused")
        await one.ask("POST", f"/events/{party.id}/close", party.owner)
        await eventually(lambda: page.got["counts"][-1]["status"] == "closed")


async def test_counts_come_five_times_a_second_and_the_last_one_always(node: Node, party: Party):
    async with Socket(node) as page:
        await page.call("watch_public", {"slug": party.slug})
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with busy(party, [node]):
            await asyncio.sleep(1.5)
        lasted = loop.time() - began
        database = node.parts.database
        claimed = (await node.ask("GET", f"/public/events/{party.slug}"))["offers"][0]["claimed"]
        await eventually(lambda: page.got["counts"][-1]["offers"][party.offer["id"]]["claimed"] == claimed, 1, database)
        assert 3 <= len(page.got["counts"]) <= lasted * 5 + 3
        numbers = [counts["offers"][party.offer["id"]]["claimed"] for counts in page.got["counts"]]
        assert numbers == sorted(set(numbers))


async def test_who_comes_to_the_page_later_gets_the_numbers_once(node: Node, party: Party):
    guest = await party.guest()
    async with Socket(node) as early, Socket(node) as late:
        await early.call("watch_public", {"slug": party.slug})
        await party.claim(guest)
        await eventually(
            lambda: early.got["counts"] and early.got["counts"][-1]["offers"][party.offer["id"]]["claimed"]
        )
        await asyncio.sleep(0.3)
        told = len(early.got["counts"])
        await late.call("watch_public", {"slug": party.slug})
        await late.expect("counts")
        await asyncio.sleep(0.3)
        assert (len(early.got["counts"]), len(late.got["counts"])) == (told, 1)
        assert late.got["counts"][0] == early.got["counts"][-1]


async def test_a_draft_has_no_page(node: Node, party: Party):
    event = await node.ask(
        "POST",
        "/events",
        party.owner,
        {k: party.event[k] for k in ("timezone", "starts_at", "ends_at")}
        | {"name": "Draft", "slug": f"{party.slug}-draft"},
        status=201,
    )
    async with Socket(node) as page:
        assert (await page.call("watch_public", {"slug": event["slug"]}))["problem"]["status"] == 404


async def test_nothing_is_held_after_everybody_left(node: Node, party: Party):
    guest = await party.guest()
    async with Socket(node, guest) as screen, Socket(node) as page, Socket(node, party.owner) as watcher:
        await screen.call("watch_public", {"slug": party.slug})
        await page.call("watch_public", {"slug": party.slug})
        await page.call("watch_public", {"slug": party.slug})
        await watcher.watch(party.id)
        await watcher.watch(party.id)
        assert node.hub._feeds._holders
    await eventually(lambda: node.hub._connections._by_sid == {})
    hub = node.hub
    for held in (hub._feeds._holders, hub._public._slugs, hub._guests._guests, hub._connections._rooms):
        assert not held
    assert len(list(hub._feeds)) == 1  # it lingers for those who come back
