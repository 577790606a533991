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
