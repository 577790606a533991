"""The organizer's pages: an event from its draft to a paired phone, two people at one form, tabs, the night again."""

import asyncio
import csv
import io
from pathlib import Path

from playwright.async_api import Download, Page, expect

from tests.support.world import Organizer, Party, World

from .guard import Guard
from .night import Night
from .visitors import Visitors


async def events_page(visitors: Visitors, organizer: Organizer, path: str = "") -> Page:
    return await visitors.organizer(organizer, f"/app/#/{path}", "desktop")


async def table(download: Download) -> list[dict[str, str]]:
    """Return the rows of a CSV that the page saves."""
    text = await asyncio.to_thread(Path(await download.path()).read_text, "utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


async def test_from_nothing_to_a_paired_phone(visitors: Visitors, world: World) -> None:
    owner = await world.organizer()
    page = await events_page(visitors, owner)
    await page.get_by_role("link", name="Create an event").click()
    await page.get_by_label("Name", exact=True).fill("Harbour Night")
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Vilnius")
    await page.get_by_label("Starts").fill("2027-07-03T21:00")
    await page.get_by_label("Ends").fill("2027-07-03T20:00")
    await page.get_by_role("button", name="Create the event").click()
    await expect(page.get_by_text("The end must be after the start.")).to_be_visible()
    await page.get_by_label("Ends").fill("2027-07-04T03:00")
    await page.get_by_role("button", name="Create the event").click()

    await expect(page.get_by_role("heading", name="A new offer")).to_be_focused()
    await page.get_by_label("What guests get").fill("1 free drink")
    await page.get_by_text("You hand out codes").click()
    await page.get_by_label("How many there are").fill("50")
    await page.get_by_role("button", name="Add the offer").click()
    await expect(page.get_by_role("article").get_by_role("heading", name="1 free drink")).to_be_visible()
    event = (await owner.get("/events"))["items"][0]
    assert (event["starts_at"], event["status"]) == ("2027-07-03T18:00:00Z", "draft")

    await page.get_by_role("link", name="Codes", exact=True).click()
    await page.get_by_role("link", name="Make codes").click()
    await page.get_by_label("How many").fill("51")
    await page.get_by_role("button", name="Make codes").click()
    visitors.guard.expect(r"409 POST .*/vouchers$")
    await expect(page.get_by_text("The offer has room for 50 more.")).to_be_visible()
    await page.get_by_label("How many").fill("20")
    await page.get_by_role("button", name="Make codes").click()
    await expect(page.get_by_text("20 codes are ready.")).to_be_visible()
    shown = (await page.get_by_role("group", name="Codes").inner_text()).split()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download as CSV").click()
    rows = await table(await download.value)
    assert sorted(row["code"] for row in rows) == sorted(shown)
    assert len(rows) == 20

    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("button", name="Open the event").click()
    await page.get_by_role("dialog").get_by_role("button", name="Open the event").click()
    await expect(page.get_by_role("heading", name="Open", exact=True)).to_be_visible()

    await page.get_by_role("link", name="Doors").click()
    await page.get_by_role("button", name="Add a phone").first.click()
    await page.get_by_label("Name of the phone").fill("Phone 2")
    await page.get_by_role("button", name="Add and pair").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("Waiting for the phone")).to_be_visible()
    code = (await dialog.locator(".code").inner_text()).replace(" ", "")
    device = await world.paired(code)
    # Nobody touched the page: the ledger told it.
    await expect(dialog.get_by_text("Phone 2 is a door now.")).to_be_visible()
    assert (await device.redeem(shown[0]))["verdict"] == "accepted"


async def test_two_organizers_edit_one_offer(visitors: Visitors, party: Party, world: World, guard: Guard) -> None:
    other = await world.member(party.owner, party.id, "manager")
    path = f"events/{party.id}/offers/{party.offer['id']}"
    mine, theirs = [await events_page(visitors, organizer, path) for organizer in (party.owner, other)]
    await mine.get_by_label("What guests get").fill("Beer")
    await mine.get_by_label("How many there are").fill("70")
    await theirs.get_by_label("What guests get").fill("Wine")
    await theirs.get_by_label("Uses of one voucher").fill("3")
    await theirs.get_by_role("button", name="Save").click()
    await expect(theirs.get_by_role("heading", name="Offers", exact=True)).to_be_visible()

    # The open form followed where it was not touched, and asks where both changed the same.
    await expect(mine.get_by_label("Uses of one voucher")).to_have_value("3")
    await expect(mine.get_by_text("Somebody else changed this meanwhile.")).to_be_visible()
    await mine.get_by_role("button", name="Save").click()
    await expect(mine.get_by_text("Choose below which values should stay")).to_be_visible()
    await mine.get_by_role("button", name="Keep mine: What guests get").click()
    await mine.get_by_role("button", name="Save").click()
    await expect(mine.get_by_role("heading", name="Offers", exact=True)).to_be_visible()
    offer = await party.owner.get(f"{party.path}/offers/{party.offer['id']}")
    assert (offer["title"], offer["quantity"], offer["max_uses"]) == ("Beer", 70, 3)
    await expect(theirs.get_by_role("heading", name="Beer")).to_be_visible()
    assert not guard.complaints


async def test_a_stale_form_is_told_so_and_loses_nothing(visitors: Visitors, party: Party) -> None:
    visitors.guard.expect(r"412 PATCH")
    page = await events_page(visitors, party.owner, f"events/{party.id}/offers/{party.offer['id']}")
    title = page.get_by_role("textbox", name="What guests get")
    await title.fill("Beer")

    async def overtaken(route: object, _request: object) -> None:
        # At the very moment of saving somebody else is quicker.
        await party.owner.patch(f"{party.path}/offers/{party.offer['id']}", {"title": "Wine"})
        await route.continue_()  # type: ignore[attr-defined]  # Playwright's Route

    await page.route("**/offers/*", overtaken, times=1)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Somebody else was quicker")).to_be_visible()
    await expect(title).to_have_value("Beer")
    await page.get_by_role("button", name="Take theirs: What guests get").click()
    await expect(title).to_have_value("Wine")


async def test_signing_out_in_one_tab_ends_the_other(visitors: Visitors, party: Party) -> None:
    page = await events_page(visitors, party.owner, f"events/{party.id}")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    tab = await page.context.new_page()
    await tab.goto("/app/")
    await expect(tab.get_by_role("link", name=party.event["name"])).to_be_visible()
    await tab.get_by_role("button", name="Sign out").click()
    await expect(tab.get_by_text("You are signed out.")).to_be_visible()
    await expect(page.get_by_text("You signed out in another tab.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()


async def test_the_night_is_replayed_from_its_ledger(visitors: Visitors, party: Party) -> None:
    for code in party.codes:
        await party.device.redeem(code)
    page = await events_page(visitors, party.owner, f"events/{party.id}")
    redeemed = page.get_by_role("region", name="The night so far").get_by_role("definition").first
    await expect(redeemed).to_have_text("2")
    await page.get_by_role("button", name="Replay the night").click()
    slider = page.get_by_role("slider", name="Moment of the night")
    await slider.press("Home")
    await expect(redeemed).to_have_text("0")
    await slider.press("End")
    await expect(redeemed).to_have_text("2")
    await page.get_by_role("button", name="Entry back").click()
    await expect(redeemed).to_have_text("1")
    # What happens meanwhile makes the night longer and does not move the reader.
    more = await party.world.codes(party.owner, party.id, party.ticket["id"])
    await party.device.redeem(more[0])
    head = (await party.owner.get(f"{party.path}/snapshot"))["seq"]
    await expect(page.get_by_text(f"of {head}")).to_be_visible()
    await expect(redeemed).to_have_text("1")
    await page.get_by_role("button", name="Back to live").click()
    await expect(redeemed).to_have_text("3")


async def test_the_chart_tells_of_the_moment_that_is_replayed(visitors: Visitors, night: Night) -> None:
    page = await events_page(visitors, night.owner, f"events/{night.id}")
    await page.get_by_role("button", name="Replay the night").click()
    slider = page.get_by_role("slider", name="Moment of the night")
    await slider.press("Home")
    await expect(slider).to_have_value("0")
    # Before anything was counted, too: the event was made minutes before the first claim.
    moment = await page.locator(".when strong").inner_text()
    await expect(page.locator(".legend .figures").first).to_have_text(moment[:5])


async def test_a_csv_is_tried_before_it_is_sent(visitors: Visitors, party: Party) -> None:
    page = await events_page(visitors, party.owner, f"events/{party.id}/codes/import")
    text = f"code,offer\nSUMMER-1,Ticket\nno!,Ticket\n{party.codes[0]},Ticket\nSUMMER-2,ticket\n"
    before = await party.owner.get(f"{party.path}/snapshot")
    file = {"name": "codes.csv", "mimeType": "text/csv", "buffer": text.encode()}
    await page.set_input_files("#csv", files=[file])  # type: ignore[list-item]  # a FilePayload
    await expect(page.get_by_text("2 codes will be imported")).to_be_visible()
    faults = page.get_by_role("group", name="2 lines are faulty and stay out").get_by_role("listitem")
    await expect(faults.nth(0)).to_contain_text("Line 3")
    await expect(faults.nth(0)).to_contain_text("not a code")
    await expect(faults.nth(1)).to_contain_text("there already")
    assert (await party.owner.get(f"{party.path}/snapshot"))["seq"] == before["seq"]
    await page.get_by_role("button", name="Import 2 codes").click()
    await expect(page.get_by_text("2 codes imported")).to_be_visible()
    await page.get_by_role("link", name="To the list").click()
    await page.get_by_label("Search").fill("summer1")
    await expect(page.get_by_text("1 code", exact=True)).to_be_visible()


async def test_all_codes_are_exported(visitors: Visitors, party: Party) -> None:
    await party.device.redeem(party.codes[0])
    page = await events_page(visitors, party.owner, f"events/{party.id}/codes")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export all").click()
    rows = await table(await download.value)
    assert {row["code"]: row["state"] for row in rows} == {party.codes[0]: "redeemed", party.codes[1]: "issued"}


async def test_the_list_of_codes_follows_the_night(visitors: Visitors, party: Party) -> None:
    page = await events_page(visitors, party.owner, f"events/{party.id}/codes")
    code = f"{party.codes[0][:5]}-{party.codes[0][5:]}"
    row = page.get_by_role("listitem").filter(has_text=code)
    await expect(row).to_contain_text("Free")
    await party.device.redeem(party.codes[0])
    await expect(row).to_contain_text("Used up")
    await party.guest.claim(party.offer["id"])
    await expect(page.get_by_text("Claimed").last).to_be_visible()
    await row.get_by_role("button").click()
    await page.get_by_role("button", name="Void", exact=True).click()
    await page.get_by_label("Why?").fill("lost")
    await page.get_by_role("button", name="Void for good").click()
    await expect(page.get_by_role("dialog").get_by_text("Voided", exact=True)).to_be_visible()


async def test_settings_follow_the_others(visitors: Visitors, party: Party) -> None:
    page = await events_page(visitors, party.owner, f"events/{party.id}/settings")
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_value(party.event["name"])
    await party.owner.patch(party.path, {"name": "Winter Night"})
    await expect(name).to_have_value("Winter Night")
    await expect(page.get_by_role("heading", level=1, name="Winter Night")).to_be_visible()
    await party.owner.post(f"{party.path}/close")
    await expect(page.get_by_role("heading", name="Closed")).to_be_visible()


async def test_the_last_owner_stays(visitors: Visitors, party: Party) -> None:
    visitors.guard.expect(r"409 DELETE .*/members/")
    page = await events_page(visitors, party.owner, f"events/{party.id}/team")
    await page.get_by_role("button", name="Leave").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(page.get_by_text("An event keeps at least one owner.")).to_be_visible()
