"""The door's app at /door/."""

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.doors import live, typed, verdict
from tests.browser.phone import LIGHT
from tests.doors.book import current
from tests.support.world import redeem

from .stage import Stage, state

NO_CAMERA = {"camera": False}
"""For states in which the camera's picture would only be another grey."""


async def with_names(stage: Stage, *, camera: bool = True, **device: Any) -> Page:
    """Return a door's page of a party with two named guests, whose codes are LIST-1 and LIST-2."""
    party = stage.party
    sheet = "code,offer,max_uses,guest_name\nLIST-1,Ticket,3,Ada Lovelace\nLIST-2,Ticket,1,Adomas Mickevičius\n"
    headers = {"Content-Type": "text/csv"}
    await party.owner.post(f"{party.path}/vouchers/import", data=sheet.encode(), headers=headers)
    await current(party.device)  # so that the door knows them, too, when it works alone
    return await stage.door(device=device, camera=camera)


@state("door/pair")
async def pair(stage: Stage) -> Page:
    page = await stage.open("/door/")
    await page.get_by_role("button", name="Pair this phone").click()
    await expect(page.get_by_text("8 characters to go.")).to_be_visible()
    return page


@state("door/pair/scan")
async def pair_by_camera(stage: Stage) -> Page:
    page = await stage.open("/door/", camera=True)
    await page.get_by_role("button", name="Scan the pairing code").click()
    await expect(page.locator(".view.on")).to_be_visible()
    return page


@state("door/pair/wrong")
async def wrong_code(stage: Stage) -> Page:
    stage.guard.expect("404 POST .*/devices/pair")
    page = await stage.open("/door/#0000ZZZZ")
    await page.get_by_role("button", name="Pair this phone").click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong, used or too old")
    return page


@state("door/scan")
async def scan(stage: Stage) -> Page:
    page = await with_names(stage, can_search=True)
    await expect(page.locator(".view.on")).to_be_visible()
    return page


@state("door/scan/light")
async def scan_by_light(stage: Stage) -> Page:
    page = await stage.door(script=LIGHT)
    await expect(page.locator(".view.on")).to_be_visible()
    await page.get_by_role("button", name="Switch the light on").click()
    await expect(page.get_by_role("button", name="Switch the light off")).to_be_visible()
    return page


@state("door/scan/as-the-phone")
async def scan_by_day(stage: Stage) -> Page:
    page = await stage.door(storage={"dibs.door": '{"look": "auto"}'})
    await expect(page.locator(".view.on")).to_be_visible()
    return page


@state("door/recent/as-the-phone")
async def recent_by_day(stage: Stage) -> Page:
    page = await stage.door(storage={"dibs.door": '{"look": "auto", "stays": true}'}, **NO_CAMERA)
    await typed(page, stage.party.codes[0])
    await verdict(page, "admit")
    await page.get_by_role("button", name="Next guest").click()
    await page.get_by_role("button", name="Last scans").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    return page


@state("door/pair/as-the-phone")
async def pair_by_day(stage: Stage) -> Page:
    return await stage.open("/door/#7KQ4MX2P", storage={"dibs.door": '{"look": "auto"}'})


@state("door/refused/lithuanian")
async def refused_in_lithuanian(stage: Stage) -> Page:
    page = await stage.door(language="lt", **NO_CAMERA)
    await stage.party.device.redeem(stage.party.codes[0])
    await page.get_by_role("button", name="Įvesti kodą").click()
    await page.get_by_label("Kodas", exact=True).fill(stage.party.codes[0])
    await page.get_by_role("button", name="Tikrinti").click()
    await verdict(page, "used")
    return page


@state("door/menu/lithuanian")
async def menu_in_lithuanian(stage: Stage) -> Page:
    page = await stage.door(language="lt", **NO_CAMERA)
    await page.get_by_role("button", name="Meniu").click()
    await expect(page.get_by_role("heading", name="Meniu")).to_be_visible()
    return page


@state("door/blocked")
async def blocked(stage: Stage) -> Page:
    page = await stage.door(camera=False)
    await page.get_by_role("button", name="Start the camera").click()
    await expect(page.get_by_text("The camera is blocked")).to_be_visible()
    return page


@state("door/accepted")
async def accepted(stage: Stage) -> Page:
    page = await with_names(stage)
    await typed(page, "LIST-1")
    await verdict(page, "admit")
    return page


@state("door/used")
async def used(stage: Stage) -> Page:
    page = await stage.door()
    await stage.party.device.redeem(stage.party.codes[0])
    await typed(page, stage.party.codes[0])
    await verdict(page, "used")
    return page


@state("door/refused")
async def refused(stage: Stage) -> Page:
    page = await stage.door()
    await typed(page, "NOSUCHCODE")
    await verdict(page, "deny")
    return page


@state("door/too-many-uses")
async def too_many(stage: Stage) -> Page:
    page = await with_names(stage)
    await redeem(stage.party.device, stage.party.id, "LIST-1")
    await typed(page, "LIST-1")
    await verdict(page, "admit")
    await page.get_by_role("button", name="Next guest").click()
    await page.get_by_role("button", name="One use more").click()
    await typed(page, "LIST-1")
    await verdict(page, "used")
    return page


@state("door/type")
async def by_hand(stage: Stage) -> Page:
    page = await stage.door(**NO_CAMERA)
    await page.get_by_role("button", name="Type code").click()
    await page.get_by_label("Code", exact=True).fill("7kq4m-x2poi")
    await expect(page.get_by_text("7KQ4M X2P01")).to_be_visible()
    return page


@state("door/search")
async def search(stage: Stage) -> Page:
    page = await with_names(stage, can_search=True)
    await page.get_by_role("button", name="Find guest").click()
    await page.get_by_label("Name of the guest").fill("ad")
    await page.get_by_role("button", name="Find", exact=True).click()
    await expect(page.get_by_text("2 vouchers found")).to_be_visible()
    return page


@state("door/recent")
async def recent(stage: Stage) -> Page:
    page = await with_names(stage, can_search=True)
    for code, tone in (("LIST-1", "admit"), ("NOSUCHCODE", "deny"), ("LIST-2", "admit"), ("LIST-2", "used")):
        await typed(page, code)
        await verdict(page, tone)
        await page.get_by_role("button", name="Next guest").click()
    await page.get_by_role("button", name="Last scans").click()
    await page.get_by_role("button", name="Undo").first.click()
    await expect(page.get_by_role("button", name="Yes, undo it")).to_be_visible()
    return page


@state("door/menu")
async def menu(stage: Stage) -> Page:
    await stage.world.gate(stage.party.owner, stage.party.id, "Beer tent")
    page = await stage.door(**NO_CAMERA)
    await page.get_by_role("button", name="Menu").click()
    await expect(page.get_by_text("Beer tent")).to_be_visible()
    await page.get_by_role("button", name="Unpair this phone").click()
    return page


@state("door/closed")
async def closed(stage: Stage) -> Page:
    page = await stage.door()
    await stage.party.owner.post(f"{stage.party.path}/close")
    await expect(page.get_by_text("The event is closed")).to_be_visible()
    return page


@state("door/elsewhere")
async def elsewhere(stage: Stage) -> Page:
    page = await stage.door(**NO_CAMERA)
    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(page.get_by_role("button", name="Work in this window")).to_be_visible()
    await live(other)
    return page


@state("door/ended")
async def ended(stage: Stage) -> Page:
    stage.guard.expect("401 GET .*/door-snapshot")
    page = await stage.door(label="Lost phone")
    devices = await stage.party.owner.get(f"{stage.party.path}/devices")
    mine = next(device for device in devices["items"] if device["label"] == "Lost phone")
    await stage.party.owner.delete(f"{stage.party.path}/devices/{mine['id']}")
    await expect(page.get_by_text("The organizer took it out.")).to_be_visible()
    return page
