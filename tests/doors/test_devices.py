"""Devices under awkward circumstances: revoked while they pair, ended on the ledger alone, locked, shared by people."""

import asyncio
from typing import Any

import asyncpg
import pytest

from dibs_realtime.app import PARTS
from dibs_realtime.doors.commands import RevokeDevice
from dibs_realtime.doors.repository import PairingRepository
from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.ledger.model import SYSTEM
from dibs_realtime.ledger.writer import Ledger
from tests.conftest import StartNode
from tests.support.rest import Client, Rest
from tests.support.world import Party, World, fresh_key, redeem


async def test_a_device_that_is_revoked_while_it_pairs_redeems_nothing(party: Party):
    for _ in range(8):
        path = f"/events/{party.id}/devices"
        pairing = await party.owner.post(path, {"label": "Racer"})
        body = {"pairing_code": pairing["pairing_code"], "pairing_nonce": fresh_key()}
        nobody = Rest(party.world.client)
        paired, revoked = await asyncio.gather(
            nobody.ask("POST", "/devices/pair", body),
            party.owner.ask("DELETE", f"{path}/{pairing['device']['id']}"),
        )
        assert revoked.status == 204
        if paired.status == 200:
            racer = Rest(party.world.client, paired.body["device_token"])
            scan = {"code": party.codes[0], "idempotency_key": fresh_key()}
            answer = await racer.ask("POST", f"/events/{party.id}/redemptions", scan)
            assert answer.status == 401


async def test_a_session_that_ends_as_it_begins_was_begun_by_no_code(party: Party, monkeypatch: pytest.MonkeyPatch):
    pairing = await party.owner.post(f"/events/{party.id}/devices", {"label": "Late"})
    device_id = pairing["device"]["id"]
    take = PairingRepository.take

    async def take_and_lose(repository: PairingRepository, *how: Any) -> Any:
        taken = await take(repository, *how)
        await party.owner.delete(f"/events/{party.id}/devices/{device_id}")
        return taken

    monkeypatch.setattr(PairingRepository, "take", take_and_lose)
    body = {"pairing_code": pairing["pairing_code"], "pairing_nonce": fresh_key()}
    await party.world.nobody.refused(404, "POST", "/devices/pair", body)


async def test_a_device_that_ended_on_the_ledger_alone_redeems_nothing(party: Party, client: Client):
    """As when the node died between the entry and the end of the session."""
    assert client.app is not None
    ledger = client.app[PARTS].ledger
    device = await party.owner.get(f"/events/{party.id}/devices")
    device_id = device["items"][0]["id"]
    from uuid import UUID

    await ledger.submit(RevokeDevice(UUID(party.id), SYSTEM, UUID(device_id)))
    body = {"code": party.codes[0], "idempotency_key": fresh_key()}
    assert (await party.device.ask("POST", f"/events/{party.id}/redemptions", body)).status == 401


async def test_a_device_whose_end_breaks_off_can_be_ended_again(party: Party, monkeypatch: pytest.MonkeyPatch):
    device_id = (await party.owner.get(f"/events/{party.id}/devices"))["items"][0]["id"]
    path, doors = f"/events/{party.id}/devices/{device_id}", f"/events/{party.id}/snapshot"

    async def away(*_given: object) -> None:
        raise problems.unavailable()

    for owner, name in ((PairingRepository, "end_sessions"), (Ledger, "submit")):
        with monkeypatch.context() as outage:
            outage.setattr(owner, name, away)
            await party.owner.refused(503, "DELETE", path)
        # Never the other way round: a phone that is shown as ended is.
        (device,) = (await party.owner.get(f"/events/{party.id}/devices"))["items"]
        assert device["status"] == "paired"
    assert (await party.device.ask("GET", doors)).status == 401
    await party.owner.refused(412, "DELETE", path, headers={"If-Match": '"77"'})
    await party.owner.delete(path)
    (device,) = (await party.owner.get(f"/events/{party.id}/devices"))["items"]
    assert device["status"] == "revoked"
    await party.owner.delete(path)


async def test_who_may_not_end_a_device_ends_no_session_of_it(party: Party):
    device_id = (await party.owner.get(f"/events/{party.id}/devices"))["items"][0]["id"]
    elsewhere = await party.world.event(party.owner)
    await party.owner.refused(404, "DELETE", f"/events/{elsewhere['id']}/devices/{device_id}")
    await party.owner.refused(412, "DELETE", f"/events/{party.id}/devices/{device_id}", headers={"If-Match": '"77"'})
    assert (await party.device.ask("GET", f"/events/{party.id}/snapshot")).status == 200


async def test_a_code_that_was_not_used_yet_ends_with_its_device(party: Party):
    pairing = await party.owner.post(f"/events/{party.id}/devices", {"label": "Late"})
    await party.owner.delete(f"/events/{party.id}/devices/{pairing['device']['id']}")
    body = {"pairing_code": pairing["pairing_code"], "pairing_nonce": fresh_key()}
    await party.world.nobody.refused(404, "POST", "/devices/pair", body)


async def test_a_locked_device_redeems_at_its_own_gate_only(party: Party):
    other = await party.world.gate(party.owner, party.id, "VIP")
    locked = await party.world.device(party.owner, party.id, "Locked", gate_id=party.gate["id"], gate_locked=True)
    body = {"code": party.codes[0], "idempotency_key": fresh_key(), "gate_id": other["id"]}
    assert (await locked.ask("POST", f"/events/{party.id}/redemptions", body)).status == 403
    assert (await locked.ask("PATCH", "/devices/me", {"gate_id": other["id"]})).status == 403
    again = {**body, "gate_id": party.gate["id"]}
    assert (await locked.ask("POST", f"/events/{party.id}/redemptions", again)).status == 200


async def test_another_person_is_told_that_it_was_not_them(party: Party):
    offer = await party.world.offer(party.owner, party.id, claimable=False)
    [code] = await party.world.codes(party.owner, party.id, offer["id"])
    ann = await party.world.member(party.owner, party.id, "door", "Ann")
    ben = await party.world.member(party.owner, party.id, "door", "Ben")
    key = fresh_key()
    first = await redeem(ann, party.id, code, key)
    assert first["verdict"] == "accepted"
    assert (await redeem(ann, party.id, code))["previous"]["same_device"] is True
    assert (await redeem(ben, party.id, code))["previous"]["same_device"] is False
    replay = await redeem(ben, party.id, code, key)
    assert replay["replayed"]
    assert replay["previous"]["redemption_id"] == first["redemption_id"]
    assert replay["previous"]["same_device"] is False


@pytest.fixture
async def far_database(database_url: str) -> str:
    """A database whose server was set up far from Greenwich."""
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET timezone TO 'Europe/Vilnius'")
    await connection.close()
    return database_url


async def test_times_are_utc_whatever_zone_the_database_has(far_database: str, start_node: StartNode):
    del far_database
    world = World(await start_node())
    owner = await world.organizer()
    event = await world.event(owner)
    offer = await world.offer(owner, event["id"], claimable=False)
    [code] = await world.codes(owner, event["id"], offer["id"])
    await redeem(owner, event["id"], code)
    previous = (await redeem(owner, event["id"], code))["previous"]
    assert previous["redeemed_at"].endswith("Z")
    path = f"/events/{event['id']}/offers/{offer['id']}"
    ancient = await owner.ask("PATCH", path, {"redeem_from": "0001-01-02T00:00:00Z"})
    assert ancient.status == 422


async def test_the_database_answers_in_utc(far_database: str):
    opened = Database(far_database)
    await opened.open()
    assert await opened.fetchval("SHOW timezone") == "UTC"
    await opened.close()
