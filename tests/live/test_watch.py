"""Watching an event on one node."""

import asyncio
import json
import time
from typing import Any

import pytest

from .clients import Bare, Observer, Socket
from .node import Node
from .party import Party, new_key


async def test_the_first_watch_gets_a_snapshot_and_then_entries(node: Node, party: Party):
    guest = await party.guest()
    async with Socket(node, party.owner) as watcher:
        ack = await watcher.watch(party.id)
        assert ack == {
            "ok": True,
            "epoch": ack["epoch"],
            "head_seq": 3,
            "snapshot": await node.ask("GET", f"/events/{party.id}/snapshot", party.owner),
            "entries": [],
            "resync": False,
        }
        voucher = await party.claim(guest)
        [frame] = await watcher.expect("ledger")
        assert frame == {
            "event_id": party.id,
            "epoch": ack["epoch"],
            "from_seq": 4,
            "to_seq": 4,
            "entries": (await party.ledger())[3:],
        }
        assert frame["entries"][0]["voucher_id"] == voucher["id"]


async def test_who_comes_back_gets_what_was_missed(node: Node, party: Party):
    guest = await party.guest()
    observer = Observer(node, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    await party.claim(guest)
    await observer.expect("ledger")
    await observer.disconnect()
    for _ in range(5):
        await party.claim(guest)
    await observer.again()
    assert (observer.seq, observer.resyncs) == (9, 0)
    assert observer.entries == (await party.ledger())[3:]
    await observer.disconnect()


@pytest.mark.parametrize("after", ["2", True, 2.0])
async def test_a_message_is_read_as_strictly_as_a_request(node: Node, party: Party, after: Any):
    async with Socket(node, party.owner) as watcher:
        ack = await watcher.call("watch", {"event_id": party.id, "after_seq": after})
        assert ack["problem"]["status"] == 422
        assert ack["problem"]["errors"][0]["loc"] == ["body", "after_seq"]


async def test_a_message_that_is_nested_too_deep_is_refused(node: Node):
    async with Bare(node) as bare:
        await bare.hello()
        for depth in (100, 220, 400, 1000):
            await bare.ws.send_str('420["watch_public",{"slug":%s}]' % ("[" * depth + "]" * depth))
            assert json.loads((await bare.text())[3:])[0]["problem"]["status"] == 422


@pytest.mark.parametrize(
    "after", [{"after_seq": 4}, {"epoch": new_key()[:8] + "-0000-7000-8000-000000000000", "after_seq": 2}]
)
async def test_who_cannot_go_on_gets_a_snapshot(node: Node, party: Party, after: dict[str, Any]):
    async with Socket(node, party.owner) as watcher:
        ack = await watcher.watch(party.id, **after)
        assert ack["resync"] is True
        assert ack["snapshot"]["seq"] == ack["head_seq"] == 3
        assert ack["entries"] == []


async def test_the_head_is_told_every_two_seconds(node: Node, party: Party):
    async with Socket(node, party.owner) as watcher:
        ack = await watcher.watch(party.id)
        await watcher.expect("head")
        for count in (2, 3):
            await watcher.expect("head", count, seconds=2)
        assert watcher.got["head"][0] == {"event_id": party.id, "epoch": ack["epoch"], "head_seq": 3}


async def test_unwatch_ends_it(node: Node, party: Party):
    guest = await party.guest()
    async with Socket(node, party.owner) as watcher:
        await watcher.watch(party.id)
        assert await watcher.call("unwatch", {"event_id": party.id}) == {"ok": True}
        await party.claim(guest)
        await asyncio.sleep(0.2)
        assert watcher.got["ledger"] == []
        ack = await watcher.watch(party.id, after_seq=3)
        assert [entry["seq"] for entry in ack["entries"]] == [4]


async def test_a_refused_scan_is_told(node: Node, party: Party):
    door, device = await party.device()
    async with Socket(node, party.owner) as watcher:
        await watcher.watch(party.id)
        assert (await party.redeem(door, "NOSUCHCODE"))["reason"] == "unknown_code"
        [scan] = await watcher.expect("scan")
        assert (scan["event_id"], scan["reason"], scan["device_id"]) == (party.id, "unknown_code", device["id"])
        assert "NOSUCHCODE" not in str(scan)


async def test_a_door_redeems_and_a_guest_claims_over_the_socket(node: Node, party: Party):
    door, _ = await party.device()
    guest = await party.guest()
    async with Socket(node, door) as at_door, Socket(node, guest) as at_home:
        claimed = await at_home.call("claim", {"offer_id": party.offer["id"], "idempotency_key": new_key()})
        assert claimed["ok"]
        code = claimed["claim"]["voucher"]["code"]
        await at_home.expect("voucher")  # it tells the state at the time of reading
        request = {"event_id": party.id, "code": code, "idempotency_key": new_key()}
        asked_at = time.time()
        first = await at_door.call("redeem", request)
        assert asked_at - 1 < first["server_time"] / 1_000 < time.time() + 1
        again = await at_door.call("redeem", request)
        assert first["verdict"]["verdict"] == "accepted"
        assert again["verdict"] == {**first["verdict"], "replayed": True}
        over_rest = await node.ask(
            "POST", f"/events/{party.id}/redemptions", door, {k: v for k, v in request.items() if k != "event_id"}
        )
        assert over_rest == again["verdict"]
        vouchers = await at_home.expect("voucher", 2)
        assert [voucher["state"] for voucher in vouchers] == ["claimed", "redeemed"]
        assert all(voucher["code"] == code for voucher in vouchers)


async def test_the_door_is_answered_in_its_language(node: Node, party: Party):
    door, _ = await party.device()
    async with Socket(node, door, language="lt") as at_door:
        ack = await at_door.call("redeem", {"event_id": party.id, "code": "NOSUCHCODE", "idempotency_key": new_key()})
        assert ack["verdict"]["message"] == "Tokio kodo nežinome."
