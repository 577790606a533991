"""The pages in Lithuanian, whose words are longer."""

from playwright.async_api import Page, expect

from .organizer import loaded
from .stage import Stage, at, state

at("start/lithuanian", "/", language="lt")
at("organizer/sign-in/lithuanian", "/app/", language="lt")


def _register(page: str, heading: str) -> None:
    @state(f"organizer/event/{page or 'live'}/lithuanian")
    async def shown(stage: Stage) -> Page:
        manager = await stage.crew("manager", "Rasa")
        shown = await stage.organizer(manager, f"/app/#/events/{stage.night.id}/{page}", language="lt")
        await expect(shown.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await loaded(shown)
        return shown


for _page, _heading in {
    "": "Kas minutę",
    "offers": "Pasiūlymai",
    "codes": "Kodai",
    "doors": "Durys",
    "settings": "Nuostatos",
}.items():
    _register(_page, _heading)


@state("organizer/new/lithuanian")
async def new_event(stage: Stage) -> Page:
    page = await stage.organizer(stage.party.owner, "/app/#/new", language="lt")
    await page.locator("form button").first.click()
    await expect(page.locator("[aria-invalid=true]")).to_be_visible()
    return page


@state("guest/event/lithuanian")
async def event(stage: Stage) -> Page:
    page = await stage.open(f"/e/{stage.night.event['slug']}", language="lt")
    await expect(page.get_by_text("Tiesiogiai", exact=True)).to_be_visible()
    return page


@state("guest/event/voucher/lithuanian")
async def voucher(stage: Stage) -> Page:
    page = await stage.open(f"/e/{stage.party.event['slug']}", language="lt")
    await page.get_by_role("button", name="Čia mano!").click()
    await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    await page.get_by_role("button", name="Grąžinti").click()
    return page


@state("guest/wallet/lithuanian")
async def wallet(stage: Stage) -> Page:
    page = await voucher(stage)
    await expect(page.get_by_text("Tiesiogiai", exact=True)).to_be_visible()
    await page.goto("/wallet/")
    await expect(page.get_by_role("heading", name=stage.party.event["name"])).to_be_visible()
    return page
