"""An event's life: a draft, open, closed, open again."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.app import PARTS
from dibs_realtime.events.repository import EventRepository
from dibs_realtime.kit import problems
from tests.support.waiting import eventually
from tests.support.world import Party, World


async def kinds(party: Party) -> list[str]:
    return [entry["kind"] for entry in (await party.owner.get(f"{party.path}/ledger"))["entries"]]


async def test_opening_and_closing_again_is_no_entry(world: World) -> None:
    owner = await world.organizer()
    event = await world.event(owner, opened=False)
    path = f"/events/{event['id']}"
    assert event["status"] == "draft"
    for step, status in [
        ("open", "open"),
        ("open", "open"),
        ("close", "closed"),
        ("close", "closed"),
        ("open", "open"),
    ]:
        assert (await owner.post(f"{path}/{step}"))["status"] == status
    entries = (await owner.get(f"{path}/ledger"))["entries"]
    assert [entry["kind"] for entry in entries] == ["event.created", "event.opened", "event.closed", "event.opened"]
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]


async def test_only_a_draft_can_be_deleted(world: World) -> None:
    owner = await world.organizer()
    event = await world.event(owner, opened=False)
    path = f"/events/{event['id']}"
    device = await world.device(owner, event["id"])
    await owner.refused(409, "POST", f"{path}/close")
    await owner.delete(path)
    await owner.refused(404, "GET", path)
    await device.refused(401, "PATCH", "/devices/me", {"gate_id": None})
    opened = await world.event(owner)
    await owner.refused(409, "DELETE", f"/events/{opened['id']}")
    await owner.post(f"/events/{opened['id']}/close")
    await owner.refused(409, "DELETE", f"/events/{opened['id']}")


async def test_beginning_and_end_decide_nothing(party: Party) -> None:
    past = {"starts_at": "2020-01-01T20:00:00Z", "ends_at": "2020-01-02T04:00:00Z"}
    await party.owner.patch(party.path, past)
    assert (await party.device.redeem(party.codes[0]))["verdict"] == "accepted"
    assert (await party.guest.claim(party.offer["id"]))["verdict"] == "claimed"


@pytest.mark.parametrize("change", [{"ends_at": "9999-12-31T23:59:59Z"}, {"starts_at": "0001-01-01T00:00:00Z"}])
async def test_a_change_takes_no_time_that_a_new_event_may_not_have(party: Party, change: dict[str, str]) -> None:
    await party.owner.refused(422, "PATCH", party.path, change)
    whole = {name: party.event[name] for name in ("name", "timezone", "starts_at", "ends_at")}
    await party.owner.refused(422, "POST", "/events", {**whole, **change})
    assert (await party.world.guest(party.event["slug"])).id


@pytest.mark.parametrize(
    ("path", "change"),
    [("", {"name": "Solstice"}), ("/offers/{offer}", {"title": "Soup"}), ("/gates/{gate}", {"name": "Rear"})],
)
async def test_versions(party: Party, path: str, change: dict[str, Any]) -> None:
    whole = party.path + path.format(offer=party.offer["id"], gate=party.gate["id"])
    before = len(await kinds(party))
    first = await party.owner.ask("PATCH", whole, change, headers={"If-Match": '"1"'} if path else {})
    version = first.expect(200)["version"]
    assert first.headers["ETag"] == f'"{version}"'
    await party.owner.refused(412, "PATCH", whole, change, headers={"If-Match": f'"{version - 1}"'})
    same = await party.owner.patch(whole, change, headers={"If-Match": f'"{version}"'})
    assert same["version"] == version  # what changes nothing makes no entry
    assert len(await kinds(party)) == before + 1


async def test_lists_come_in_pages(party: Party) -> None:
    for number in range(4):
        await party.world.gate(party.owner, party.id, f"Gate {number}")
    found, cursor = [], None
    while True:
        page = await party.owner.get(f"{party.path}/gates", limit=2, cursor=cursor)
        found += [gate["name"] for gate in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == ["Gate 0", "Gate 1", "Gate 2", "Gate 3", "Main"]
    for wrong in ("limit=0", "limit=201", "cursor=nonsense"):
        await party.owner.refused(422, "GET", f"{party.path}/gates?{wrong}")
    assert len((await party.owner.get(f"{party.path}/gates", limit=200))["items"]) == 5


async def test_sessions_follow_a_moved_end_although_it_failed_at_first(party: Party, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dibs_realtime.events.ends.AGAIN_SECONDS", 0.01)
    tries = 0
    follow_end = EventRepository.follow_end

    async def away_at_first(repository: EventRepository, event_id: UUID) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise problems.unavailable()
        await follow_end(repository, event_id)

    monkeypatch.setattr(EventRepository, "follow_end", away_at_first)
    ends_at = datetime.fromisoformat(party.event["ends_at"]) + timedelta(days=20)
    # What is committed is no failure: asked again, it would be another version.
    await party.owner.patch(party.path, {"ends_at": ends_at.isoformat()}, headers={"If-Match": '"2"'})
    database = party.world.client.app[PARTS].database

    async def moved() -> bool:
        latest = await database.fetchval("SELECT max(expires_at) FROM sessions WHERE event_id = $1", UUID(party.id))
        return bool(latest > ends_at + timedelta(days=29))

    await eventually(moved)
    assert tries == 3
