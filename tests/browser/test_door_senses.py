"""What a door's phone sees, and how it sounds and feels: a camera that rests, verdicts that are told apart blindly."""

import pytest
from playwright.async_api import expect

from tests.support.world import Party

from .camera import Camera
from .doors import next_guest, typed, verdict, wait_for_the_hub, watching
from .phone import HELD, SCREEN, leave_untouched, pocket, take_out
from .visitors import Visitors, until

NOTICE = """() => {
  window.noticed = { buzzes: [], notes: [] };
  navigator.vibrate = (pattern) => noticed.buzzes.push(pattern);
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) {
    noticed.notes.push([this.type, Math.round(this.frequency.value)]);
    return start.call(this, at);
  };
}"""
SEES = "() => document.querySelector('video').srcObject?.getTracks().some(({ enabled }) => enabled) ?? false"


async def test_the_camera_rests_where_nobody_looks(visitors: Visitors, party: Party, camera: Camera) -> None:
    page = await visitors.door(party)
    await watching(page)
    await pocket(page)
    await expect(page.get_by_text("The camera rests")).to_be_attached()
    assert not await page.evaluate(SEES)
    await take_out(page)
    await watching(page)
    await leave_untouched(page)
    await expect(page.get_by_text("The camera rests")).to_be_visible()
    assert not await page.evaluate(SEES)
    camera.show(party.codes[0])
    await page.get_by_text("Tap to scan on").click()
    await watching(page)
    await verdict(page, "admit")


async def test_the_screen_stays_on_while_the_camera_does(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, script=SCREEN)
    await watching(page)
    await until(page, f"() => ({HELD})() === 1")
    await pocket(page)
    await until(page, f"() => ({HELD})() === 0")
    await take_out(page)
    await watching(page)
    await until(page, f"() => ({HELD})() === 1")
    # A phone that lies about goes dark as phones do, and a tap wakes it for good.
    await leave_untouched(page)
    await expect(page.get_by_text("The camera rests")).to_be_visible()
    await until(page, f"() => ({HELD})() === 0")
    await page.get_by_text("Tap to scan on").click()
    await watching(page)
    await until(page, f"() => ({HELD})() === 1")
    # What it does meanwhile asks for no second one.
    await typed(page, party.codes[0])
    await verdict(page, "admit")
    await next_guest(page)
    assert await page.evaluate(HELD) == 1


async def test_a_screen_that_may_go_dark_stops_no_door(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, script=SCREEN + "wake.isSavingPower = true;")
    await watching(page)
    await typed(page, party.codes[0])
    await verdict(page, "admit")
    assert await page.evaluate(HELD) == 0


async def test_what_the_only_camera_lacks_is_not_offered(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party)
    await watching(page)
    await expect(page.get_by_role("button", name="Switch the light on")).to_have_count(0)
    await page.get_by_role("button", name="Menu").click()
    await expect(page.get_by_role("group", name="Sound")).to_be_visible()
    await expect(page.get_by_role("group", name="Camera")).to_have_count(0)


@pytest.mark.parametrize("tone", ["admit", "used", "deny"])
async def test_every_verdict_sounds_and_feels_its_own(visitors: Visitors, party: Party, tone: str) -> None:
    page = await visitors.door(party, camera=False)
    await expect(page.locator(".sign.live")).to_be_visible()
    await expect(page.locator(".silent")).to_have_count(0)
    await party.device.redeem(party.codes[1])
    await page.evaluate(NOTICE)
    await wait_for_the_hub(page)
    await typed(page, {"admit": party.codes[0], "used": party.codes[1], "deny": "NOSUCHCODE"}[tone])
    await verdict(page, tone)
    buzz, notes = {
        "admit": ([70], [["triangle", 660], ["triangle", 990]]),
        "used": ([90, 70, 90, 70, 90], [["square", 440]] * 3),
        "deny": ([280, 90, 280], [["sawtooth", 220], ["sawtooth", 180]]),
    }[tone]
    noticed = await page.evaluate("() => noticed")
    assert noticed["buzzes"] == [buzz]
    assert noticed["notes"] == notes


async def test_sound_can_be_switched_off_and_stays_off(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False)
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_label("Off").check()
    await page.reload()
    await expect(page.locator(".sign.live")).to_be_visible()
    await page.evaluate(NOTICE)
    await wait_for_the_hub(page)
    await typed(page, party.codes[0])
    await verdict(page, "admit")
    noticed = await page.evaluate("() => noticed")
    assert noticed["notes"] == []
    assert noticed["buzzes"] == [[70]]
