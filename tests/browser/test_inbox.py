"""The organizer's inbox: what doors did alone and the hub would not have done, and how it is settled."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.support.world import Device, Json, Party, fresh_key

from .accessibility import accessible
from .visitors import Visitors


async def judged_alone(device: Device, code: str, key: str | None = None, **local: object) -> Json:
    """Bring in what a door decided ten minutes ago without a network; return the hub's answer."""
    then = datetime.now(UTC) - timedelta(minutes=10)
    told = {"verdict": "accepted", "device_time": then, "clock_offset_ms": 0, "staff": "Jonas", **local}
    return await device.redeem(code, key, scanned_at=then, local=told)


async def test_a_conflict_appears_and_is_settled_for_everybody(visitors: Visitors, party: Party) -> None:
    other = await party.world.device(party.owner, party.id, "Phone 7", gate_id=party.gate["id"])
    manager = await party.world.member(party.owner, party.id, "manager")
    page, theirs = [
        await visitors.organizer(who, f"/app/#/events/{party.id}/inbox", "desktop") for who in (party.owner, manager)
    ]
    for each in (page, theirs):
        await expect(each.get_by_text("Nothing to settle")).to_be_visible()
    await party.device.redeem(party.codes[0])
    verdict = await judged_alone(other, party.codes[0])
    assert verdict["reason"] == "already_redeemed"
    # Nobody reloads.
    card = page.get_by_role("article").filter(has_text="Let in offline, but: already used")
    for words in ("Phone 7 · Main", "(Jonas)", "Used before: Phone 1 · Main", "Ticket"):
        await expect(card).to_contain_text(words)
    await expect(page.get_by_role("link", name="Inbox").first).to_contain_text("1")
    await accessible(page)
    await card.get_by_role("button", name="Settle it").click()
    await card.get_by_role("button", name="Settle it").click()
    await expect(card.get_by_text("Please fill this in.")).to_be_visible()
    await card.get_by_text("The guest was told").click()
    await card.get_by_label("In a few words").fill("It was her sister's")
    await card.get_by_role("button", name="Settle it").click()
    for each in (page, theirs):
        await expect(each.get_by_text("Nothing to settle")).to_be_visible()
        await each.get_by_text("1 settled").click()
        await expect(each.get_by_role("article")).to_contain_text("It was her sister's")
    (settled,) = (await party.owner.get(f"{party.path}/conflicts"))["items"]
    assert settled["resolution"]["outcome"] == "guest_informed"


async def test_a_guest_who_was_turned_away_is_told_apart(visitors: Visitors, party: Party) -> None:
    key = fresh_key()
    assert (await party.device.redeem(party.codes[0], key))["verdict"] == "accepted"
    # The answer was lost, and the door that judged alone then said no.
    await judged_alone(party.device, party.codes[0], key, verdict="refused", reason="unknown_code")
    page = await visitors.organizer(party.owner, f"/app/#/events/{party.id}/inbox", "phone")
    card = page.get_by_role("article")
    await expect(card).to_contain_text("Turned away, but redeemed")
    await expect(card).to_contain_text("turned away ")
    await expect(card).not_to_contain_text("let in")
