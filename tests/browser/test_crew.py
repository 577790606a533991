"""Gates, phones and people of an event, changed on one organizer's page and seen at once on the others'."""

from playwright.async_api import expect

from tests.support.world import Party

from .visitors import Visitors


async def test_gates_and_phones_change_for_everybody_at_once(visitors: Visitors, party: Party) -> None:
    manager = await party.world.member(party.owner, party.id, "manager")
    mine, theirs = [
        await visitors.organizer(who, f"/app/#/events/{party.id}/doors", "desktop") for who in (party.owner, manager)
    ]
    door = await visitors.door(party, "Lost phone", camera=False)
    for page in (mine, theirs):
        await expect(page.get_by_text("1 of 2 online")).to_be_visible()
    await mine.get_by_role("button", name="Add a gate").click()
    await mine.get_by_label("Name of the gate").fill("Beer tent")
    await mine.get_by_role("dialog").get_by_role("button", name="Add a gate").click()
    await expect(theirs.get_by_text("Beer tent", exact=True)).to_be_visible()
    await theirs.get_by_role("button", name="Rename: Beer tent").click()
    await theirs.get_by_label("Name of the gate").fill("Wine tent")
    await theirs.get_by_role("button", name="Save").click()
    await expect(mine.get_by_text("Wine tent", exact=True)).to_be_visible()
    await mine.get_by_role("button", name="Delete: Wine tent").click()
    await mine.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(theirs.get_by_text("Wine tent", exact=True)).to_have_count(0)
    visitors.guard.expect("401 ")  # what the phone asks for at that very moment
    await theirs.get_by_role("button", name="Revoke: Lost phone").click()
    await theirs.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(door.get_by_text("The organizer took it out.")).to_be_visible()
    await expect(mine.get_by_role("heading", name="Lost phone")).to_have_count(0)


async def test_the_team_changes_for_everybody_at_once(visitors: Visitors, party: Party) -> None:
    other = await party.world.member(party.owner, party.id, "owner", "Ona")
    mine, theirs = [
        await visitors.organizer(who, f"/app/#/events/{party.id}/team", "desktop") for who in (party.owner, other)
    ]
    for page in (mine, theirs):
        await expect(page.get_by_label("Role: ")).to_have_count(2)
    await party.world.member(party.owner, party.id, "viewer", "Mia")
    for page in (mine, theirs):
        await expect(page.get_by_label("Role: Mia")).to_have_value("viewer")
    await mine.get_by_label("Role: Mia").select_option("door")
    await mine.get_by_role("button", name="Change it").click()
    await expect(theirs.get_by_label("Role: Mia")).to_have_value("door")
    await theirs.get_by_role("button", name="Delete: Mia").click()
    await theirs.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for page in (mine, theirs):
        await expect(page.get_by_label("Role: Mia")).to_have_count(0)


async def test_a_role_that_changes_changes_what_one_may(visitors: Visitors, party: Party) -> None:
    manager = await party.world.member(party.owner, party.id, "manager", "Mia")
    theirs = await visitors.organizer(manager, f"/app/#/events/{party.id}/offers", "desktop")
    await expect(theirs.get_by_role("link", name="Add an offer")).to_be_visible()
    mine = await visitors.organizer(party.owner, f"/app/#/events/{party.id}/team", "desktop")
    await mine.get_by_label("Role: Mia").select_option("viewer")
    await expect(mine.get_by_role("dialog")).to_contain_text("From Manager to Viewer")
    await mine.get_by_role("button", name="Change it").click()
    await expect(mine.get_by_role("dialog")).to_have_count(0)
    await expect(theirs.get_by_role("link", name="Add an offer")).to_have_count(0)
    visitors.guard.expect("404 GET", "403 GET")
    await mine.get_by_role("button", name="Delete: Mia").click()
    await mine.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(theirs.get_by_role("heading", name="This event is not yours")).to_be_visible()


async def test_the_list_of_events_is_live(visitors: Visitors, party: Party) -> None:
    other = await party.world.member(party.owner, party.id, "owner", "Ona")
    page = await visitors.organizer(other, "/app/", "desktop")
    mine = page.get_by_role("listitem").filter(has_text=party.event["name"])
    await expect(mine).to_contain_text("Open")
    await party.owner.patch(party.path, {"name": "Harbour Night"})
    await party.owner.post(f"{party.path}/close")
    await expect(page.get_by_role("link", name="Harbour Night")).to_contain_text("Closed")
    # What others take one into appears, and what they delete goes, from under the reader, too.
    draft = await party.world.event(party.owner, opened=False, name="A draft")
    await party.world.join(party.owner, draft["id"], other, "manager")
    await page.get_by_role("link", name="A draft").click()
    await expect(page.get_by_role("heading", name="A draft")).to_be_visible()
    visitors.guard.expect("404 ")
    await party.owner.delete(f"/events/{draft['id']}")
    await expect(page.get_by_role("heading", name="This event is not yours")).to_be_visible()
    await page.get_by_role("link", name="All events").click()
    await expect(page.get_by_role("link", name="Harbour Night")).to_be_visible()
    await expect(page.get_by_role("link", name="A draft")).to_have_count(0)
