"""The organizer's app at /app/."""

import re

from playwright.async_api import Page, expect

from .stage import Stage, at, state

PAGES = {
    "offers": "Offers",
    "codes": "Codes",
    "doors": "Doors",
    "inbox": "Inbox",
    "share": "Share",
    "team": "Team",
    "settings": "Settings",
}
LOADING = re.compile("(Loading|Looking|Įkeliam|Ieškom).* …")
"""What its pages say while something is on its way, in each language."""


async def loaded(page: Page) -> None:
    """Wait until the page has what it asked for."""
    await expect(page.get_by_text(LOADING)).to_have_count(0)


async def _night(stage: Stage, page: str) -> Page:
    """Return a page of the night."""
    manager = await stage.crew("manager", "Rasa")
    return await stage.organizer(manager, f"/app/#/events/{stage.night.id}/{page}")


at("organizer/sign-in", "/app/")
at("organizer/password", "/app/#/password/used-up-token")


@state("organizer/events")
async def events(stage: Stage) -> Page:
    page = await stage.organizer(stage.party.owner)
    await expect(page.get_by_role("link", name=stage.party.event["name"])).to_be_visible()
    return page


@state("organizer/events/empty")
async def no_events(stage: Stage) -> Page:
    page = await stage.organizer(await stage.world.organizer())
    await expect(page.get_by_text("No events yet")).to_be_visible()
    return page


@state("organizer/new")
async def new_event(stage: Stage) -> Page:
    page = await stage.organizer(stage.party.owner, "/app/#/new")
    await page.get_by_role("button", name="Create the event").click()
    await expect(page.get_by_text("Please fill this in.")).to_be_visible()
    return page


@state("organizer/account")
async def account(stage: Stage) -> Page:
    page = await stage.organizer(stage.party.owner, "/app/#/account")
    await expect(page.get_by_text("this one")).to_be_visible()
    return page


@state("organizer/live")
async def live(stage: Stage) -> Page:
    page = await _night(stage, "")
    await expect(page.get_by_role("img", name="Chart of claims")).to_be_visible()
    return page


@state("organizer/event/replay")
async def replay(stage: Stage) -> Page:
    page = await live(stage)
    await page.get_by_role("button", name="Replay the night").click()
    await expect(page.get_by_role("slider", name="Moment of the night")).to_be_visible()
    return page


@state("organizer/event/draft")
async def draft(stage: Stage) -> Page:
    event = await stage.world.event(stage.party.owner, opened=False)
    page = await stage.organizer(stage.party.owner, f"/app/#/events/{event['id']}")
    await expect(page.get_by_text("This event is a draft")).to_be_visible()
    return page


@state("organizer/event/refused")
async def not_mine(stage: Stage) -> Page:
    page = await stage.organizer(await stage.world.organizer(), f"/app/#/events/{stage.party.id}")
    await expect(page.get_by_role("heading", name="This event is not yours")).to_be_visible()
    return page


def _register(name: str, heading: str) -> None:
    @state(f"organizer/event/{name}")
    async def shown(stage: Stage) -> Page:
        page = await _night(stage, name)
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await loaded(page)
        return page


for _name, _heading in PAGES.items():
    _register(_name, _heading)


@state("organizer/event/offers/new")
async def new_offer(stage: Stage) -> Page:
    page = await _night(stage, "offers/new")
    await page.get_by_role("button", name="Add the offer").click()
    await page.get_by_text("Times", exact=True).click()
    await expect(page.get_by_label("Redeem until")).to_be_visible()
    return page


@state("organizer/event/offers/contested")
async def contested(stage: Stage) -> Page:
    party = stage.party
    page = await stage.organizer(party.owner, f"/app/#/events/{party.id}/offers/{party.offer['id']}")
    await page.get_by_label("What guests get").fill("Beer")
    await party.owner.patch(f"{party.path}/offers/{party.offer['id']}", {"title": "Wine"})
    await expect(page.get_by_text("Somebody else changed this meanwhile")).to_be_visible()
    return page


@state("organizer/event/codes/new")
async def made_codes(stage: Stage) -> Page:
    party = stage.party
    page = await stage.organizer(party.owner, f"/app/#/events/{party.id}/codes/new")
    await page.get_by_label("How many").fill("12")
    await page.get_by_role("button", name="Make codes").click()
    await expect(page.get_by_text("12 codes are ready.")).to_be_visible()
    return page


@state("organizer/event/codes/import")
async def faulty_lines(stage: Stage) -> Page:
    page = await _night(stage, "codes/import")
    rows = b"code,offer\nGOOD0001,Welcome drink\nx,Welcome drink\nGOOD0002,Nothing\n"
    await page.set_input_files("#csv", files=[{"name": "codes.csv", "mimeType": "text/csv", "buffer": rows}])
    await expect(page.get_by_text("2 lines are faulty and stay out")).to_be_visible()
    return page


@state("organizer/event/codes/nothing")
async def nothing_found(stage: Stage) -> Page:
    page = await _night(stage, "codes")
    await page.get_by_label("Search").fill("NOSUCHCODE")
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    return page


@state("organizer/event/codes/one")
async def one_code(stage: Stage) -> Page:
    page = await _night(stage, "codes")
    await page.get_by_role("button", name="Look at the code").first.click()
    await expect(page.get_by_role("img", name="QR code of")).to_be_visible()
    await page.get_by_role("button", name="Void", exact=True).click()
    return page


@state("organizer/event/doors/pairing")
async def pairing(stage: Stage) -> Page:
    party = stage.party
    page = await stage.organizer(party.owner, f"/app/#/events/{party.id}/doors")
    await page.get_by_role("button", name="Add a phone").click()
    await page.get_by_label("Name of the phone").fill("Phone at the bar")
    await page.get_by_role("button", name="Add and pair").click()
    await expect(page.get_by_role("img", name="QR code that pairs the phone")).to_be_visible()
    return page


@state("organizer/event/team/invited")
async def invited(stage: Stage) -> Page:
    party = stage.party
    page = await stage.organizer(party.owner, f"/app/#/events/{party.id}/team")
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.get_by_text("Here is the link")).to_be_visible()
    return page


@state("organizer/event/viewer")
async def as_a_viewer(stage: Stage) -> Page:
    viewer = await stage.crew("viewer")
    page = await stage.organizer(viewer, f"/app/#/events/{stage.night.id}/codes")
    await expect(page.get_by_role("button", name="Look at the code").first).to_be_visible()
    return page


@state("organizer/invite")
async def invite(stage: Stage) -> Page:
    made = await stage.party.owner.post(f"{stage.party.path}/members", {"role": "door"})
    page = await stage.organizer(await stage.world.organizer("Mia"), made["invite_url"])
    await page.locator("h1").first.wait_for()
    return page
