"""Guests, doors and set pieces on a real node."""

import asyncio
import inspect
from typing import Any

import pytest

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.acts import flash_offer, paused_offer, quiet_door
from dibs_realtime.simulate.night import Night
from dibs_realtime.simulate.observer import Observer, converges
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.stage import hand_out
from dibs_realtime.simulate.tickets import Ticket, mistyped
from dibs_realtime.simulate.visit import MISHAPS, use
from tests.support.waiting import PATIENCE
from tests.support.world import Party


def reasons(scene: Scene, what: str = "redeem") -> dict[str, int]:
    return {reason or verdict: n for (kind, verdict, reason), n in scene.figures.verdicts.items() if kind == what}


def offer(observer: Observer, party: Party) -> dict[str, Any]:
    return next(row for row in observer.offers if row["id"] == party.offer["id"])


async def converged(observer: Observer, account: Account, party: Party) -> list[str]:
    _, found = await converges(observer, lambda: account.call("GET", f"{party.path}/snapshot"))
    return found


async def test_a_quiet_door_brings_in_what_it_judged_alone(
    scene: Scene, party: Party, observer: Observer, account: Account
):
    await hand_out(account, party.id, party.ticket | {"quantity": None}, 3, scene.stock)
    said: list[str] = []
    await quiet_door(scene, 0.01, said.append)
    assert "brought in 1 scans, 1 of them with a conflict" in said[-1]
    assert reasons(scene) == {"accepted": 1}
    assert reasons(scene, "upload") == {"already_redeemed": 1}
    assert await converged(observer, account, party) == []
    assert observer.state["open_conflicts"] == 1


async def test_a_door_that_is_cut_off_while_it_asks_finds_its_own_redemption(
    scene: Scene, party: Party, observer: Observer, account: Account
):
    await hand_out(account, party.id, party.ticket | {"quantity": None}, 1, scene.stock)
    ticket = scene.stock.take(scene.rng)
    assert ticket is not None
    door = scene.doors[0]
    asked = asyncio.create_task(door.redeem(ticket, ticket.code))
    await asyncio.sleep(0)
    await door.go_quiet({})
    assert (await asked)["alone"]
    assert (await door.redeem(ticket, ticket.code.lower()))["reason"] == "already_redeemed"
    assert (await door.redeem(ticket, ticket.code, units=2))["reason"] == "already_redeemed"
    assert (await door.redeem(mistyped(ticket, scene.rng), "7KQ4MX2P9T"))["reason"] == "unknown_code"
    elsewhere = Ticket(ticket.code, {**ticket.offer, "gate_ids": ["elsewhere"]})
    assert (await door.redeem(elsewhere, ticket.code))["reason"] == "wrong_gate"
    verdicts = await door.come_back()
    assert [verdict["verdict"] for verdict in verdicts] == ["accepted", *["refused"] * 4]
    assert not any(verdict["conflict_id"] for verdict in verdicts)
    assert await converged(observer, account, party) == []


async def test_a_paused_offer_refuses_guests_and_doors(
    scene: Scene, party: Party, observer: Observer, account: Account
):
    await paused_offer(scene, account, offer(observer, party), 0.01, lambda _: None)
    assert reasons(scene, "claim") == {"claimed": 1, "offer_paused": 1}
    assert reasons(scene) == {"offer_paused": 1, "accepted": 1}
    assert await converged(observer, account, party) == []


async def test_a_flash_offer_sells_out(scene: Scene, party: Party, observer: Observer, account: Account):
    await account.call("PATCH", f"{party.path}/offers/{party.offer['id']}", {"quantity": 2})
    await observer.state_at(observer.follower.seq + 1)
    await flash_offer(scene, account, offer(observer, party), 4, 10, 500, lambda _: None)
    assert reasons(scene, "claim") == {"claimed": 6, "sold_out": 4}
    assert await converged(observer, account, party) == []


@pytest.mark.parametrize(
    ("mishap", "expected"),
    [
        ("typo", {"unknown_code": 1, "accepted": 1}),
        ("two doors at once", {"already_redeemed": 1, "accepted": 1}),
        ("once more", {"already_redeemed": 1, "accepted": 1}),
        ("reversal", {"accepted": 2}),
        ("give back", {}),
        ("none", {"accepted": 1}),
    ],
)
async def test_what_goes_wrong(
    scene: Scene, party: Party, observer: Observer, account: Account, mishap: str, expected: dict[str, int]
):
    guest = await scene.sign_in()
    assert guest is not None
    assert scene.entrance is not None
    ticket = await scene.claim(guest, offer(observer, party))
    assert ticket is not None
    await use(scene, ticket, guest, mishap)
    await scene.entrance.leave(guest)
    assert reasons(scene) == expected
    assert not scene.figures.problems
    assert await converged(observer, account, party) == []


async def test_the_wrong_gate_and_too_many(scene: Scene, party: Party, observer: Observer, account: Account):
    other = await account.call("POST", f"{party.path}/gates", {"name": "Other"})
    new = {"title": "Rides", "claimable": False, "max_uses": 3, "gate_ids": [other["id"]]}
    rides = await account.call("POST", f"{party.path}/offers", new)
    await hand_out(account, party.id, rides, 2, scene.stock)
    ticket = scene.stock.take(scene.rng)
    assert isinstance(ticket, Ticket)
    await use(scene, ticket, mishap="wrong gate")
    assert reasons(scene)["wrong_gate"] == 1, "no door stands at it"
    assert reasons(scene)["accepted"] >= 1, "the door names the gate then"
    second = scene.stock.take(scene.rng)
    assert isinstance(second, Ticket)
    await use(scene, second, mishap="too many")
    assert reasons(scene)["insufficient_uses"] == 1
    assert await converged(observer, account, party) == []


async def test_a_night_of_many_ends_as_the_server_says(
    scene: Scene, party: Party, observer: Observer, account: Account
):
    await hand_out(account, party.id, party.ticket | {"quantity": None}, 40, scene.stock)
    night = Night(scene)
    async with asyncio.timeout(PATIENCE):
        await night.waves(60, 2)
        # Those who watch lose their connection, and the doors theirs.
        observer.line.drop()
        for door in scene.doors:
            door.line.drop()
        await night.over()
    await night.end()
    assert night.arrived == 60
    assert not scene.figures.problems
    assert scene.figures.total("redeem") > 60
    assert await converged(observer, account, party) == []
    assert observer.line.connects == 2


async def test_a_problem_of_one_guest_stops_nobody(scene: Scene):
    async def fails() -> None:
        raise ApiError(404, "nothing here")

    night = Night(scene)
    await night.start(fails())
    assert dict(scene.figures.problems) == {"404: nothing here": 1}


async def test_whoever_is_sent_home_before_they_came_leaves_nothing_behind(scene: Scene):
    async def comes() -> None:
        raise AssertionError("nobody comes any more")

    visit = comes()
    night = Night(scene)
    night.start(visit)
    await night.end()
    assert inspect.getcoroutinestate(visit) == inspect.CORO_CLOSED


def test_most_goes_well():
    assert sum(MISHAPS.values()) < 0.5
