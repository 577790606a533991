"""The organizer's app at /app/."""

from playwright.async_api import Page, expect

from .stage import Stage, at, state

at("organizer/sign-in", "/app/")
at("organizer/password", "/app/#/password/used-up-token")


@state("organizer/events")
async def events(stage: Stage) -> Page:
    page = await stage.organizer(stage.party.owner)
    await expect(page.get_by_role("link", name=stage.party.event["name"])).to_be_visible()
    return page


@state("organizer/live")
async def live(stage: Stage) -> Page:
    page = await stage.organizer(stage.night.owner, f"/app/#/events/{stage.night.id}")
    await expect(page.get_by_role("heading", name=stage.night.event["name"])).to_be_visible()
    return page


@state("organizer/invite")
async def invite(stage: Stage) -> Page:
    made = await stage.party.owner.post(f"{stage.party.path}/members", {"role": "door"})
    page = await stage.organizer(await stage.world.organizer("Mia"), made["invite_url"])
    await page.locator("h1").first.wait_for()
    return page
