"""The guests' pages: an event, a voucher, the wallet."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from tests.browser.night import a_night
from tests.browser.visitors import until
from tests.support.world import Party

from .stage import Stage, state

LONG = "A ride on the Ferris wheel above the harbour with somebody whom you have not met before this very night"


async def claimed(stage: Stage, party: Party | None = None) -> Page:
    """Return the page of a guest who has just got a voucher, which is shown large."""
    page = await stage.open(f"/e/{(party or stage.party).event['slug']}")
    await page.get_by_role("button", name="Call dibs").first.click()
    await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    return page


async def nothing_moves(page: Page) -> None:
    """Wait until the paper has fallen."""
    await until(page, "() => document.getAnimations().every(({ playState }) => playState !== 'running')")


@state("guest/event")
async def event(stage: Stage) -> Page:
    page = await stage.open(f"/e/{stage.night.event['slug']}")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    return page


@state("guest/event/mine")
async def mine(stage: Stage) -> Page:
    page = await claimed(stage)
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("heading", name="Yours")).to_be_visible()
    return page


@state("guest/event/every-kind-of-offer")
async def offers(stage: Stage) -> Page:
    world, party = stage.world, stage.party
    later = datetime.now(UTC) + timedelta(hours=30)
    for fields in (
        {"title": LONG, "quantity": 2_000_000, "max_uses": 5, "per_guest_limit": 3, "description": LONG},
        {"title": "Opens later", "claim_from": later},
        {"title": "Was open", "claim_until": datetime.now(UTC) - timedelta(hours=1)},
        {"title": "Only a few", "quantity": 3, "redeem_from": later, "redeem_until": later + timedelta(hours=2)},
        {"title": "Gone", "quantity": 1},
    ):
        offer = await world.offer(party.owner, party.id, **fields)
    await party.guest.claim(offer["id"])
    paused = await world.offer(party.owner, party.id, title="Paused")
    await party.owner.patch(f"{party.path}/offers/{paused['id']}", {"status": "paused"})
    page = await stage.open(f"/e/{party.event['slug']}")
    await expect(page.get_by_text("Opens in")).to_be_visible()
    return page


@state("guest/event/closed")
async def closed(stage: Stage) -> Page:
    page = await claimed(stage)
    await page.get_by_role("button", name="Close").click()
    await stage.party.owner.post(f"{stage.party.path}/close")
    await expect(page.get_by_text("This event is closed")).to_be_visible()
    return page


@state("guest/event/nothing-on-offer")
async def nothing(stage: Stage) -> Page:
    bare = await stage.world.event(stage.party.owner)
    page = await stage.open(f"/e/{bare['slug']}")
    await expect(page.get_by_text("Nothing to call dibs on yet")).to_be_visible()
    return page


@state("guest/event/join")
async def join(stage: Stage) -> Page:
    asks = {"guest_name": "required", "guest_access": "access_code", "access_code": "sesame"}
    asking = await stage.world.event(stage.party.owner, **asks)
    await stage.world.offer(stage.party.owner, asking["id"])
    stage.guard.expect("403 POST .*/guests")
    page = await stage.open(f"/e/{asking['slug']}")
    await page.get_by_role("button", name="Call dibs").first.click()
    await page.get_by_label("Access code").fill("wrong")
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_role("dialog").get_by_role("button", name="Call dibs").click()
    await expect(page.get_by_text("This is not the access code")).to_be_visible()
    return page


@state("guest/event/unknown")
async def unknown(stage: Stage) -> Page:
    stage.guard.expect("404 GET .*/public/events/")
    page = await stage.open("/e/no-such-party")
    await expect(page.get_by_role("heading", name="No party here")).to_be_visible()
    return page


@state("guest/event/voucher")
async def voucher(stage: Stage) -> Page:
    page = await claimed(stage)
    await nothing_moves(page)
    return page


@state("guest/night/voucher")
async def in_the_night(stage: Stage) -> Page:
    page = await claimed(stage, await a_night(stage.world))
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await nothing_moves(page)
    return page


@state("guest/event/voucher-used")
async def used(stage: Stage) -> Page:
    page = await claimed(stage)
    code = await page.get_by_role("dialog").locator(".code .figures").inner_text()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await stage.party.device.redeem(code)
    await expect(page.get_by_text("Used. Enjoy!").last).to_be_visible()
    await nothing_moves(page)
    return page


@state("guest/event/give-back")
async def give_back(stage: Stage) -> Page:
    page = await claimed(stage)
    await page.get_by_role("button", name="Give it back").click()
    await nothing_moves(page)
    return page


@state("guest/wallet")
async def wallet(stage: Stage) -> Page:
    page = await claimed(stage)
    await page.goto("/wallet/")
    await expect(page.get_by_role("heading", name=stage.party.event["name"])).to_be_visible()
    await page.get_by_text("Have vouchers on another device?").click()
    return page


@state("guest/wallet/link")
async def link(stage: Stage) -> Page:
    page = await wallet(stage)
    await page.get_by_role("button", name="To another device").click()
    await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
    return page


@state("guest/wallet/empty")
async def empty(stage: Stage) -> Page:
    page = await stage.open("/wallet/")
    await expect(page.get_by_text("No vouchers here yet")).to_be_visible()
    return page


@state("guest/wallet/link-used-up")
async def used_up(stage: Stage) -> Page:
    stage.guard.expect("404 POST .*/guest/links/open")
    page = await stage.open(f"/wallet/#{'A' * 43}")
    await expect(page.get_by_text("The link could not be opened")).to_be_visible()
    return page


@state("guest/voucher")
async def public_voucher(stage: Stage) -> Page:
    page = await stage.open(f"/v/{stage.party.codes[0]}")
    await expect(page.get_by_text("Good to go")).to_be_visible()
    return page


@state("guest/voucher/used")
async def public_used(stage: Stage) -> Page:
    await stage.party.device.redeem(stage.party.codes[1])
    page = await stage.open(f"/V/{stage.party.codes[1]}")
    await expect(page.get_by_text("Used already")).to_be_visible()
    return page


@state("guest/voucher/mine")
async def own_voucher(stage: Stage) -> Page:
    page = await claimed(stage)
    code = await page.get_by_role("dialog").locator(".code .figures").inner_text()
    await page.goto(f"/v/{code}")
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    return page


@state("guest/voucher/unknown")
async def unknown_code(stage: Stage) -> Page:
    stage.guard.expect("404 GET .*/public/vouchers/")
    page = await stage.open("/v/N0SUCHC0DE")
    await expect(page.get_by_role("heading", name="We do not know this code")).to_be_visible()
    return page
