"""The organizer sees where a voucher was used, and takes a use back."""

from playwright.async_api import expect

from tests.support.world import Party

from .accessibility import accessible
from .visitors import Visitors


async def test_a_use_is_taken_back(visitors: Visitors, party: Party) -> None:
    code = party.codes[0]
    page = await visitors.organizer(party.owner, f"/app/#/events/{party.id}/codes", "desktop")
    await page.get_by_text(f"{code[:5]}-{code[5:]}").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("Ticket")).to_be_visible()
    # Nobody reloads.
    assert (await party.device.redeem(code))["verdict"] == "accepted"
    use = dialog.get_by_role("listitem").filter(has_text="Phone 1 · Main")
    await use.get_by_role("button", name="Take back: Phone 1 · Main").click()
    await expect(use.get_by_label("Why?")).to_be_focused()
    await use.get_by_role("button", name="Cancel").click()
    await expect(use.get_by_role("button", name="Take back")).to_be_focused()
    await page.keyboard.press("Enter")
    await accessible(page)
    await use.get_by_role("button", name="Take it back").click()
    await expect(use.get_by_text("Please fill this in.")).to_be_visible()
    await use.get_by_label("Why?").fill("Scanned the wrong phone")
    await use.get_by_role("button", name="Take it back").click()
    await expect(use.get_by_text("Taken back")).to_be_focused()
    await accessible(page)
    assert (await party.device.redeem(code))["verdict"] == "accepted"
    # Whoever opens it later reads the same.
    theirs = await party.world.member(party.owner, party.id, "viewer")
    page = await visitors.organizer(theirs, f"/app/#/events/{party.id}/codes", "phone")
    # Both codes may end alike: the used one is meant.
    row = page.get_by_role("listitem").filter(has_text="Used up")
    await expect(row).to_contain_text(f"…{code[-2:]}")
    await row.get_by_role("button").click()
    uses = page.get_by_role("dialog").get_by_role("listitem")
    await expect(uses).to_have_count(2)
    await expect(uses.get_by_text("Taken back")).to_have_count(1)
    await expect(page.get_by_role("button", name="Take back")).to_have_count(0)
