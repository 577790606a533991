"""A phone at the door whose network dies: it judges alone, keeps everything, and gives an account of it afterwards."""

import asyncio
import re

from playwright.async_api import Dialog, expect

from tests.support.world import Json, Party

from .cable import CUT_OFF, Cable
from .door_page import ready, redemptions
from .doors import BOOK, WAITING, can_judge, live, next_guest, no_book, typed, verdict
from .guard import Guard
from .server import Server
from .timers import held
from .visitors import STEP_SECONDS, Visitors, until

NOTE_PERSISTING = """
window.persisting = 0;
const persist = navigator.storage.persist.bind(navigator.storage);
navigator.storage.persist = () => { window.persisting += 1; return persist(); };
"""
NOTE_WAKING = """() => {
  window.asked = [];
  SyncManager.prototype.register = async (tag) => void window.asked.push(tag);
}"""


async def test_a_scan_outlives_the_server_and_the_page(
    visitors: Visitors, party: Party, server: Server, guard: Guard
) -> None:
    guard.expect(*CUT_OFF)
    page = await ready(visitors, party)
    await until(page, "() => navigator.serviceWorker.controller !== null")
    await server.stop(at_once=True)
    try:
        await typed(page, party.codes[0])
        await verdict(page, "offline")
        await expect(page.get_by_role("alert")).to_contain_text("Ticket. Judged by this phone alone")
        await expect(page.get_by_text("1 not confirmed")).to_be_visible()
        # The service worker brings the page, the storage the scan.
        await page.reload()
        await expect(page.get_by_text("1 scan waits for an answer")).to_be_visible()
        # What this phone let in it refuses itself.
        await typed(page, party.codes[0])
        await verdict(page, "used")
        await expect(page.get_by_role("alert")).to_contain_text(re.compile("^Used. You scanned it"))
        await next_guest(page)
    finally:
        await server.start()
    await live(page)
    await expect(page.get_by_text(WAITING)).to_have_count(0)
    assert await redemptions(party) == [True]
    # What the hub only confirmed is shown in the list, and interrupts nobody.
    await expect(page.locator("[data-tone]")).to_have_count(0)
    await page.get_by_role("button", name="Last scans").click()
    await expect(page.get_by_role("listitem").filter(has_text="Yes:")).to_have_count(1)
    again = await party.device.redeem(party.codes[0])
    assert again["reason"] == "already_redeemed"
    assert (await party.owner.get(f"{party.path}/conflicts"))["items"] == []


async def test_without_a_book_a_scan_waits_for_the_hub(
    visitors: Visitors, party: Party, server: Server, guard: Guard
) -> None:
    guard.expect(*CUT_OFF, "ERR_FAILED .*/door-snapshot")
    page = await visitors.door(party, camera=False, network={BOOK: no_book})
    await live(page)
    await until(page, "() => navigator.serviceWorker.controller !== null")
    await server.stop(at_once=True)
    try:
        await typed(page, party.codes[0])
        await verdict(page, "wait")
        await expect(page.get_by_role("alert")).to_contain_text("No answer yet")
        await expect(page.locator(".notes .lost")).to_be_attached()
        await page.reload()
        await expect(page.get_by_text("1 scan waits for an answer")).to_be_visible()
    finally:
        await server.start()
    await verdict(page, "admit")
    await live(page)
    assert await redemptions(party) == [False]


async def test_two_doors_alone_are_one_conflict(visitors: Visitors, party: Party, guard: Guard, cable: Cable) -> None:
    guard.expect(*CUT_OFF)
    here = await ready(visitors, party, label="Left door")
    there = await ready(visitors, party, label="Right door", via=cable.url)
    await there.get_by_role("button", name="Menu").click()
    await there.get_by_label("Who is at this door").fill("Jonas")
    await there.get_by_role("button", name="Close").click()
    cable.become("cut")
    await expect(there.locator(".sign.lost")).to_be_visible()
    await typed(here, party.codes[0])
    await verdict(here, "admit")
    await typed(there, party.codes[0])
    await verdict(there, "offline")
    cable.become("good")
    # It hears it while its guest is perhaps still in sight.
    await verdict(there, "used")
    await expect(there.get_by_role("alert")).to_have_text(re.compile(r"^Used\. Used .+ at Main by Left door\."))
    await expect(there.get_by_text("1 not confirmed")).to_have_count(0)
    (conflict,) = (await party.owner.get(f"{party.path}/conflicts"))["items"]
    assert conflict["reason"] == "already_redeemed"
    door = next(side for side in conflict["sides"] if side["side"] == "door")
    assert (door["device"], door["staff"]) == ("Right door", "Jonas")
    assert await redemptions(party) == [False]


async def test_leaving_warns_and_gives_back_what_was_lent(
    visitors: Visitors, party: Party, guard: Guard, cable: Cable
) -> None:
    guard.expect(*CUT_OFF)
    lent = await party.world.offer(
        party.owner, party.id, title="Three drinks", claimable=False, max_uses=3, offline="lease"
    )
    (code,) = await party.world.codes(party.owner, party.id, lent["id"])
    page = await ready(visitors, party, via=cable.url)
    await typed(page, code)
    await verdict(page, "admit")
    await next_guest(page)
    assert (await party.device.redeem(code))["reason"] == "leased"
    cable.become("cut")
    await expect(page.locator(".sign.lost")).to_be_visible()
    await typed(page, code)
    await verdict(page, "offline")
    await next_guest(page)

    # Closing is warned of while something waits.
    warned: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def stay(dialog: Dialog) -> None:
        await dialog.dismiss()
        warned.set_result(dialog.type)

    page.on("dialog", stay)
    await page.close(run_before_unload=True)
    assert await asyncio.wait_for(warned, STEP_SECONDS) == "beforeunload"
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Unpair this phone").click()
    await expect(page.get_by_text("1 scan has no answer yet")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Close").click()

    cable.become("good")
    await live(page)
    await expect(page.get_by_text("1 scan waits for an answer")).to_have_count(0)
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Unpair this phone").click()
    # A phone that leaves waits three seconds for the hub to take back what it had lent; here that may take longer.
    await page.evaluate(held(3_000, 3_000))
    await page.get_by_role("button", name="Yes, unpair it").click()
    await expect(page.get_by_text("It left the event.")).to_be_visible()
    await until(page, "async () => !(await indexedDB.databases()).some(({ name }) => name.includes('book'))")
    assert (await party.device.redeem(code))["verdict"] == "accepted"


async def test_what_is_lent_to_another_door_says_so(visitors: Visitors, party: Party) -> None:
    lent = await party.world.offer(
        party.owner, party.id, title="Three drinks", claimable=False, max_uses=3, offline="lease"
    )
    (code,) = await party.world.codes(party.owner, party.id, lent["id"])
    await party.device.redeem(code)
    page = await visitors.door(party, camera=False, language="lt")
    await live(page)
    await page.get_by_role("button", name="Įvesti kodą").click()
    await page.get_by_label("Kodas", exact=True).fill(code)
    await page.get_by_role("button", name="Tikrinti").click()
    await verdict(page, "deny")
    await expect(page.get_by_role("alert")).to_contain_text("Ne. Jį turi kitos durys")


async def test_a_phone_whose_clock_is_changed_says_so_until_the_hub_tells_the_time(
    visitors: Visitors, party: Party, guard: Guard, cable: Cable
) -> None:
    guard.expect(*CUT_OFF)
    page = await ready(visitors, party, via=cable.url)
    cable.become("cut")
    await expect(page.locator(".sign.lost")).to_be_visible()
    await page.evaluate("() => { const now = Date.now; Date.now = () => now() + 5_400_000; }")
    await typed(page, party.codes[0])
    await verdict(page, "offline")
    await next_guest(page)
    clock = page.get_by_text("The clock of this phone was changed.")
    await expect(clock).to_be_visible()
    cable.become("good")
    await live(page)
    await expect(clock).to_have_count(0)
    await expect(page.get_by_text(WAITING)).to_have_count(0)
    (redemption,) = (await party.owner.get(f"{party.path}/redemptions"))["items"]
    # By the hub's time, whatever the phone's own says.
    assert redemption["redeemed_at"] <= redemption["received_at"]


async def test_it_asks_the_browser_to_keep_what_it_holds(visitors: Visitors, party: Party) -> None:
    page = await ready(visitors, party)
    await page.add_init_script(NOTE_PERSISTING)
    await page.reload()
    await can_judge(page)
    assert await page.evaluate("() => window.persisting") == 1


async def test_nobody_waits_for_a_line_that_hangs(visitors: Visitors, party: Party, guard: Guard, cable: Cable) -> None:
    guard.expect(*CUT_OFF)
    page = await ready(visitors, party, via=cable.url)
    cable.become("hole")
    await typed(page, party.codes[0])
    await verdict(page, "offline")
    # What hung arrives late, and is the hub's own word.
    cable.become("good")
    await verdict(page, "admit")
    await expect(page.get_by_text("1 not confirmed")).to_have_count(0)
    assert len(await redemptions(party)) == 1
    assert (await party.owner.get(f"{party.path}/conflicts"))["items"] == []


async def test_an_answer_that_is_lost_after_the_server_did_its_part_counts_once(
    visitors: Visitors, party: Party, guard: Guard, cable: Cable
) -> None:
    guard.expect(*CUT_OFF)
    page = await ready(visitors, party, via=cable.url)
    cable.become("deaf")
    await typed(page, party.codes[0])
    await verdict(page, "offline")
    cable.become("good")
    await verdict(page, "admit")
    assert len(await redemptions(party)) == 1
    assert (await party.owner.get(f"{party.path}/conflicts"))["items"] == []


async def test_the_browser_brings_in_what_waits_while_no_page_is_open(
    visitors: Visitors, party: Party, guard: Guard, cable: Cable
) -> None:
    guard.expect(*CUT_OFF)
    page = await ready(visitors, party, via=cable.url)
    await until(page, "() => navigator.serviceWorker.controller !== null")
    # A browser without a window wakes no worker by itself: what the page asks for is noted, and the test wakes it.
    await page.evaluate(NOTE_WAKING)
    cable.become("cut")
    await expect(page.locator(".sign.lost")).to_be_visible()
    await typed(page, party.codes[0])
    await verdict(page, "offline")
    await until(page, "() => window.asked.includes('dibs.door.upload')")
    await page.close()
    cable.become("good")
    # A page of the same address that is no door.
    other = await page.context.new_page()
    await other.goto(cable.url)
    debugger = await page.context.new_cdp_session(other)
    registered = asyncio.get_running_loop().create_future()

    def told(update: Json) -> None:
        for worker in update["registrations"]:
            if not registered.done() and worker["scopeURL"] == f"{cable.url}/door/":
                registered.set_result(worker["registrationId"])

    debugger.on("ServiceWorker.workerRegistrationUpdated", told)
    await debugger.send("ServiceWorker.enable")
    event = {"origin": cable.url, "registrationId": await registered, "tag": "dibs.door.upload", "lastChance": False}
    await debugger.send("ServiceWorker.dispatchSyncEvent", event)
    async with asyncio.timeout(STEP_SECONDS):
        while await redemptions(party) != [True]:  # noqa: ASYNC110  # nobody tells who is not at a door
            await asyncio.sleep(0.05)
    # The page that comes back knows what was let in, without a network, too, and finds nothing that waits.
    cable.become("cut")
    await other.goto(f"{cable.url}/door/")
    await typed(other, party.codes[0])
    await verdict(other, "used")
    await next_guest(other)
    cable.become("good")
    await live(other)
    await expect(other.get_by_text(WAITING)).to_have_count(0)
    await other.get_by_role("button", name="Last scans").click()
    await expect(other.get_by_role("listitem").filter(has_text="Yes:")).to_have_count(1)
