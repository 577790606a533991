"""Several people at once, each at a screen of their own: guests and organizers."""

import asyncio
import time

from playwright.async_api import Locator, Page, expect

from tests.support.world import Party

from .accessibility import accessible
from .visitors import Visitors

SEE = """({ selector, text }) => new Promise((resolve) => {
  const look = () => {
    const found = document.querySelector(selector);
    if (!found || !found.textContent.includes(text)) return;
    watching.disconnect();
    resolve(performance.timeOrigin + performance.now());
  };
  const watching = new MutationObserver(look);
  watching.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
})"""


def sees(page: Page, selector: str, text: str = "") -> "asyncio.Task[float]":
    """Wait for something to appear; the result is when it did, in ms of this machine's clock."""
    return asyncio.create_task(page.evaluate(SEE, {"selector": selector, "text": text}))


async def call_dibs(visitors: Visitors, party: Party, title: str = "Drink") -> Page:
    """Return the page of a guest who has just called dibs, with the code on it."""
    page = await visitors.open(f"/e/{party.event['slug']}")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await offer(page, title).get_by_role("button", name="Call dibs").click()
    await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    return page


def offer(page: Page, title: str) -> Locator:
    """Return an offer's ticket on the event's page."""
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=title, exact=True))


async def test_a_redemption_is_seen_by_its_guest_and_the_organizer(visitors: Visitors, party: Party) -> None:
    dashboard = await visitors.organizer(party.owner, f"/app/#/events/{party.id}", "desktop")
    await expect(dashboard.locator(".totals .main dd")).to_have_text("0")
    guest = await call_dibs(visitors, party)
    await expect(dashboard.locator(".totals dd").nth(1)).to_have_text("1")
    green, counted = sees(guest, ".used-face"), sees(dashboard, ".totals .main dd", "1")
    code = await guest.get_by_role("dialog").locator(".code .figures").inner_text()
    asked = time.time() * 1000
    verdict = await party.device.redeem(code)
    answered = time.time() * 1000
    assert verdict["verdict"] == "accepted"
    times = await asyncio.gather(green, counted)
    print(
        f"\nfrom the door's request to its verdict {answered - asked:.0f} ms, to the guest's green page "
        f"{times[0] - asked:.0f} ms, to the dashboard's figure {times[1] - asked:.0f} ms"
    )
    await expect(guest.get_by_text("Used. Enjoy!").last).to_be_visible()
    for page in (guest, dashboard):
        await accessible(page)


async def test_two_organizers_edit_one_offer(visitors: Visitors, party: Party) -> None:
    colleague = await party.world.member(party.owner, party.id, "manager")
    address = f"/app/#/events/{party.id}/offers/{party.offer['id']}"
    one, two = [await visitors.organizer(who, address, "desktop") for who in (party.owner, colleague)]
    for page in (one, two):
        await expect(page.get_by_label("What guests get", exact=True)).to_have_value("Drink")
    await one.get_by_label("What guests get", exact=True).fill("Long drink")
    await two.get_by_label("What guests get", exact=True).fill("Soft drink")
    await two.get_by_label("Description").fill("Without alcohol")
    await one.get_by_role("button", name="Save").click()
    await expect(two.get_by_text("Somebody else changed this meanwhile. What should it be?")).to_be_visible()
    now = await party.owner.get(f"{party.path}/offers/{party.offer['id']}")
    assert now["title"] == "Long drink"
    await expect(two.get_by_label("What guests get", exact=True)).to_have_value("Soft drink")
    await expect(two.get_by_label("Description")).to_have_value("Without alcohol")
