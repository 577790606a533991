"""An invitation: made on one organizer's page, accepted by somebody who had no account a minute ago."""

from playwright.async_api import expect

from tests.support.world import PASSWORD, Party

from .accessibility import accessible
from .visitors import Visitors


async def test_a_stranger_registers_and_joins_by_the_link(visitors: Visitors, party: Party) -> None:
    owner = await visitors.organizer(party.owner, f"/app/#/events/{party.id}/team", "desktop")
    await owner.get_by_label("Viewer").check()
    await owner.get_by_role("button", name="Make a link").click()
    link = await owner.locator(".link a").inner_text()
    page = await visitors.open(link)
    # The way to it leads through an account, and does not forget where it was going.
    await page.get_by_role("button", name="New here? Create an account").click()
    await page.get_by_label("Your name").fill("Mia Newcomer")
    await page.get_by_label("E-mail").fill(f"mia-{party.id}@dibs.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account", exact=True).click()
    await expect(page.get_by_role("heading", name="You are invited")).to_be_visible()
    await accessible(page)
    members = (await party.owner.get(f"{party.path}/members"))["items"]
    assert len(members) == 1, "opening the link joins nobody"
    await page.get_by_role("button", name="Join").click()
    await expect(page.get_by_role("heading", name=party.event["name"])).to_be_visible()
    await expect(owner.get_by_text("Mia Newcomer")).to_be_visible()
    # It is used up, and says so to whoever tries it next.
    visitors.guard.expect("404 POST .*/invites/")
    late = await visitors.organizer(await party.world.organizer("Late"), link)
    await late.get_by_role("button", name="Join").click()
    await expect(late.get_by_role("alert")).to_contain_text("used")
