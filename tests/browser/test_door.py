"""A phone at the door: pairing, a code before its camera, refusals, undo, a server that restarts, and being revoked."""

import re

from playwright.async_api import Route, expect

from tests.support.rest import Rest
from tests.support.world import Json, Party, redeem

from .accessibility import accessible
from .camera import Camera
from .doors import let_verdicts_stay, live, next_guest, typed, verdict
from .guard import Guard
from .server import Server
from .visitors import STAYS, Visitors, until

BURST = """(text) => [...text, 'Enter'].forEach((key) => {
    const stroke = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    Object.defineProperty(stroke, 'timeStamp', { value: 1e6 }); // a busy machine may pause between two of them
    // What the page does not take for itself does what a key does: Enter presses the button that has the focus.
    if (document.activeElement.dispatchEvent(stroke) && key === 'Enter') document.activeElement.click();
})"""
"""A scanner that types: quicker than keys could be sent one by one."""
GIVES = "1 \N{MULTIPLICATION SIGN} Ticket"


async def redemptions(party: Party) -> int:
    """Return how many redemptions the event has."""
    return len((await party.owner.get(f"{party.path}/redemptions"))["items"])


async def test_pair_by_typing_and_scan_a_guests_code(
    visitors: Visitors, party: Party, camera: Camera, server: Server
) -> None:
    camera.show_nothing()
    pairing = await party.owner.post(f"{party.path}/devices", {"label": "Phone 2", "gate_id": party.gate["id"]})
    page = await visitors.open("/door/", camera=True, storage=STAYS)
    code = pairing["pairing_code"]
    await page.get_by_label("Pairing code", exact=True).fill(f"{code[:4]}-{code[4:]}".lower())
    await page.get_by_role("button", name="Pair this phone").click()
    await expect(page.get_by_role("heading", name=party.gate["name"])).to_be_visible()
    await live(page)
    await accessible(page)
    camera.show(f"{server.url}/v/{party.codes[0]}".upper())
    await verdict(page, "admit")
    await expect(page.get_by_text(GIVES, exact=True)).to_be_visible()
    await next_guest(page)
    assert await redemptions(party) == 1
    camera.show(party.codes[1])
    await verdict(page, "admit")
    camera.show_nothing()
    assert await redemptions(party) == 2


async def test_pair_by_the_camera_and_the_address_forgets_the_code(
    visitors: Visitors, party: Party, camera: Camera
) -> None:
    pairing = await party.owner.post(f"{party.path}/devices", {"label": "Phone 3"})
    camera.show(pairing["pairing_url"])
    page = await visitors.open("/door/", camera=True)
    await page.get_by_role("button", name="Scan the pairing code").click()
    await live(page)
    camera.show_nothing()
    other = await visitors.door(party, "Phone 4")
    await live(other)
    assert "#" not in other.url


async def test_a_refusal_says_why_and_what_to_do(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False)
    await live(page)
    await party.device.redeem(party.codes[0])
    await typed(page, party.codes[0])
    await verdict(page, "used")
    alert = page.get_by_role("alert")
    await expect(alert).to_have_text(re.compile(r"^Used\. Used .+ at Main by Phone 1\. Ticket\. Nothing more"))
    await next_guest(page)
    await expect(alert).to_be_empty()
    await typed(page, "NOSUCHCODE")
    await verdict(page, "deny")
    await expect(alert).to_contain_text("Nobody knows this code")


async def test_a_scanner_that_types_needs_no_focus(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False)
    await live(page)
    await page.get_by_role("button", name="Menu").focus()
    await page.evaluate(BURST, party.codes[0])
    await verdict(page, "admit")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_undo_from_the_last_scans(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False)
    await live(page)
    await typed(page, party.codes[0])
    await verdict(page, "admit")
    await next_guest(page)
    await page.get_by_role("button", name="Last scans").click()
    await page.get_by_role("button", name=re.compile("^Undo Ticket")).click()
    await page.get_by_role("button", name="Yes, undo it").click()
    await expect(page.get_by_text("Undone: the voucher is good again")).to_be_visible()
    (found,) = (await party.owner.get(f"{party.path}/vouchers", q=party.codes[0]))["items"]
    assert (found["state"], found["uses"]) == ("issued", 0)
    await page.get_by_role("button", name="Close").click()
    await page.reload()
    await live(page)
    await page.get_by_role("button", name="Last scans").click()
    await expect(page.get_by_text("Undone: the voucher is good again")).to_be_visible()


async def test_a_verdict_goes_by_itself_unless_somebody_wants_it_to_stay(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False, storage=None)
    await live(page)
    await page.clock.install()
    await typed(page, party.codes[0])
    await expect(page.get_by_text("1 here")).to_be_attached()
    await page.clock.fast_forward("00:20")
    await expect(page.locator("[data-tone]")).to_have_count(0)
    await let_verdicts_stay(page)
    await typed(page, party.codes[1])
    await verdict(page, "admit")
    await page.clock.fast_forward("00:20")
    await expect(page.locator("[data-tone=admit]")).to_be_visible()
    await next_guest(page)


async def test_several_uses_of_one_voucher(visitors: Visitors, party: Party) -> None:
    sheet = b"code,offer,max_uses,guest_name\nBAND-1,Ticket,4,Ada Lovelace\n"
    await party.owner.post(f"{party.path}/vouchers/import", data=sheet, headers={"Content-Type": "text/csv"})
    page = await visitors.door(party, camera=False)
    await live(page)
    await typed(page, "band1")
    await verdict(page, "admit")
    await expect(page.get_by_text("3 of 4 left", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Use one more").click()
    await expect(page.get_by_text("2 of 4 left", exact=True)).to_be_visible()
    await next_guest(page)
    for _ in range(2):
        await page.get_by_role("button", name="One use more").click()
    await typed(page, "band1")
    await verdict(page, "used")
    await expect(page.get_by_text("Only 2 left", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Use 2").click()
    await verdict(page, "admit")
    await expect(page.get_by_text("That was the last of 4", exact=True)).to_be_visible()


async def test_find_a_guest_by_name_and_see_at_once_that_another_door_was_quicker(
    visitors: Visitors, party: Party
) -> None:
    sheet = "code,offer,guest_name\nLIST-1,Ticket,Ada Lovelace\nLIST-2,Ticket,Adomas Mickevičius\n".encode()
    await party.owner.post(f"{party.path}/vouchers/import", data=sheet, headers={"Content-Type": "text/csv"})
    page = await visitors.door(party, camera=False, device={"can_search": True})
    await live(page)
    await page.get_by_role("button", name="Find guest").click()
    await page.get_by_label("Name of the guest").fill("ad")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("2 vouchers found")).to_be_visible()
    await redeem(party.device, party.id, "LIST-2")
    await expect(page.get_by_text("Used just now at Main")).to_be_visible()
    await page.get_by_role("button", name="Redeem Ticket for Ada Lovelace").click()
    await page.get_by_role("button", name="Yes, for Ada Lovelace").click()
    await verdict(page, "admit")
    await next_guest(page)
    await page.get_by_role("button", name="Last scans").click()
    await page.get_by_role("tab", name="Other doors").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("Phone 1 · Main")


async def test_change_the_gate_and_be_moved(visitors: Visitors, party: Party) -> None:
    tent = await party.world.gate(party.owner, party.id, "Beer tent")
    page = await visitors.door(party, camera=False)
    await live(page)
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_label("Beer tent").check()
    await expect(page.get_by_role("heading", name="Beer tent", include_hidden=True)).to_be_attached()
    await page.get_by_role("button", name="Close").click()
    devices = (await party.owner.get(f"{party.path}/devices"))["items"]
    mine = next(device for device in devices if device["label"] == "Phone 2")
    assert mine["gate_id"] == tent["id"]
    changes = {"gate_id": party.gate["id"], "gate_locked": True}
    await party.owner.patch(f"{party.path}/devices/{mine['id']}", changes)
    await expect(page.get_by_role("heading", name=party.gate["name"])).to_be_visible()
    await page.get_by_role("button", name="Menu").click()
    await expect(page.get_by_text("The organizer fixed this phone to its gate.")).to_be_visible()


async def test_an_answer_that_is_lost_turns_nobody_away(visitors: Visitors, party: Party, guard: Guard) -> None:
    guard.expect("ERR_FAILED", "WebSocket")
    page = await visitors.door(party, camera=False)
    await live(page)
    # No socket from now on, and the first answer over REST is lost after the hub has done its part.
    await page.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    lost: list[Json] = []

    async def lose(route: Route) -> None:
        answer = await route.fetch()
        if lost:
            await route.fulfill(response=answer)
        else:
            lost.append(await answer.json())
            await route.abort()

    await page.route("**/redemptions", lose)
    await page.reload()
    await expect(page.locator(".notes .lost")).to_be_visible()
    await typed(page, party.codes[0])
    # The phone's own verdict first. The hub's, asked for again under the same key, says the same and interrupts nobody.
    await expect(page.locator("[data-tone=offline],[data-tone=admit]")).to_be_visible()
    await expect(page.get_by_text(re.compile("not confirmed|for an answer"))).to_have_count(0)
    assert lost[0]["verdict"] == "accepted"
    assert await redemptions(party) == 1
    await next_guest(page)
    await page.get_by_role("button", name="Last scans").click()
    await expect(page.get_by_role("listitem").filter(has_text="Yes:")).to_have_count(1)
    assert (await party.owner.get(f"{party.path}/conflicts"))["items"] == []


async def test_a_revoked_phone_is_no_door_and_can_be_one_again(visitors: Visitors, party: Party, guard: Guard) -> None:
    guard.expect("401 .*/door-snapshot")  # it may have been asking for the book at that moment
    page = await visitors.door(party, "Lost phone", camera=False)
    await live(page)
    devices = (await party.owner.get(f"{party.path}/devices"))["items"]
    mine = next(device for device in devices if device["label"] == "Lost phone")
    again = await party.owner.post(f"{party.path}/devices/{mine['id']}/pairing")
    await expect(page.get_by_text("Another phone was paired in its place.")).to_be_visible()
    await page.get_by_label("Pairing code", exact=True).fill(again["pairing_code"])
    await page.get_by_role("button", name="Pair this phone").click()
    await live(page)
    await party.owner.delete(f"{party.path}/devices/{mine['id']}")
    await expect(page.get_by_text("The organizer took it out.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Pair this phone")).to_be_visible()


async def test_the_verdict_is_there_in_the_frame_of_its_answer(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False)
    await live(page)
    await page.evaluate(
        """() => {
            window.answered = 0; window.shown = 0;
            const put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function (value, ...rest) {
                // The answer is stored right after it is shown.
                if (this.name === 'done') {
                    window.answered = performance.now();
                    window.isShown = document.querySelector('[data-tone=admit]') !== null;
                }
                return put.call(this, value, ...rest);
            };
        }"""
    )
    await typed(page, party.codes[0])
    await verdict(page, "admit")
    await until(page, "() => window.answered > 0")
    assert await page.evaluate("() => window.isShown"), "the answer was stored before it was shown"


async def test_in_lithuanian(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, "Telefonas", language="lt", camera=False)
    await live(page)
    assert await page.evaluate("() => document.documentElement.lang") == "lt"
    await page.get_by_role("button", name="Įvesti kodą").click()
    await page.get_by_label("Kodas", exact=True).fill(party.codes[0])
    await page.get_by_role("button", name="Tikrinti").click()
    await verdict(page, "admit")
    await expect(page.get_by_role("alert")).to_contain_text(f"Taip. {GIVES}")


async def test_a_closed_event_says_so(visitors: Visitors, party: Party) -> None:
    page = await visitors.door(party, camera=False)
    await live(page)
    await Rest(party.world.client, party.owner.token).post(f"{party.path}/close")
    await expect(page.get_by_text("The event is closed: every code is refused.")).to_be_visible()
    await typed(page, party.codes[0])
    await verdict(page, "deny")
    await expect(page.get_by_role("alert")).to_contain_text("The event is not open")
