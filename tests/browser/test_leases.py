"""What a door may do alone is the organizer's to say, and to call back."""

from playwright.async_api import expect

from tests.support.world import Party

from .accessibility import accessible
from .visitors import Visitors


async def test_an_offer_says_what_doors_may_do_alone(visitors: Visitors, party: Party) -> None:
    path = f"/app/#/events/{party.id}/offers/{party.ticket['id']}"
    page = await visitors.organizer(party.owner, path, "desktop")
    choice = page.get_by_role("group", name="When a door has no network")
    await expect(choice.get_by_label("It lets guests in")).to_be_checked()
    await choice.get_by_text("One door keeps the voucher").click()
    await accessible(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Offers", exact=True)).to_be_visible()
    offer = await party.owner.get(f"{party.path}/offers/{party.ticket['id']}")
    assert offer["offline"] == "lease"


async def test_the_uses_that_a_door_holds_are_called_back(visitors: Visitors, party: Party) -> None:
    lent = await party.world.offer(
        party.owner, party.id, title="Three drinks", claimable=False, max_uses=3, offline="lease"
    )
    (code,) = await party.world.codes(party.owner, party.id, lent["id"])
    other = await party.world.device(party.owner, party.id, "Phone 7")
    page = await visitors.organizer(party.owner, f"/app/#/events/{party.id}/codes", "desktop")
    await page.get_by_text(f"{code[:5]}-{code[5:]}").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("Three drinks")).to_be_visible()
    # Nobody reloads.
    assert (await party.device.redeem(code))["verdict"] == "accepted"
    await expect(dialog.get_by_text("Phone 1, until")).to_be_visible()
    assert (await other.redeem(code))["reason"] == "leased"
    await accessible(page)
    await dialog.get_by_role("button", name="Call it back").click()
    await expect(dialog.get_by_text("Phone 1, until")).to_have_count(0)
    assert (await other.redeem(code))["verdict"] == "accepted"
    await expect(dialog.get_by_text("Phone 7, until")).to_be_visible()
