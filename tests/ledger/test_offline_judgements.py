"""What a door judged alone: redeemed, refused, or a conflict that a person settles."""

from datetime import timedelta
from typing import Any

import pytest

from dibs_realtime.doors.commands import DeleteGate
from dibs_realtime.events.commands import SetEventStatus
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.ledger.model import Actor
from dibs_realtime.offers.commands import UpdateOffer
from dibs_realtime.offers.schemas import OfferOut
from dibs_realtime.redemptions.schemas import LocalJudgement
from tests.ledger.night import Night
from tests.support.clock import MovableClock

KEY = "the-key-of-this-scan"


def judged(verdict: Any = "accepted", **fields: Any) -> LocalJudgement:
    return LocalJudgement(verdict=verdict, device_time=utc_now(), clock_offset_ms=0, **fields)


class Scene:
    def __init__(self, night: Night, clock: MovableClock, offer: OfferOut, codes: list[str], door: Actor) -> None:
        self.night, self.clock, self.offer, self.codes, self.door = night, clock, offer, codes, door

    async def bring(self, code: str, key: str | None = None, **wanted: Any) -> dict[str, Any]:
        wanted.setdefault("scanned_at", self.clock())
        wanted.setdefault("local", judged())
        return await self.night.redeem(code, key, actor=self.door, **wanted)

    async def conflicts(self) -> list[dict[str, Any]]:
        return [entry for entry in await self.night.entries() if entry["kind"] == "conflict.opened"]


@pytest.fixture
async def scene(database: Database, clock: MovableClock) -> Scene:
    night = await Night(database, clock=clock).begin()
    offer = await night.offer()
    codes = await night.issue(offer, 5)
    door = await night.device()
    clock.forward(minutes=10)
    return Scene(night, clock, offer, codes, door)


async def test_an_admission_counts_from_when_it_was_scanned(scene: Scene):
    scanned_at = scene.clock()
    scene.clock.forward(hours=1)
    verdict = await scene.bring(scene.codes[0], scanned_at=scanned_at)
    assert verdict["verdict"] == "accepted"
    assert verdict["redeemed_at"] == scanned_at
    entry = (await scene.night.entries())[-1]
    assert entry["data"]["offline"] is True
    assert entry["data"]["clock_suspect"] is False
    assert entry["data"]["received_at"] > entry["data"]["redeemed_at"]


async def test_the_status_that_stood_then_decides(scene: Scene):
    open_at = scene.clock()
    scene.clock.forward(minutes=5)
    await scene.night.submit(SetEventStatus(scene.night.event_id, scene.night.owner, "closed", None))
    scene.clock.forward(minutes=5)
    closed_at = scene.clock()
    scene.clock.forward(minutes=5)
    assert (await scene.night.redeem(scene.codes[0]))["reason"] == "event_not_open"
    assert (await scene.bring(scene.codes[1], scanned_at=open_at))["verdict"] == "accepted"
    late = await scene.bring(scene.codes[2], scanned_at=closed_at)
    assert late["reason"] == "event_not_open"
    assert late["conflict_id"] is not None


async def test_the_pause_that_stood_then_decides(scene: Scene):
    before = scene.clock()
    scene.clock.forward(minutes=5)
    pause = UpdateOffer(scene.night.event_id, scene.night.owner, scene.offer.id, {"status": "paused"}, None)
    await scene.night.submit(pause)
    scene.clock.forward(minutes=5)
    paused_at = scene.clock()
    scene.clock.forward(minutes=5)
    assert (await scene.bring(scene.codes[0], scanned_at=before))["verdict"] == "accepted"
    assert (await scene.bring(scene.codes[1], scanned_at=paused_at))["reason"] == "offer_paused"


async def test_a_time_before_the_pairing_or_after_now_is_clamped_and_flagged(scene: Scene):
    for code, wrong in zip(scene.codes, (timedelta(days=-30), timedelta(days=30)), strict=False):
        verdict = await scene.bring(code, scanned_at=scene.clock() + wrong)
        assert verdict["verdict"] == "accepted"
        assert verdict["redeemed_at"] <= scene.clock()
        assert (await scene.night.entries())[-1]["data"]["clock_suspect"] is True


@pytest.mark.parametrize("what", ["the event", "the offer"])
async def test_a_wrong_clock_is_looked_at_where_something_was_stopped_in_between(scene: Scene, what: str):
    event_id, owner = scene.night.event_id, scene.night.owner
    stopped_and_on = (
        [SetEventStatus(event_id, owner, status, None) for status in ("closed", "open")]
        if what == "the event"
        else [UpdateOffer(event_id, owner, scene.offer.id, {"status": status}, None) for status in ("paused", "active")]
    )
    before = scene.clock()
    for command in stopped_and_on:
        scene.clock.forward(minutes=5)
        await scene.night.submit(command)
    scene.clock.forward(minutes=5)
    suspect = await scene.bring(scene.codes[0], scanned_at=before, local=judged(clock_suspect=True))
    trusted = await scene.bring(scene.codes[1], scanned_at=before)
    since = await scene.bring(scene.codes[2], local=judged(clock_suspect=True))
    assert [each["verdict"] for each in (suspect, trusted, since)] == ["accepted"] * 3
    assert [each["conflict_id"] is not None for each in (suspect, trusted, since)] == [True, False, False]
    [conflict] = await scene.conflicts()
    assert conflict["data"]["reason"] == "clock"


async def test_a_wrong_clock_from_before_the_offer_is_not_looked_at(scene: Scene):
    before = scene.clock()
    scene.clock.forward(minutes=5)
    [code] = await scene.night.issue(await scene.night.offer(title="Later"), 1)
    verdict = await scene.bring(code, scanned_at=before, local=judged(clock_suspect=True))
    assert (verdict["verdict"], verdict["conflict_id"]) == ("accepted", None)


async def test_two_doors_that_admitted_the_same_voucher_make_one_conflict(scene: Scene):
    other = await scene.night.device("Phone 2")
    assert (await scene.bring(scene.codes[0]))["verdict"] == "accepted"
    verdict = await scene.night.redeem(
        scene.codes[0], KEY, actor=other, scanned_at=scene.clock(), local=judged(staff="Ona")
    )
    assert (verdict["verdict"], verdict["reason"]) == ("refused", "already_redeemed")
    again = await scene.night.redeem(scene.codes[0], KEY, actor=other, scanned_at=scene.clock(), local=judged())
    assert again["replayed"]
    assert str(again["conflict_id"]) == str(verdict["conflict_id"])
    [conflict] = await scene.conflicts()
    assert conflict["data"]["reason"] == "already_redeemed"
    assert "Ona" not in str(conflict)
    assert (await scene.night.snapshot())["open_conflicts"] == 1


async def test_an_admission_after_a_stored_refusal_opens_one_conflict(scene: Scene):
    await scene.night.redeem(scene.codes[0])
    online = await scene.night.redeem(scene.codes[0], KEY, actor=scene.door)
    assert (online["verdict"], online["conflict_id"]) == ("refused", None)
    verdicts = [await scene.bring(scene.codes[0], KEY) for _ in range(3)]
    assert all(verdict["replayed"] and verdict["verdict"] == "refused" for verdict in verdicts)
    assert len({str(verdict["conflict_id"]) for verdict in verdicts}) == 1
    assert len(await scene.conflicts()) == 1


async def test_a_lost_answer_is_found_by_its_key(scene: Scene):
    lost = await scene.night.redeem(scene.codes[0], KEY, actor=scene.door)
    found = await scene.bring(scene.codes[0], KEY)
    assert found["replayed"]
    assert found["verdict"] == "accepted"
    assert str(found["redemption_id"]) == str(lost["redemption_id"])
    assert await scene.conflicts() == []


async def test_a_local_refusal_is_an_attempt_and_never_redeemed(scene: Scene):
    verdict = await scene.bring(scene.codes[0], local=judged("refused", reason="wrong_gate"))
    assert (verdict["verdict"], verdict["reason"], verdict["conflict_id"]) == ("refused", "wrong_gate", None)
    attempt = await scene.night.database.fetchrow("SELECT reason, offline FROM attempts")
    assert (attempt["reason"], attempt["offline"]) == ("wrong_gate", True)
    assert (await scene.night.redeem(scene.codes[0]))["verdict"] == "accepted"


async def test_an_unknown_code_that_was_admitted_is_a_conflict(scene: Scene):
    verdict = await scene.bring("NOSUCHCODE")
    assert verdict["reason"] == "unknown_code"
    assert verdict["conflict_id"] is not None


async def test_more_than_twelve_hours_late_is_looked_at(scene: Scene):
    scanned_at = scene.clock()
    scene.clock.forward(hours=12, seconds=1)
    verdict = await scene.bring(scene.codes[0], scanned_at=scanned_at)
    assert verdict["verdict"] == "accepted"
    assert verdict["conflict_id"] is not None
    assert [c["data"]["reason"] for c in await scene.conflicts()] == ["late"]


async def test_a_gate_that_was_deleted_meanwhile_loses_no_admission(scene: Scene):
    gate_id = await scene.night.gate("Side")
    await scene.night.submit(DeleteGate(scene.night.event_id, scene.night.owner, gate_id, None))
    assert (await scene.bring(scene.codes[0], gate_id=gate_id))["verdict"] == "accepted"
    with pytest.raises(problems.Problem) as caught:
        await scene.night.redeem(scene.codes[1], gate_id=gate_id)
    assert caught.value.status == 422
