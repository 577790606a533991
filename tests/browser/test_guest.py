"""The guests' pages: what two of them see at once, what a door changes, what works without a network."""

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.support.world import Party

from .accessibility import accessible
from .guests import call_dibs, offer
from .visitors import Visitors, until


async def test_the_last_one_goes_to_one_of_two_and_the_other_is_told_the_truth(
    visitors: Visitors, party: Party
) -> None:
    await party.world.offer(party.owner, party.id, title="Last hot dog", quantity=1)
    pages = [await visitors.open(f"/e/{party.event['slug']}") for _ in range(2)]
    for page in pages:
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    both_called = asyncio.Barrier(2)

    async def at_once(route: Route) -> None:
        async with both_called:
            await route.continue_()

    for page in pages:
        await page.route("**/claims", at_once, times=1)
    await asyncio.gather(*(page.get_by_role("button", name="Call dibs Last hot dog").click() for page in pages))
    for page in pages:
        await until(page, "() => document.querySelector('dialog[open]') || document.querySelector('[role=alert]')")
    shown = [await page.get_by_role("dialog").count() for page in pages]
    assert sorted(shown) == [0, 1]
    loser, winner = (pages[shown.index(0)], pages[shown.index(1)])
    await expect(winner.get_by_text("Dibs! It is yours.")).to_be_visible()
    await expect(loser.get_by_role("alert")).to_contain_text("Somebody was quicker")
    await expect(offer(loser, "Last hot dog").get_by_text("All gone").first).to_be_visible()
    # Given back, it is there again for the other at once.
    await winner.get_by_role("button", name="Give it back").click()
    await winner.get_by_role("button", name="Yes, give it back").click()
    await expect(winner.get_by_role("dialog").get_by_text("Given back").first).to_be_visible()
    await loser.get_by_role("button", name="Call dibs Last hot dog").click()
    await expect(loser.get_by_text("Dibs! It is yours.")).to_be_visible()


async def test_a_scan_at_the_door_turns_the_code_green(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}", still=True)
    code = await call_dibs(page)
    await page.goto("/wallet/")
    await page.get_by_role("button", name=party.offer["title"]).click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    verdict = await party.device.redeem(code)
    assert verdict["verdict"] == "accepted"
    await expect(page.get_by_role("status").filter(has_text="Used. Enjoy!")).to_be_attached()
    await expect(page.get_by_role("img", name="QR code")).to_have_count(0)
    await accessible(page)
    # The door takes it back: the code is good again.
    path = f"{party.path}/redemptions/{verdict['redemption_id']}/reversal"
    await party.device.post(path, {"idempotency_key": "k" * 16, "reason": "slipped"})
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()


async def test_what_is_left_of_several_uses_is_shown(visitors: Visitors, party: Party) -> None:
    await party.world.offer(party.owner, party.id, title="Rides", max_uses=3)
    page = await visitors.open(f"/e/{party.event['slug']}")
    code = await call_dibs(page, "Rides")
    uses = page.get_by_role("dialog").locator(".uses")
    await expect(uses).to_have_text("3 of 3 times left")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await party.device.redeem(code, units=2)
    await expect(uses).to_have_text("1 of 3 times left")
    await expect(page.get_by_role("dialog").get_by_role("img", name="QR code")).to_be_visible()


async def test_codes_are_there_without_a_network(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}")
    code = await call_dibs(page)
    await kept_offline(page)
    await page.context.set_offline(True)
    visitors.guard.expect("ERR_INTERNET_DISCONNECTED", "WebSocket connection")
    for path in (f"/e/{party.event['slug']}", "/wallet/"):
        await page.goto(path)
        await page.get_by_role("button", name=re.compile("Show my code|Ready")).first.click()
        await expect(page.get_by_role("img", name="QR code")).to_be_visible()
        await expect(page.get_by_text(f"{code[:5]} {code[5:]}")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name=party.event["name"])).to_be_visible()
    await expect(page.get_by_text("No connection", exact=True)).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()


async def test_the_worker_stands_before_no_other_page(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}")
    await kept_offline(page)
    for path, is_kept in {"/": False, "/app/": False, f"/e/{party.event['slug']}": True, "/wallet/": True}.items():
        await page.goto(path)
        assert await page.evaluate("() => navigator.serviceWorker.controller !== null") is is_kept, path


async def test_an_answer_that_was_lost_counts_once(visitors: Visitors, party: Party) -> None:
    """The claim lands, its answer does not; after a reload the guest sees what is true."""
    page = await visitors.open(f"/e/{party.event['slug']}")
    visitors.guard.expect("ERR_FAILED", "failed")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/claims", lose)
    await page.get_by_role("button", name="Call dibs").first.click()
    await expect(page.get_by_text("Asking again until there is one")).to_be_visible()
    await page.unroute("**/claims")
    await page.reload()
    await expect(page.get_by_role("heading", name="Yours")).to_be_attached()
    public = await party.world.nobody.get(f"/public/events/{party.event['slug']}")
    assert public["offers"][0]["claimed"] == 1


async def test_a_link_carries_the_wallet_once(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}")
    code = await call_dibs(page)
    await page.get_by_role("button", name="To another device").click()
    link = await page.get_by_role("dialog").locator(".url").inner_text()
    other = await visitors.open(link)
    await expect(other.get_by_text("Your vouchers are on this device now.")).to_be_visible()
    assert "#" not in other.url
    await other.get_by_role("button", name=party.offer["title"]).click()
    await expect(other.get_by_text(f"{code[:5]} {code[5:]}")).to_be_visible()
    # Both are the same guest's: a scan turns both green.
    await expect(other.get_by_text("Live", exact=True)).to_be_visible()
    await party.device.redeem(code)
    await expect(other.get_by_role("status").filter(has_text="Used. Enjoy!")).to_be_attached()
    visitors.guard.expect("404 POST .*/guest/links/open")
    third = await visitors.open(link)
    await expect(third.get_by_role("alert")).to_contain_text("This link was used already or is too old")


async def test_an_event_asks_for_what_it_wants_and_no_more(visitors: Visitors, party: Party) -> None:
    asks = {"guest_name": "required", "guest_access": "access_code", "access_code": "sesame"}
    event = await party.world.event(party.owner, **asks)
    await party.world.offer(party.owner, event["id"], per_guest_limit=2)
    page = await visitors.open(f"/e/{event['slug']}")
    await page.get_by_role("button", name="Call dibs").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Call dibs").click()
    await expect(page.get_by_text("Please enter the access code.")).to_be_visible()
    await page.get_by_label("Access code").fill("sesame")
    await page.get_by_label("Your name").fill("Ada")
    await dialog.get_by_role("button", name="Call dibs").click()
    await expect(page.get_by_role("dialog").get_by_text("Ada")).to_be_visible()
    await page.get_by_role("button", name="Close").click()
    # The second one is one tap.
    await page.get_by_role("button", name="One more").click()
    await expect(page.get_by_text("Dibs! It is yours.")).to_be_visible()


async def test_the_page_can_be_kept_as_an_app(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}")
    await page.locator("link[rel=manifest]").wait_for(state="attached")
    manifest = await page.evaluate("async () => (await fetch(document.querySelector('[rel=manifest]').href)).json()")
    assert manifest["start_url"].endswith(f"/e/{party.event['slug']}")
    assert manifest["name"].startswith(party.event["name"])
    assert manifest["display"] == "standalone"
    # No browser without a window offers it by itself.
    await page.evaluate(
        """() => {
            const offer = new Event('beforeinstallprompt', { cancelable: true });
            offer.prompt = async () => { window.isAsked = true; };
            window.dispatchEvent(offer);
        }"""
    )
    await page.get_by_role("button", name="Install").click()
    assert await page.evaluate("() => window.isAsked")
    await expect(page.get_by_role("button", name="Install")).to_have_count(0)


async def test_pauses_and_the_end_show_by_themselves(visitors: Visitors, party: Party) -> None:
    page = await visitors.open(f"/e/{party.event['slug']}", language="lt")
    await expect(page.get_by_text("Tiesiogiai", exact=True)).to_be_visible()
    path = f"{party.path}/offers/{party.offer['id']}"
    await party.owner.patch(path, {"status": "paused"})
    await expect(page.get_by_text("Pristabdyta")).to_be_visible()
    await party.owner.patch(path, {"status": "active"})
    await expect(page.get_by_role("button", name="Čia mano!")).to_be_visible()
    await party.owner.post(f"{party.path}/close")
    await expect(page.get_by_text("Renginys uždarytas").first).to_be_visible()


async def kept_offline(page: Page) -> None:
    """Wait until the pages' files are kept for both addresses."""
    await until(
        page,
        """async () => {
            const all = await navigator.serviceWorker.getRegistrations();
            return all.length >= 2 && all.every(({ active }) => active?.state === 'activated');
        }""",
    )
