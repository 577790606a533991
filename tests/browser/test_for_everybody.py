"""By keys alone, in stillness, read aloud without chatter, in the event's own time, and without anything that jumps."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.support.world import PASSWORD, Party

from .accessibility import still
from .guests import call_dibs
from .timers import held
from .visitors import STAYS, Visitors, until

LISTEN = """() => {
  window.spoken = [];
  const live = '[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])';
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      const region = element?.closest(live);
      if (region?.textContent.trim()) window.spoken.push(region.textContent.trim());
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
SATURDAY = 5
JUMPS = """() => new Promise((resolve) => {
  const watching = new PerformanceObserver(() => undefined);
  watching.observe({ type: 'layout-shift', buffered: true });
  const shifts = watching.takeRecords().filter(({ hadRecentInput }) => !hadRecentInput);
  resolve(shifts.map(({ value, sources }) => [value, sources.map(({ node }) => (node?.outerHTML ?? '').slice(0, 80))]));
})"""


async def keys(page: Page, *strokes: str) -> None:
    """Press keys, one after the other."""
    for stroke in strokes:
        await page.keyboard.press(stroke)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name has the focus."""
    control = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first
    await expect(control).to_be_visible()
    for _ in range(60):
        if await control.evaluate("(each) => each === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"Tab does not come to {name}")


async def test_a_guest_by_keys(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}", "desktop")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await keys(page, "Tab")
    await expect(page.get_by_text("Skip to content")).to_be_in_viewport()
    await keys(page, "Enter")
    await expect(page.locator("#content")).to_be_focused()
    await tab_to(page, "Call dibs Drink")
    await keys(page, "Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    for _ in range(8):
        await keys(page, "Tab")
        # A browser's own frame comes in between, the page behind never.
        assert await page.evaluate("() => document.activeElement.closest('dialog, body') !== null")
        assert not await page.evaluate("() => document.activeElement.closest('main') !== null")
    await tab_to(page, "Give it back")
    await keys(page, "Enter")
    await expect(dialog.get_by_role("heading", name="Give it back?")).to_be_focused()
    await tab_to(page, "Keep it")
    await keys(page, "Enter", "Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Show my code")).to_be_visible()


async def test_a_door_by_keys(visitors: Visitors, party: Party) -> None:
    pairing = await party.owner.post(f"{party.path}/devices", {"label": "Phone 2", "gate_id": party.gate["id"]})
    page = await visitors.open(pairing["pairing_url"], storage=STAYS)
    await tab_to(page, "Pair this phone")
    await keys(page, "Enter")
    await expect(page.locator(".sign.live")).to_be_visible()
    await tab_to(page, "Type code")
    await keys(page, "Enter")
    await expect(page.get_by_label("Code", exact=True)).to_be_focused()
    await page.keyboard.type(party.codes[0].lower())
    await keys(page, "Enter")
    await expect(page.locator("[data-tone=admit]")).to_be_visible()
    await tab_to(page, "Next guest")
    await keys(page, "Enter")
    await expect(page.locator("[data-tone]")).to_have_count(0)
    await tab_to(page, "Last scans")
    await keys(page, "Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await tab_to(page, "Undo Ticket")
    await keys(page, "Enter")
    await tab_to(page, "Yes, undo it")
    await keys(page, "Enter")
    await expect(page.get_by_text("Undone: the voucher is good again")).to_be_visible()
    await keys(page, "Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_organizer_by_keys(visitors: Visitors, party: Party) -> None:
    page = await visitors.open("/app/", "desktop")
    await page.get_by_label("E-mail").focus()
    await page.keyboard.type(party.owner.email)
    await keys(page, "Tab")
    await page.keyboard.type(PASSWORD)
    await keys(page, "Enter")
    await tab_to(page, party.event["name"])
    await keys(page, "Enter")
    await tab_to(page, "Offers")
    await keys(page, "Enter")
    # Whoever comes to a page by keys reads on at its heading.
    await expect(page.get_by_role("heading", name="Offers", exact=True)).to_be_focused()
    await tab_to(page, "Pause")
    await keys(page, "Enter")
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    await tab_to(page, "Codes")
    await keys(page, "Enter")
    await tab_to(page, "Look at the code")
    await keys(page, "Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await keys(page, "Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Look at the code").first).to_be_focused()


async def test_nothing_is_read_out_that_nobody_asked_for(visitors: Visitors, party: Party) -> None:
    pages = [
        await visitors.organizer(party.owner, f"/app/#/events/{party.id}", "desktop"),
        await visitors.open(f"/e/{party.event['slug']}"),
        await visitors.door(party, camera=False),
    ]
    for page in pages:
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(pages[0].get_by_role("img", name="Chart of claims")).to_be_visible()
    await asyncio.gather(*(page.evaluate(LISTEN) for page in pages))
    await party.owner.patch(f"{party.path}/offers/{party.offer['id']}", {"quantity": 10})
    for code in party.codes:
        await party.device.redeem(code)
    await party.device.redeem("NOSUCHCODE")
    await party.guest.claim(party.offer["id"])
    await expect(pages[0].locator(".totals .main dd")).to_have_text("2")
    await expect(pages[0].get_by_text("refused a code")).to_be_visible()
    await expect(pages[1].locator(".stub .number")).to_have_text("9")
    await expect(pages[2].get_by_text("2 here")).to_be_visible()
    assert [await page.evaluate("() => window.spoken") for page in pages] == [[], [], []]


async def test_whoever_wants_stillness_has_it(visitors: Visitors, party: Party) -> None:
    dashboard = await visitors.organizer(party.owner, f"/app/#/events/{party.id}", still=True)
    guest = await visitors.open(f"/e/{party.event['slug']}", still=True)
    door = await visitors.door(party, still=True, camera=False)
    for page in (dashboard, guest, door):
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await page.evaluate(
            """() => {
                window.moved = [];
                const animate = Element.prototype.animate;
                Element.prototype.animate = function (...how) {
                    window.moved.push(this.outerHTML.slice(0, 80));
                    return animate.apply(this, how);
                };
            }"""
        )
    code = await call_dibs(guest)
    await expect(guest.locator(".burst")).to_have_count(0)
    await door.get_by_role("button", name="Type code").click()
    await door.get_by_label("Code", exact=True).fill(code)
    await door.get_by_role("button", name="Check").click()
    await expect(door.locator("[data-tone=admit]")).to_be_visible()
    await expect(guest.locator(".used-face")).to_be_visible()
    await expect(dashboard.locator(".totals .main dd")).to_have_text("1")
    for page in (dashboard, guest, door):
        await still(page)
        assert await page.evaluate("() => window.moved") == []


async def test_times_are_those_of_the_event(visitors: Visitors, party: Party) -> None:
    july = datetime(datetime.now(UTC).year + 1, 7, 1, 12, 30, tzinfo=UTC)
    starts = july + timedelta(days=(SATURDAY - july.weekday()) % 7)
    day = starts.day
    times = {"starts_at": starts, "ends_at": starts + timedelta(hours=5, minutes=30), "timezone": "Asia/Tokyo"}
    event = await party.world.event(party.owner, name="Tanabata", **times)
    offer = await party.world.offer(party.owner, event["id"], redeem_from=starts, per_guest_limit=1)
    guest = await visitors.open(f"/e/{event['slug']}")
    page = await visitors.organizer(party.owner, f"/app/#/events/{event['id']}", "desktop")
    theirs = await visitors.organizer(
        await party.world.member(party.owner, event["id"], "manager"), f"/app/#/events/{event['id']}", language="lt"
    )
    # The visitors are in Vilnius, where it is 15:30 then.
    await expect(
        guest.get_by_text(f"Sat {day} Jul, 21:30 \N{EN DASH} Sun {day + 1} Jul, 03:00 (Japan Time)")
    ).to_be_visible()
    await expect(guest.get_by_text(f"Valid from Sat {day} Jul, 21:30")).to_be_visible()
    await expect(page.get_by_text(re.compile(f"Sat,? {day} Jul,? 21:30"))).to_be_visible()
    await expect(theirs.get_by_text(re.compile(f"liepos {day} d.,? št 21:30"))).to_be_visible()
    await page.goto(f"/app/#/events/{event['id']}/offers/{offer['id']}")
    await page.get_by_text("Times", exact=True).click()
    await expect(page.get_by_label("Redeem from")).to_have_value(f"{starts.year}-07-{day:02}T21:30")


@pytest.mark.parametrize("profile", ["phone", "desktop"])
async def test_nothing_jumps_while_a_page_loads(visitors: Visitors, party: Party, profile: str) -> None:
    guest = await visitors.open(f"/e/{party.event['slug']}", profile)
    # A page that is slow to connect says so, after three seconds a door's and after four the organizer's, which moves
    # what is below; here it may take longer.
    organizer = await visitors.organizer(party.owner, f"/app/#/events/{party.id}", profile, script=held(4_000, 4_000))
    door = await visitors.door(party, "Phone 2", profile, camera=False, script=held(3_000, 3_000))
    await until(door, "() => navigator.serviceWorker.controller !== null")
    await door.reload()
    for page in (guest, organizer, door):
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(organizer.get_by_role("img", name="Chart of claims")).to_be_visible()
    await until(organizer, "() => document.querySelectorAll('.feed li').length > 0")
    for page in (guest, organizer, door):
        shifts = await page.evaluate(JUMPS)
        assert sum(value for value, _ in shifts) < 0.02, shifts
