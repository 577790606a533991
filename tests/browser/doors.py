"""What people do at a door's page, and what they wait for there."""

import re

from playwright.async_api import Page, Route, expect

from .timers import held

BOOK = "**/door-snapshot?**"
"""Where a door downloads what it needs to judge alone."""
WAITING = re.compile("scans? waits? for an answer")
"""What a door says of scans that the hub has not answered, be it one or more."""


async def typed(page: Page, code: str) -> None:
    """Type a code by hand."""
    await page.get_by_role("button", name="Type code").click()
    await page.get_by_label("Code", exact=True).fill(code)
    await page.get_by_role("button", name="Check").click()


async def verdict(page: Page, tone: str) -> None:
    """Wait for a verdict of this colour."""
    await expect(page.locator(f"[data-tone={tone}]")).to_be_visible()


async def live(page: Page) -> None:
    """Wait until the door is connected."""
    await expect(page.locator(".sign.live")).to_be_visible()


async def watching(page: Page) -> None:
    """Wait until the camera is on."""
    await expect(page.locator(".view.on")).to_be_visible()


async def can_judge(page: Page) -> None:
    """Wait until the door could work without a network."""
    await expect(page.locator("[data-alone=ready]")).to_be_attached()


async def next_guest(page: Page) -> None:
    """Go on to the next guest."""
    await page.get_by_role("button", name="Next guest").click()
    await expect(page.locator("[data-tone]")).to_have_count(0)


async def no_book(route: Route) -> None:
    """Answer for the network of a door that never gets what it needs to judge alone."""
    await route.abort()


async def let_verdicts_stay(page: Page) -> None:
    """Set a door that is in use so that a verdict stays until somebody goes on."""
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_label("Until you go on").check()
    await page.get_by_role("button", name="Close").click()


async def wait_for_the_hub(page: Page) -> None:
    """Keep the door from judging alone, however long the hub takes to answer."""
    await page.evaluate(held(400, 2_000))
