"""The door's app at /door/ without a network, or on its way to be able to do without one."""

import json

from playwright.async_api import Page, Route, expect

from tests.browser.doors import BOOK, can_judge, next_guest, no_book, typed, verdict
from tests.browser.timers import UNHURRIED

from .door import NO_CAMERA, with_names
from .stage import Stage, state


@state("door/waiting")
async def waiting(stage: Stage) -> Page:
    stage.guard.expect("ERR_FAILED")
    page = await stage.door(network={BOOK: no_book}, **NO_CAMERA)
    await cut(stage, page)
    await typed(page, stage.party.codes[0])
    await verdict(page, "wait")
    return page


@state("door/lost")
async def lost(stage: Stage) -> Page:
    page = await waiting(stage)
    await page.get_by_role("button", name="Next guest").click()
    await expect(page.locator(".notes .lost")).to_be_visible()
    return page


@state("door/alone")
async def alone(stage: Stage) -> Page:
    page = await with_names(stage, **NO_CAMERA)
    await can_judge(page)
    await cut(stage, page)
    await typed(page, "LIST-1")
    await verdict(page, "offline")
    return page


@state("door/alone/used")
async def used_here(stage: Stage) -> Page:
    page = await alone(stage)
    await next_guest(page)
    await page.get_by_role("button", name="One use more").click()
    await page.get_by_role("button", name="One use more").click()
    await typed(page, "LIST-1")
    await verdict(page, "used")
    return page


@state("door/alone/lost")
async def lost_and_alone(stage: Stage) -> Page:
    page = await alone(stage)
    await next_guest(page)
    await expect(page.locator(".notes .lost")).to_be_visible()
    return page


@state("door/alone/leaving")
async def leaving(stage: Stage) -> Page:
    page = await lost_and_alone(stage)
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Unpair this phone").click()
    await expect(page.get_by_text("1 scan has no answer yet")).to_be_visible()
    return page


@state("door/getting-ready")
async def getting_ready(stage: Stage) -> Page:
    page = await stage.door(network={BOOK: half_a_book}, script=UNHURRIED, **NO_CAMERA)
    await expect(page.locator("progress")).to_be_visible()
    return page


async def cut(stage: Stage, page: Page) -> None:
    """Take the network away from all pages of a context."""
    stage.guard.expect("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "WebSocket")
    await page.route("**/socket.io/**", lambda route: route.abort())
    await page.context.set_offline(True)


async def half_a_book(route: Route) -> None:
    """Let the first part of a book arrive, and hold back the rest."""
    if not route.request.url.endswith("chunk=0"):
        return  # it is under way for as long as anybody looks
    answer = await route.fetch()
    raw = await answer.body()
    size = int.from_bytes(raw[:4], "big")
    header = json.loads(raw[4 : 4 + size])
    more = {"vouchers": 100_000, "last": header["last"] + 1, "sealed_seq": 0}
    head = json.dumps({**header, **more}).encode()
    await route.fulfill(response=answer, body=len(head).to_bytes(4, "big") + head + raw[4 + size :])
