"""What nobody hopes for, in all three apps: waiting, failing, nothing there yet, and names that are far too long."""

import asyncio

from playwright.async_api import Page, Route, expect

from tests.browser.doors import typed, verdict
from tests.browser.timers import UNHURRIED, held
from tests.browser.visitors import Handler
from tests.support.world import Party

from .door import NO_CAMERA
from .guest import LONG, claimed, nothing_moves
from .organizer import loaded
from .stage import Stage, state

NAME = "Ferdinandas Maksimilijonas Aleksandravičius-Vaitiekūnas"
PLACE = "Main entrance behind the old lighthouse, left of the merry-go-round"


async def hold(_route: Route) -> None:
    """Answer nothing, ever."""
    await asyncio.Event().wait()


async def fail(route: Route) -> None:
    """Lose the connection."""
    await route.abort()


class Long(Party):
    """A party with long names everywhere."""

    async def begin(self, **event: object) -> "Long":
        world = self.world
        self.owner = await world.organizer(NAME)
        self.event = await world.event(self.owner, **{"name": LONG, "venue": PLACE, "description": LONG, **event})
        self.gate = await world.gate(self.owner, self.id, PLACE)
        self.offer = await world.offer(self.owner, self.id, title=LONG, description=LONG, quantity=1_234_567)
        self.ticket = await world.offer(
            self.owner, self.id, title=f"{LONG}, again and again", claimable=False, max_uses=100
        )
        self.codes = await world.codes(self.owner, self.id, self.ticket["id"], 2)
        self.device = await world.device(self.owner, self.id, f"The phone of {NAME}", gate_id=self.gate["id"])
        self.guest = await world.guest(self.event["slug"])
        await self.guest.claim(self.offer["id"])
        await self.device.redeem(self.codes[0], units=7)
        return self


# ── organizers ──


async def organizer(stage: Stage, path: str, network: dict[str, Handler]) -> Page:
    """Return an organizer's page on a network that does this."""
    return await stage.organizer(await stage.world.organizer(), path, network=network, script=UNHURRIED)


@state("organizer/events/loading")
async def events_loading(stage: Stage) -> Page:
    page = await organizer(stage, "/app/", {"**/api/v1/events?*": hold})
    await expect(page.get_by_role("status")).to_contain_text("events")
    return page


@state("organizer/events/failed")
async def events_failed(stage: Stage) -> Page:
    stage.guard.expect("ERR_FAILED")
    page = await organizer(stage, "/app/", {"**/api/v1/events?*": fail})
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    return page


@state("organizer/sign-in/failed")
async def sign_in_failed(stage: Stage) -> Page:
    stage.guard.expect("401 POST")
    page = await stage.open("/app/")
    await page.get_by_label("E-mail").fill("olga@dibs.example")
    await page.get_by_label("Password", exact=True).fill("not my password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("E-mail or password is wrong.")).to_be_visible()
    return page


@state("organizer/live/loading")
async def live_loading(stage: Stage) -> Page:
    # After four seconds it says that it takes long, after ten that the line is lost.
    path, patient = f"/app/#/events/{stage.party.id}", held(4_000, 10_000)
    page = await stage.organizer(stage.party.owner, path, sockets=lambda _socket: None, script=patient)
    await expect(page.locator("[aria-busy] h1")).to_be_visible()
    return page


@state("organizer/live/lost")
async def live_lost(stage: Stage) -> Page:
    page = await stage.organizer(stage.party.owner, f"/app/#/events/{stage.party.id}")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(page.get_by_role("img", name="Chart of claims")).to_be_visible()
    stage.guard.expect("ERR_INTERNET_DISCONNECTED", "WebSocket")
    await page.context.set_offline(True)
    await expect(page.get_by_role("button", name="Try now")).to_be_visible()
    return page


for _name in ("offers", "codes", "doors", "inbox"):

    @state(f"organizer/event/{_name}/empty")
    async def empty(stage: Stage, name: str = _name) -> Page:
        party = stage.party
        bare = await stage.world.event(party.owner)
        page = await stage.organizer(party.owner, f"/app/#/events/{bare['id']}/{name}")
        await expect(page.get_by_role("heading", name=name.capitalize(), exact=True)).to_be_visible()
        await loaded(page)
        return page


for _name in ("", "offers", "codes", "doors", "team", "share"):

    @state(f"organizer/event/{_name or 'live'}/long-names")
    async def long_names(stage: Stage, name: str = _name) -> Page:
        party = await Long(stage.world).begin()
        page = await stage.organizer(party.owner, f"/app/#/events/{party.id}/{name}")
        await expect(page.get_by_role("heading", level=1)).to_have_text(LONG)
        await loaded(page)
        return page


@state("organizer/event/inbox/conflict")
async def conflict(stage: Stage) -> Page:
    party = await Long(stage.world).begin()
    await party.owner.post(
        f"{party.path}/vouchers/{(await party.owner.get(f'{party.path}/vouchers'))['items'][0]['id']}/void",
        {"reason": "torn"},
    )
    now = party.world.clock()
    for code in party.codes:
        told = {"verdict": "accepted", "device_time": now, "clock_offset_ms": 0, "staff": NAME}
        await party.device.redeem(code, units=99, scanned_at=now, local=told)
    page = await stage.organizer(party.owner, f"/app/#/events/{party.id}/inbox")
    await page.get_by_role("button", name="Settle it").first.click()
    await page.get_by_role("button", name="Settle it").first.click()
    await expect(page.get_by_text("Please fill this in.")).to_be_visible()
    return page


# ── guests ──


@state("guest/event/loading")
async def guest_loading(stage: Stage) -> Page:
    network = {"**/public/events/*": hold}
    page = await stage.open(f"/e/{stage.party.event['slug']}", network=network, script=UNHURRIED)
    await expect(page.locator("[data-words]")).to_be_visible()
    return page


@state("guest/event/failed")
async def guest_failed(stage: Stage) -> Page:
    stage.guard.expect("ERR_FAILED")
    page = await stage.open(f"/e/{stage.party.event['slug']}", network={"**/public/events/*": fail})
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    return page


@state("guest/event/lost")
async def guest_lost(stage: Stage) -> Page:
    page = await stage.open(f"/e/{stage.party.event['slug']}", sockets=lambda socket: socket.close())
    await expect(page.get_by_text("What you see may be old").last).to_be_visible()
    return page


@state("guest/event/long-names")
async def guest_long(stage: Stage) -> Page:
    page = await claimed(stage, await Long(stage.world).begin())
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("heading", name="Yours")).to_be_visible()
    await expect(page.get_by_text("1,234,565", exact=True)).to_be_visible()
    return page


@state("guest/event/voucher/long-names")
async def guest_long_voucher(stage: Stage) -> Page:
    page = await claimed(stage, await Long(stage.world).begin())
    await nothing_moves(page)
    return page


@state("guest/event/voucher/voided")
async def guest_voided(stage: Stage) -> Page:
    party = stage.party
    page = await claimed(stage)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    (voucher,) = (await party.owner.get(f"{party.path}/vouchers", state="claimed"))["items"]
    await party.owner.post(f"{party.path}/vouchers/{voucher['id']}/void", {"reason": "torn"})
    await expect(page.get_by_text("Not valid any more").first).to_be_visible()
    await nothing_moves(page)
    return page


# ── doors ──


@state("door/accepted/long-names")
async def door_long(stage: Stage) -> Page:
    party = await Long(stage.world).begin()
    page = await stage.door(party, label=f"The phone of {NAME}", **NO_CAMERA)
    await typed(page, party.codes[1])
    await verdict(page, "admit")
    return page


@state("door/recent/long-names")
async def door_long_used(stage: Stage) -> Page:
    page = await door_long(stage)
    await page.get_by_role("button", name="Next guest").click()
    await typed(page, "NOSUCHCODE")
    await verdict(page, "deny")
    await page.get_by_role("button", name="Next guest").click()
    await page.get_by_role("button", name="Last scans").click()
    await expect(page.get_by_text("Unknown code")).to_be_visible()
    return page


@state("door/recent/empty")
async def door_nothing_yet(stage: Stage) -> Page:
    page = await stage.door(**NO_CAMERA)
    await page.get_by_role("button", name="Last scans").click()
    await expect(page.get_by_text("No scans yet")).to_be_visible()
    return page


@state("door/search/nothing")
async def door_nobody(stage: Stage) -> Page:
    page = await stage.door(device={"can_search": True}, **NO_CAMERA)
    await page.get_by_role("button", name="Find guest").click()
    await page.get_by_label("Name of the guest").fill("Nobody at all")
    await page.get_by_role("button", name="Find", exact=True).click()
    await expect(page.get_by_text("Nobody with")).to_be_visible()
    return page
