"""A door's phone with two cameras, of which the one at the back has a light."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.world import Party

from .accessibility import accessible
from .chromium import launch
from .doors import watching
from .phone import LIGHT, LIT, pocket, take_out
from .visitors import Visitors, until

BACK, FRONT = "fake_device_0", "fake_device_1"
"""What Chromium calls its cameras."""
SEEN = """() => {
  const [track] = document.querySelector('video').srcObject?.getVideoTracks() ?? [];
  return track?.readyState === 'live' && track.enabled ? track.label : null;
}"""
"""Which of them the picture comes from."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of this module's own: the one that all share has a single camera."""
    async with async_playwright() as playwright:
        running = await launch(playwright, None)
        yield running
        await running.close()


async def door(visitors: Visitors, party: Party, **options: object) -> Page:
    page = await visitors.door(party, script=LIGHT, **options)
    await watching(page)
    return page


async def choose(page: Page, camera: str) -> None:
    """Choose another camera in the menu."""
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("group", name="Camera").get_by_label(camera).check()
    await page.get_by_role("button", name="Close").click()
    await watching(page)


async def test_a_camera_is_chosen_and_remembered(visitors: Visitors, party: Party) -> None:
    page = await door(visitors, party)
    assert await page.evaluate(SEEN) == BACK
    await page.get_by_role("button", name="Menu").click()
    offered = page.get_by_role("group", name="Camera").get_by_role("radio")
    await expect(offered).to_have_count(3)
    await expect(page.get_by_label("The one at the back")).to_be_checked()
    await page.get_by_role("button", name="Close").click()
    await choose(page, FRONT)
    assert await page.evaluate(SEEN) == FRONT
    await page.reload()  # its id is another one now, as it is in Safari
    await watching(page)
    assert await page.evaluate(SEEN) == FRONT
    await page.get_by_role("button", name="Menu").click()
    await expect(page.get_by_label(FRONT)).to_be_checked()
    await page.get_by_role("button", name="Close").click()
    await choose(page, "The one at the back")
    assert await page.evaluate(SEEN) == BACK


async def test_a_camera_that_is_not_there_any_more_is_replaced(visitors: Visitors, party: Party) -> None:
    page = await door(visitors, party, storage={"dibs.door": '{"camera": {"id": "unplugged", "label": "USB"}}'})
    assert await page.evaluate(SEEN) == BACK


async def test_the_light_is_switched_on_and_off(visitors: Visitors, party: Party) -> None:
    page = await door(visitors, party)
    await page.get_by_role("button", name="Switch the light on").click()
    off = page.get_by_role("button", name="Switch the light off")
    await expect(off).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate(LIT)
    await accessible(page)
    await off.click()
    await expect(page.get_by_role("button", name="Switch the light on")).to_have_attribute("aria-pressed", "false")
    assert not await page.evaluate(LIT)


async def test_a_camera_without_a_light_offers_none_and_puts_out_the_other_ones(
    visitors: Visitors, party: Party
) -> None:
    page = await door(visitors, party)
    await page.get_by_role("button", name="Switch the light on").click()
    await until(page, LIT)
    await choose(page, FRONT)
    await expect(page.get_by_role("button", name="Switch the light")).to_have_count(0)
    assert not await page.evaluate(LIT)
    await choose(page, BACK)
    # The page does not say that it is lit: it is not.
    await page.get_by_role("button", name="Switch the light on").click()
    await until(page, LIT)


async def test_the_light_goes_out_where_nobody_looks(visitors: Visitors, party: Party) -> None:
    page = await door(visitors, party)
    await page.get_by_role("button", name="Switch the light on").click()
    await until(page, LIT)
    await pocket(page)
    await until(page, "() => light.lit.size === 0")
    await take_out(page)
    await watching(page)
    await expect(page.get_by_role("button", name="Switch the light on")).to_be_visible()
    assert not await page.evaluate(LIT)


async def test_a_light_that_does_not_work_is_not_offered_again(visitors: Visitors, party: Party) -> None:
    page = await door(visitors, party)
    await page.evaluate("() => { light.isBroken = true; }")
    await page.get_by_role("button", name="Switch the light on").click()
    await expect(page.get_by_role("button", name="Switch the light")).to_have_count(0)
    await watching(page)
