"""What a door's phone sees, and how it sounds and feels: a camera that rests, verdicts that are told apart blindly."""

import pytest
from playwright.async_api import Page, expect

from tests.support.world import Party

from .camera import Camera
from .states.door import typed, verdict
from .visitors import Visitors

NOTICE = """() => {
  window.noticed = { buzzes: [], notes: [] };
  navigator.vibrate = (pattern) => noticed.buzzes.push(pattern);
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) {
    noticed.notes.push([this.type, Math.round(this.frequency.value)]);
    return start.call(this, at);
  };
}"""
HIDE = """(state) => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
SEES = "() => document.querySelector('video').srcObject?.getTracks().some(({ enabled }) => enabled) ?? false"


async def watching(page: Page) -> None:
    """Wait until the camera is on."""
    await expect(page.locator(".view.on")).to_be_visible()


async def test_the_camera_rests_where_nobody_looks(visitors: Visitors, party: Party, camera: Camera) -> None:
    page = await visitors.door(party)
    await watching(page)
    await page.evaluate(HIDE, "hidden")
    await expect(page.get_by_text("The camera rests")).to_be_attached()
    assert not await page.evaluate(SEES)
    await page.evaluate(HIDE, "visible")
    await watching(page)
    # A pocket touches nothing for a minute.
    await page.clock.install()
    await page.mouse.click(5, 5)
    await page.clock.fast_forward("01:01")
    await expect(page.get_by_text("The camera rests")).to_be_visible()
    assert not await page.evaluate(SEES)
    camera.show(party.codes[0])
    await page.get_by_text("Tap to scan on").click()
    await watching(page)
    await verdict(page, "admit")


@pytest.mark.parametrize("tone", ["admit", "used", "deny"])
async def test_every_verdict_sounds_and_feels_its_own(visitors: Visitors, party: Party, tone: str) -> None:
    page = await visitors.door(party, camera=False)
    await expect(page.locator(".sign.live")).to_be_visible()
    await party.device.redeem(party.codes[1])
    await page.evaluate(NOTICE)
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
    await typed(page, party.codes[0])
    await verdict(page, "admit")
    noticed = await page.evaluate("() => noticed")
    assert noticed["notes"] == []
    assert noticed["buzzes"] == [[70]]
