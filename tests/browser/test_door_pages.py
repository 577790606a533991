"""The pages of one phone: which of them is the door, and what is left when none is."""

from playwright.async_api import expect

from tests.support.waiting import eventually
from tests.support.world import Party

from .cable import CUT_OFF, Cable
from .door_page import ready, redemptions
from .doors import WAITING, live, next_guest, typed, verdict
from .guard import Guard
from .visitors import Visitors, until


async def test_one_window_of_a_phone_is_the_door(visitors: Visitors, party: Party, guard: Guard, cable: Cable) -> None:
    guard.expect(*CUT_OFF)
    first = await ready(visitors, party, via=cable.url)
    await until(first, "() => navigator.serviceWorker.controller !== null")
    cable.become("cut")
    await typed(first, party.codes[0])
    await verdict(first, "offline")
    second = await first.context.new_page()
    await second.goto(f"{cable.url}/door/")
    await expect(first.get_by_role("heading", name="Another window of this phone")).to_be_visible()
    # What one of them let in the other one refuses.
    await typed(second, party.codes[0])
    await verdict(second, "used")
    await next_guest(second)
    await typed(second, party.codes[1])
    await verdict(second, "offline")
    await first.get_by_role("button", name="Work in this window").click()
    await expect(second.get_by_role("heading", name="Another window of this phone")).to_be_visible()
    await typed(first, party.codes[1])
    await verdict(first, "used")
    await next_guest(first)
    cable.become("good")
    await live(first)
    await expect(first.get_by_text(WAITING)).to_have_count(0)
    assert await redemptions(party) == [True, True]
    assert (await party.owner.get(f"{party.path}/conflicts"))["items"] == []


async def test_a_phone_that_is_no_door_any_more_says_what_it_still_holds(
    visitors: Visitors, party: Party, guard: Guard, cable: Cable
) -> None:
    guard.expect(*CUT_OFF, "401 ")
    page = await ready(visitors, party, label="Lost phone", via=cable.url)
    await until(page, "() => navigator.serviceWorker.controller !== null")
    cable.become("cut")
    await typed(page, party.codes[0])
    await verdict(page, "offline")
    await next_guest(page)
    devices = (await party.owner.get(f"{party.path}/devices"))["items"]
    mine = next(device for device in devices if device["label"] == "Lost phone")
    await party.owner.delete(f"{party.path}/devices/{mine['id']}")
    cable.become("good")
    held = page.get_by_text("1 scan had no answer yet.")
    await expect(held).to_be_visible()
    await page.reload()
    await expect(held).to_be_visible()
    # As another device of the same event it brings in what it did before.
    pairing = await party.owner.post(f"{party.path}/devices", {"label": "Found phone", "gate_id": party.gate["id"]})
    await page.get_by_label("Pairing code").fill(pairing["pairing_code"])
    await page.locator("form button").click()
    await live(page)
    await expect(page.get_by_text(WAITING)).to_have_count(0)

    async def is_brought_in() -> bool:
        return await redemptions(party) == [True]

    await eventually(is_brought_in)
