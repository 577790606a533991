"""Each thing that a door did alone and a person should look at is in the inbox once, with both sides."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.clock import MovableClock
from tests.support.world import Device, Party, fresh_key


def alone(clock: MovableClock, **fields: Any) -> dict[str, Any]:
    return {"verdict": "accepted", "device_time": clock(), "clock_offset_ms": -1_500, "staff": "Ona", **fields}


async def bring(device: Device, clock: MovableClock, code: str, key: str | None = None, **fields: Any) -> Any:
    local = alone(clock, **fields)
    return await device.redeem(code, key, scanned_at=clock(), local=local)


async def inbox(party: Party) -> list[Any]:
    items: list[Any] = (await party.owner.get(f"{party.path}/conflicts"))["items"]
    assert (await party.owner.get(f"{party.path}/snapshot"))["open_conflicts"] == len(items)
    return items


async def test_two_admissions_show_both_doors_as_they_saw_it(party: Party, clock: MovableClock):
    other = await party.world.device(party.owner, party.id, "Phone 2", gate_id=party.gate["id"])
    assert (await bring(party.device, clock, party.codes[0]))["verdict"] == "accepted"
    clock.forward(minutes=3)
    await bring(other, clock, party.codes[0], staff="Jonas")
    [conflict] = await inbox(party)
    door, server = conflict["sides"]
    assert (door["device"], door["gate"], door["staff"]) == ("Phone 2", party.gate["name"], "Jonas")
    assert (server["device"], server["gate"], server["staff"]) == ("Phone 1", party.gate["name"], "Ona")
    assert server["offline"]
    assert server["redeemed_at"] < door["scanned_at"]
    for side, time in ((door, "scanned_at"), (server, "redeemed_at")):
        assert {time, "device_time", "received_at", "units"} <= side.keys()
    entries = (await party.owner.get(f"{party.path}/ledger"))["entries"]
    assert "Ona" not in str(entries)
    assert "Jonas" not in str(entries)


async def test_a_voucher_that_was_voided_meanwhile(party: Party, clock: MovableClock):
    voucher = (await party.owner.get(f"{party.path}/vouchers", q=party.codes[0]))["items"][0]
    await party.owner.post(f"{party.path}/vouchers/{voucher['id']}/void", {"reason": "torn"})
    for _ in range(2):
        await bring(party.device, clock, party.codes[0], "the-key-of-a-scan-1")
    assert [conflict["reason"] for conflict in await inbox(party)] == ["voided"]


async def test_a_redemption_that_was_taken_back_meanwhile(party: Party, clock: MovableClock):
    key = "the-key-of-a-scan-2"
    lost = await party.device.redeem(party.codes[0], key)
    path = f"{party.path}/redemptions/{lost['redemption_id']}/reversal"
    await party.owner.post(path, {"idempotency_key": fresh_key(), "reason": "a mistake"})
    verdicts = [await bring(party.device, clock, party.codes[0], key) for _ in range(2)]
    assert all(verdict["replayed"] for verdict in verdicts)
    assert [conflict["reason"] for conflict in await inbox(party)] == ["reversed"]


async def test_an_admission_that_was_taken_back_after_it_was_brought_in(party: Party, clock: MovableClock):
    key = "the-key-of-a-scan-4"
    brought = await bring(party.device, clock, party.codes[0], key)
    path = f"{party.path}/redemptions/{brought['redemption_id']}/reversal"
    await party.owner.post(path, {"idempotency_key": fresh_key(), "reason": "a mistake"})
    # The door never got the answer to its batch, and brings it in once more.
    again = await bring(party.device, clock, party.codes[0], key)
    assert (again["verdict"], again["replayed"], again["conflict_id"]) == ("accepted", True, None)
    assert await inbox(party) == []


async def test_a_guest_whom_only_the_server_let_in(party: Party, clock: MovableClock):
    key = "the-key-of-a-scan-3"
    await party.device.redeem(party.codes[0], key)  # and the answer is lost
    for _ in range(2):
        verdict = await bring(party.device, clock, party.codes[0], key, verdict="refused", reason="unknown_code")
        assert verdict["verdict"] == "accepted"
    assert [conflict["reason"] for conflict in await inbox(party)] == ["turned_away"]


async def test_a_wrong_clock_where_the_time_decided(party: Party, clock: MovableClock):
    ends = clock() + timedelta(minutes=10)
    await party.owner.patch(f"{party.path}/offers/{party.ticket['id']}", {"redeem_until": ends})
    scanned_at = clock()
    clock.forward(minutes=14)
    local = alone(clock, clock_suspect=True)
    verdict = await party.device.redeem(party.codes[0], scanned_at=scanned_at, local=local)
    assert verdict["verdict"] == "accepted"
    sure = await party.device.redeem(party.codes[1], scanned_at=scanned_at, local=alone(clock))
    assert (sure["verdict"], sure["conflict_id"]) == ("accepted", None)
    [conflict] = await inbox(party)
    assert (conflict["reason"], conflict["id"]) == ("clock", verdict["conflict_id"])
    assert conflict["sides"][0]["clock_suspect"]
    totals = (await party.owner.get(f"{party.path}/offers/{party.ticket['id']}"))["redeemed_units"]
    assert totals == 2  # what happened, not what should have


async def test_a_wrong_clock_where_the_events_end_decided(party: Party, clock: MovableClock):
    scanned_at = clock()
    clock.forward(minutes=10)
    await party.owner.post(f"{party.path}/close")
    clock.forward(minutes=4)
    for code, suspect in zip(party.codes, (True, False), strict=True):
        local = alone(clock, clock_suspect=suspect)
        assert (await party.device.redeem(code, scanned_at=scanned_at, local=local))["verdict"] == "accepted"
    assert [conflict["reason"] for conflict in await inbox(party)] == ["clock"]


async def test_a_refusal_is_told_with_the_time_at_which_it_was_made(party: Party, clock: MovableClock):
    scanned_at = clock()
    clock.forward(minutes=10)
    local = alone(clock, verdict="refused", reason="unknown_code")
    await party.device.redeem("NOSUCHCODE", scanned_at=scanned_at, local=local)
    await party.device.redeem("NOSUCHCODE")
    online, offline = (await party.owner.get(f"{party.path}/attempts"))["items"]
    assert (online["offline"], offline["offline"]) == (False, True)
    assert datetime.fromisoformat(offline["scanned_at"]) == scanned_at
    for told in (offline["at"], online["at"], online["scanned_at"]):  # in the order in which the hub heard of them
        assert datetime.fromisoformat(told) >= scanned_at + timedelta(minutes=10)


@pytest.mark.parametrize("offset", [-1_790_000_000_000, 8_640_000_000_000_000])
async def test_no_clock_is_too_wrong_to_be_told(party: Party, clock: MovableClock, offset: int):
    """A phone whose battery was empty may begin in 1970; what it did is brought in all the same."""
    local = alone(clock, clock_offset_ms=offset, clock_suspect=True)
    verdict = await party.device.redeem(party.codes[0], scanned_at="1970-01-01T00:00:07Z", local=local)
    assert verdict["verdict"] == "accepted"
