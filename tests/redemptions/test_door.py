"""The door over REST: what a verdict says, the first time and again."""

import asyncio
from typing import Any

import pytest

from tests.support.clock import MovableClock
from tests.support.world import Party, fresh_key

NOTHING_DONE = {"redemption_id": None, "seq": None, "redeemed_at": None}


async def test_an_admission(party: Party) -> None:
    key, head = fresh_key(), (await party.owner.get(f"{party.path}/ledger"))["head_seq"]
    verdict = await party.device.redeem(f"https://party.example/V/{party.codes[0].lower()}", key)
    assert verdict.items() >= {
        "verdict": "accepted", "reason": None, "replayed": False, "dry_run": False, "previous": None,
        "conflict_id": None,
    }.items()  # fmt: skip
    assert verdict["seq"] == head + 1
    voucher = verdict["voucher"]
    assert voucher.items() >= {
        "code": f"…{party.codes[0][-2:]}", "state": "redeemed", "offer_id": party.ticket["id"],
        "offer_title": "Ticket", "uses": 1, "max_uses": 1, "remaining": 0, "guest_name": None,
    }.items()  # fmt: skip
    [entry] = (await party.owner.get(f"{party.path}/ledger", after_seq=head))["entries"]
    assert entry["gate_id"] == party.gate["id"]
    assert entry["data"].items() >= {
        "redemption_id": verdict["redemption_id"], "units": 1, "uses": 1, "max_uses": 1,
        "redeemed_at": verdict["redeemed_at"], "offline": False,
    }.items()  # fmt: skip
    by_key = await party.device.get(f"{party.path}/redemptions/by-key/{key}")
    assert by_key == {**verdict, "replayed": True}
    listed = (await party.owner.get(f"{party.path}/redemptions"))["items"]
    assert [(row["id"], row["seq"], row["device_id"]) for row in listed] == [
        (verdict["redemption_id"], verdict["seq"], party.device.id)
    ]


async def test_a_second_scan_is_told_where_when_and_by_whom(party: Party, clock: MovableClock) -> None:
    first = await party.device.redeem(party.codes[0])
    clock.forward(seconds=90)
    other = await party.world.device(party.owner, party.id, "Phone 2")
    again = {door: await door.redeem(party.codes[0]) for door in (party.device, other)}
    for door, refused in again.items():
        assert (refused["verdict"], refused["reason"]) == ("refused", "already_redeemed")
        assert {name: refused[name] for name in NOTHING_DONE} == NOTHING_DONE
        previous = refused["previous"]
        assert 90 <= previous.pop("seconds_ago") < 150
        assert previous == {
            "redemption_id": first["redemption_id"],
            "redeemed_at": first["redeemed_at"],
            "gate": "Main",
            "device": "Phone 1",
            "same_device": door is party.device,
        }
    attempts = (await party.owner.get(f"{party.path}/attempts"))["items"]
    assert [attempt["reason"] for attempt in attempts] == ["already_redeemed"] * 2


async def test_a_key_gets_its_first_verdict_whatever_happened_since(party: Party) -> None:
    accepted, refused = fresh_key(), fresh_key()
    first = await party.device.redeem(party.codes[0], accepted)
    await party.device.redeem(party.codes[0], refused)
    await party.owner.post(f"{party.path}/redemptions/{first['redemption_id']}/reversal", reversal())
    await party.owner.post(f"{party.path}/close")
    again, still_no = (
        await party.device.redeem(party.codes[0], accepted),
        await party.device.redeem(party.codes[0], refused),
    )
    assert again == {**first, "replayed": True}
    assert (still_no["reason"], still_no["replayed"]) == ("already_redeemed", True)
    assert (await party.device.redeem(party.codes[0]))["reason"] == "event_not_open"


async def test_everything_but_code_and_units_may_differ_between_tries(party: Party) -> None:
    key, side = fresh_key(), await party.world.gate(party.owner, party.id, "Side")
    first = await party.device.redeem(party.codes[0], key)
    [voucher] = (await party.owner.get(f"{party.path}/vouchers", q=party.codes[0]))["items"]
    others: list[dict[str, Any]] = [
        {"gate_id": side["id"]},
        {"scanned_at": party.world.clock()},
        {"dry_run": True},
        {"local": {"verdict": "accepted", "device_time": party.world.clock(), "clock_offset_ms": 0}},
    ]
    for other in others:
        again = await party.device.redeem(party.codes[0].lower(), key, **other)
        assert (again["replayed"], again["redemption_id"]) == (True, first["redemption_id"])
    manager = await party.world.member(party.owner, party.id, "door", "Dora")
    by_id = {"voucher_id": voucher["id"], "idempotency_key": key}
    assert (await manager.post(f"{party.path}/redemptions", by_id))["redemption_id"] == first["redemption_id"]
    for body in ({"code": party.codes[1]}, {"code": party.codes[0], "units": 2}):
        await party.device.refused(422, "POST", f"{party.path}/redemptions", {**body, "idempotency_key": key})


async def test_a_dry_run_stores_nothing(party: Party) -> None:
    key, head = fresh_key(), (await party.owner.get(f"{party.path}/ledger"))["head_seq"]
    for _ in range(2):
        dry = await party.device.redeem(party.codes[0], key, dry_run=True)
        assert dry.items() >= {"verdict": "accepted", "dry_run": True, "replayed": False, **NOTHING_DONE}.items()
        assert dry["voucher"]["uses"] == 0
    assert (await party.device.redeem("NOBODYSCODE", dry_run=True))["reason"] == "unknown_code"
    await party.device.refused(404, "GET", f"{party.path}/redemptions/by-key/{key}")
    assert (await party.owner.get(f"{party.path}/ledger"))["head_seq"] == head
    assert (await party.owner.get(f"{party.path}/attempts"))["items"] == []
    assert (await party.device.redeem(party.codes[0], key))["replayed"] is False


async def test_which_gate_counts(party: Party) -> None:
    side = await party.world.gate(party.owner, party.id, "Side")
    limited = await party.world.offer(
        party.owner, party.id, title="Side only", claimable=False, max_uses=9, gate_ids=[side["id"]]
    )
    [code] = await party.world.codes(party.owner, party.id, limited["id"])
    nowhere = await party.world.device(party.owner, party.id, "Nowhere")
    assert (await nowhere.redeem(code))["reason"] == "wrong_gate"
    assert (await party.device.redeem(code))["reason"] == "wrong_gate"  # it stands at the main gate
    assert (await party.device.redeem(code, gate_id=side["id"]))["verdict"] == "accepted"
    assert (await party.device.patch("/devices/me", {"gate_id": side["id"]}))["gate_id"] == side["id"]
    assert (await party.device.redeem(code))["verdict"] == "accepted"
    gates = (await party.owner.get(f"{party.path}/snapshot"))["gates"]
    assert {gate["name"]: gate["redeemed_units"] for gate in gates} == {"Main": 0, "Side": 2}
    await party.owner.refused(409, "DELETE", f"{party.path}/gates/{side['id']}")


async def test_a_batch_is_judged_in_order_and_each_item_on_its_own(party: Party) -> None:
    items: list[Any] = [
        {"code": party.codes[0], "idempotency_key": fresh_key()},
        {"code": party.codes[0], "idempotency_key": fresh_key()},
        {"code": party.codes[1]},
        "nonsense",
        {"code": party.codes[1], "idempotency_key": fresh_key()},
    ]
    results = (await party.device.post(f"{party.path}/redemptions/batch", {"items": items}))["results"]
    told = [result["problem"]["status"] if "problem" in result else result["reason"] for result in results]
    assert told == [None, "already_redeemed", 422, 422, None]
    for wrong in ([], items[:1] * 501):
        await party.device.refused(422, "POST", f"{party.path}/redemptions/batch", {"items": wrong})
    many = (await party.device.post(f"{party.path}/redemptions/batch", {"items": items[:1] * 500}))["results"]
    assert {(result["verdict"], result["replayed"]) for result in many} == {("accepted", True)}


async def test_an_item_of_a_batch_is_read_as_strictly_as_a_request(party: Party) -> None:
    item = {"code": party.codes[0], "idempotency_key": fresh_key()}
    local = {"verdict": "accepted", "device_time": party.world.clock(), "clock_offset_ms": 0, "clock_suspect": False}
    loose = [{**item, "units": True}, {**item, "local": {**local, "clock_suspect": 1}}, {**item, "code": 7}, [item]]
    results = (await party.device.post(f"{party.path}/redemptions/batch", {"items": loose}))["results"]
    assert [result["problem"]["status"] for result in results] == [422] * 4
    assert results[0]["problem"]["errors"][0]["loc"] == ["item", "units"]
    for wrong in loose:
        await party.device.refused(422, "POST", f"{party.path}/redemptions", wrong)


async def test_a_closed_event_still_takes_what_doors_did_before(party: Party, clock: MovableClock) -> None:
    scanned_at = clock()
    clock.forward(minutes=5)
    await party.owner.post(f"{party.path}/close")
    assert (await party.device.redeem(party.codes[0]))["reason"] == "event_not_open"
    assert (await party.guest.claim(party.offer["id"]))["reason"] == "event_not_open"
    assert (await party.guest.get("/guest/vouchers"))["items"] == []
    local = {"verdict": "accepted", "device_time": scanned_at, "clock_offset_ms": 0, "staff": "Ona"}
    late = await party.device.redeem(party.codes[1], scanned_at=scanned_at, local=local)
    assert (late["verdict"], late["conflict_id"]) == ("accepted", None)
    assert late["redeemed_at"] < (await party.owner.get(party.path))["updated_at"]


async def test_a_door_that_may_search_no_more_still_brings_in_what_it_did(party: Party, clock: MovableClock) -> None:
    finder = await party.world.device(party.owner, party.id, "Finder", can_search=True)
    [voucher] = (await party.owner.get(f"{party.path}/vouchers", q=party.codes[0]))["items"]
    scanned_at, path = clock(), f"{party.path}/redemptions"
    await party.owner.patch(f"{party.path}/devices/{finder.id}", {"can_search": False})
    scan = {"voucher_id": voucher["id"], "idempotency_key": fresh_key()}
    await finder.refused(403, "POST", path, scan)
    local = {"verdict": "accepted", "device_time": scanned_at, "clock_offset_ms": 0}
    [result] = (await finder.post(f"{path}/batch", {"items": [{**scan, "scanned_at": scanned_at, "local": local}]}))[
        "results"
    ]
    assert result["verdict"] == "accepted"


@pytest.mark.parametrize("language", ["lt", "en"])
async def test_the_message_is_for_a_person(party: Party, language: str) -> None:
    body = {"code": "NOBODYSCODE", "idempotency_key": fresh_key()}
    headers = {"Accept-Language": f"{language};q=0.9, de;q=0.1"}
    refused = await party.device.post(f"{party.path}/redemptions", body, headers=headers)
    assert refused["message"]
    in_english = (await party.device.redeem("NOBODYSCODE"))["message"]
    assert (refused["message"] == in_english) == (language == "en")


def reversal(key: str | None = None) -> dict[str, str]:
    return {"idempotency_key": key or fresh_key(), "reason": "spilled"}


async def test_a_reversal_gives_all_units_back(party: Party) -> None:
    offer = await party.world.offer(party.owner, party.id, title="Rounds", claimable=False, max_uses=5)
    [code] = await party.world.codes(party.owner, party.id, offer["id"])
    await party.device.redeem(code, units=2)
    second = await party.device.redeem(code, units=3)
    path = f"{party.path}/redemptions/{second['redemption_id']}/reversal"
    body = reversal()
    reversed_ = await party.device.post(path, body)
    assert reversed_["voucher"].items() >= {"state": "issued", "uses": 2, "remaining": 3}.items()
    assert reversed_.items() >= {"verdict": "reversed", "reason": None, "replayed": False}.items()
    assert await party.device.post(path, body) == {**reversed_, "replayed": True}
    again = await party.device.post(path, reversal())
    assert again.items() >= {"verdict": "refused", "reason": "already_reversed", "seq": None}.items()
    entry = (await party.owner.get(f"{party.path}/ledger", after_seq=reversed_["seq"] - 1))["entries"][0]
    assert entry["kind"] == "redemption.reversed"
    assert entry["data"].items() >= {"units": 3, "reason": "spilled"}.items()
    assert (await party.device.redeem(code, units=3))["verdict"] == "accepted"
    await party.device.redeem(party.codes[0])
    ours = (await party.owner.get(f"{party.path}/redemptions", voucher_id=second["voucher"]["id"]))["items"]
    assert [(item["units"], item["reversed_at"] is None) for item in ours] == [(3, True), (3, False), (2, True)]
    assert len((await party.owner.get(f"{party.path}/redemptions"))["items"]) == 4


async def test_doors_take_back_their_own_for_a_quarter_of_an_hour_and_managers_all(
    party: Party, clock: MovableClock
) -> None:
    redemptions = [(await party.device.redeem(code))["redemption_id"] for code in party.codes]
    other = await party.world.device(party.owner, party.id, "Phone 2")
    manager = await party.world.member(party.owner, party.id, "manager", "Mona")
    first, second = (f"{party.path}/redemptions/{each}/reversal" for each in redemptions)
    assert (await other.post(first, reversal()))["reason"] == "not_yours"
    clock.forward(minutes=14)
    assert (await party.device.post(first, reversal()))["verdict"] == "reversed"
    clock.forward(minutes=2)
    assert (await party.device.post(second, reversal()))["reason"] == "too_late"
    # Signed in anew: the clock has moved on.
    fresh = await party.world.nobody.post("/auth/refresh", {"refresh_token": manager.refresh_token})
    manager.token = fresh["access_token"]
    assert (await manager.post(second, reversal()))["verdict"] == "reversed"


async def test_the_figures_add_up(party: Party) -> None:
    held = (await party.guest.claim(party.offer["id"]))["voucher"]
    await asyncio.gather(party.device.redeem(held["code"]), *(party.device.redeem(code) for code in party.codes))
    undone = await party.device.redeem(party.codes[0])
    assert undone["reason"] == "already_redeemed"
    stats = await party.owner.get(f"{party.path}/stats")
    assert stats["totals"].items() >= {"issued": 3, "claimed": 1, "redeemed_units": 3, "voided": 0}.items()
    assert {row["title"]: row["redeemed_units"] for row in stats["offers"]} == {"Drink": 1, "Ticket": 2}
    assert {row["name"]: row["redeemed_units"] for row in stats["gates"]} == {"Main": 3}
    assert (stats["refused"], stats["open_conflicts"]) == (1, 0)
    assert sum(row["redeemed_units"] for row in stats["minutes"]) == 3
    assert sum(row["claimed"] for row in stats["minutes"]) == 1
    snapshot = await party.owner.get(f"{party.path}/snapshot")
    assert stats["seq"] == snapshot["seq"] == (await party.owner.get(f"{party.path}/ledger"))["head_seq"]
