"""Leases: the uses of a multi-use voucher are lent to one device, and come back."""

import asyncio
from typing import Any

import pytest

from dibs_realtime.doors.commands import MarkPaired, RevokeDevice
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.model import Actor
from dibs_realtime.offers.commands import UpdateOffer
from dibs_realtime.offers.schemas import OfferOut
from dibs_realtime.redemptions.leases import LEASE_FOR, EndLease
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers.commands import VoidVoucher
from tests.ledger.night import Night
from tests.support.clock import MovableClock
from tests.support.world import Party


class Scene:
    def __init__(self, night: Night, clock: MovableClock, offer: OfferOut, code: str, doors: list[Actor]) -> None:
        self.night, self.clock, self.offer, self.code, self.doors = night, clock, offer, code, doors

    async def reason(self, door: int, **wanted: Any) -> str | None:
        verdict = await self.night.redeem(self.code, actor=self.doors[door], **wanted)
        return str(verdict["reason"]) if verdict["reason"] else None

    async def lent_id(self) -> Any:
        return await self.night.database.fetchval("SELECT id FROM vouchers WHERE code = $1", self.code)

    async def end(self, door: int | None = None) -> None:
        who = self.night.owner if door is None else self.doors[door]
        returned_by = None if door is None else self.doors[door].id
        await self.night.submit(EndLease(self.night.event_id, who, await self.lent_id(), returned_by))

    async def ended(self) -> list[str]:
        return [entry["data"]["how"] for entry in await self.night.entries() if entry["kind"] == "lease.ended"]


@pytest.fixture
async def scene(database: Database, clock: MovableClock) -> Scene:
    night = await Night(database, nodes=2, clock=clock).begin()
    offer = await night.offer(max_uses=5, offline="lease")
    [code] = await night.issue(offer, 1)
    return Scene(night, clock, offer, code, [await night.device(f"Phone {n}") for n in range(4)])


async def test_the_first_online_scan_lends_the_rest_to_its_device(scene: Scene):
    verdict = await scene.night.redeem(scene.code, "the-first-key-0001", actor=scene.doors[0])
    assert verdict["leased_until"] - scene.clock() <= LEASE_FOR
    entry = (await scene.night.entries())[-1]
    assert entry["data"]["lease"]["device_id"] == str(scene.doors[0].id)
    assert await scene.reason(1) == "leased"
    assert (await scene.night.redeem(scene.code))["reason"] == "leased"  # a person has no lease either
    assert await scene.reason(0) is None
    again = await scene.night.redeem(scene.code, "the-first-key-0001", actor=scene.doors[1])
    assert again["replayed"]
    assert again["leased_until"] is None  # what was lent to one device is no news for another


async def test_a_used_up_voucher_says_so_first_and_too_many_units_last(scene: Scene):
    assert await scene.reason(0) is None
    assert await scene.reason(1, units=5) == "leased"
    assert await scene.reason(0, units=4) is None
    assert await scene.reason(1) == "already_redeemed"


async def test_single_uses_and_other_offers_are_not_lent(scene: Scene):
    single = await scene.night.offer(title="Once", offline="lease")
    other = await scene.night.offer(title="Twice", max_uses=2)
    for offer in (single, other):
        [code] = await scene.night.issue(offer, 1)
        verdict = await scene.night.redeem(code, actor=scene.doors[0])
        assert (verdict["verdict"], verdict["leased_until"]) == ("accepted", None)


async def test_it_ends_with_its_time(scene: Scene):
    await scene.reason(0)
    scene.clock.forward(seconds=LEASE_FOR.total_seconds() - 60)
    assert await scene.reason(1) == "leased"
    scene.clock.forward(seconds=120)
    assert await scene.reason(1) is None  # and now it is this one's
    assert await scene.reason(0) == "leased"
    assert await scene.ended() == []


async def test_a_manager_recalls_it_and_its_device_returns_it(scene: Scene):
    await scene.reason(0)
    with pytest.raises(problems.Problem) as refused:
        await scene.end(door=1)
    assert refused.value.status == 403
    for _ in range(2):
        await scene.end(door=0)
    assert await scene.reason(1) is None
    for _ in range(2):
        await scene.end()
    assert await scene.reason(2) is None
    assert await scene.ended() == ["returned", "recalled"]


async def test_it_ends_with_its_device_or_its_phone(scene: Scene):
    await scene.reason(0)
    await scene.night.submit(MarkPaired(scene.night.event_id, scene.doors[0].id or new_id(), new_id()))
    assert await scene.reason(1) is None
    await scene.night.submit(RevokeDevice(scene.night.event_id, scene.night.owner, scene.doors[1].id or new_id()))
    assert await scene.reason(2) is None


async def test_it_ends_with_the_offers_setting_and_with_the_voucher(scene: Scene):
    await scene.reason(0)
    change = UpdateOffer(scene.night.event_id, scene.night.owner, scene.offer.id, {"offline": "allow"}, None)
    await scene.night.submit(change)
    assert await scene.reason(1) is None
    await scene.night.submit(VoidVoucher(scene.night.event_id, scene.night.owner, await scene.lent_id(), "torn"))
    assert await scene.reason(1) == "voided"


async def test_what_a_door_did_alone_is_judged_by_the_uses_that_are_left(scene: Scene):
    await scene.reason(0)
    local = LocalJudgement(verdict="accepted", device_time=utc_now(), clock_offset_ms=0)
    for door in (0, 1, 2, 3):  # the last three should not have: it happened all the same, and the uses were there
        assert await scene.reason(door, local=local, scanned_at=scene.clock()) is None
    assert await scene.reason(2, local=local, scanned_at=scene.clock()) == "already_redeemed"
    opened = [entry for entry in await scene.night.entries() if entry["kind"] == "conflict.opened"]
    assert len(opened) == 1


async def test_however_many_doors_ask_at_once_one_gets_it(scene: Scene):
    verdicts = await asyncio.gather(
        *(scene.night.redeem(scene.code, actor=door) for door in scene.doors for _ in range(2))
    )
    holders = {str(verdict["voucher"]["uses"]) for verdict in verdicts if verdict["leased_until"]}
    assert len(holders) == 2  # the same device's two scans
    assert sorted(verdict["reason"] or "" for verdict in verdicts) == [""] * 2 + ["leased"] * 6


async def test_over_rest(party: Party):
    offer = await party.world.offer(party.owner, party.id, claimable=False, max_uses=3, offline="lease")
    [code] = await party.world.codes(party.owner, party.id, offer["id"], 1)
    verdict = await party.device.redeem(code)
    voucher_id = verdict["voucher"]["id"]
    shown = await party.owner.get(f"{party.path}/vouchers/{voucher_id}")
    assert (shown["leased_to"], shown["leased_until"]) == (party.device.id, verdict["leased_until"])
    other = await party.world.device(party.owner, party.id, "Phone 2")
    assert (await other.redeem(code))["reason"] == "leased"
    await other.refused(403, "DELETE", f"{party.path}/vouchers/{voucher_id}/lease")
    await party.device.delete(f"{party.path}/vouchers/{voucher_id}/lease")
    assert (await other.redeem(code))["verdict"] == "accepted"
    await party.owner.delete(f"{party.path}/vouchers/{voucher_id}/lease")
    assert (await party.owner.get(f"{party.path}/vouchers/{voucher_id}"))["leased_to"] is None
