"""The organizer's app."""

from playwright.async_api import expect

from tests.support.world import PASSWORD, Party

from .accessibility import accessible
from .visitors import Visitors


async def test_sign_in_and_the_event_moves_live(visitors: Visitors, party: Party) -> None:
    page = await visitors.open("/app/", "desktop")
    await accessible(page)
    await page.get_by_label("E-mail").fill(party.owner.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name=party.event["name"]).click()
    await expect(page.get_by_role("heading", name=party.event["name"])).to_be_visible()
    redeemed = page.get_by_role("region", name="The night so far").get_by_role("definition").first
    await expect(redeemed).to_have_text("0")
    verdict = await party.device.redeem(party.codes[0])
    assert verdict["verdict"] == "accepted"
    await expect(redeemed).to_have_text("1")
    await accessible(page)


async def test_signing_out_in_one_tab_ends_the_other(visitors: Visitors, party: Party) -> None:
    one = await visitors.organizer(party.owner, f"/app/#/events/{party.id}", "desktop")
    other = await one.context.new_page()
    await other.goto("/app/")
    for tab in (one, other):
        await expect(tab.get_by_role("button", name="Sign out")).to_be_visible()
    await other.get_by_role("button", name="Sign out").click()
    for tab in (one, other):
        await expect(tab.get_by_label("Password", exact=True)).to_be_visible()
    await one.reload()
    await expect(one.get_by_label("Password", exact=True)).to_be_visible()
