"""What the contract promises beyond letters and statuses: locked devices, searching, one key for one request."""

from collections.abc import Callable
from typing import Any

from tests.api.catalogue import OPERATIONS
from tests.api.scene import Scene
from tests.api.test_refusals import good
from tests.support.rest import Rest
from tests.support.world import fresh_key


async def test_a_locked_device_stays_at_its_gate(scene: Scene) -> None:
    device = await scene.world.device(scene.owner, scene.party.id, gate_id=scene.party.gate["id"], gate_locked=True)
    await device.refused(403, "PATCH", "/devices/me", {"gate_id": scene.ids["gate_id"]})


async def test_who_may_not_search_needs_the_code(scene: Scene) -> None:
    body = {"voucher_id": scene.ids["voucher_id"], "idempotency_key": fresh_key()}
    path = f"{scene.party.path}/redemptions"
    await scene.party.device.refused(403, "POST", path, body)
    searching = await scene.world.device(scene.owner, scene.party.id, can_search=True)
    for caller in (searching, scene.callers["door"]):
        verdict = await caller.post(path, {**body, "idempotency_key": fresh_key(), "dry_run": True})
        assert verdict["verdict"] == "accepted"


async def test_one_key_is_one_request(scene: Scene) -> None:
    """The header for what creates much, the field for what happens at the door."""
    other: dict[str, Callable[[Any], Any]] = {
        "POST /events": lambda body: {**body, "name": "Another"},
        "POST /events/{event_id}/offers": lambda body: {**body, "title": "Another"},
        "POST /events/{event_id}/vouchers": lambda body: {**body, "codes": ["ANOTHER-1"]},
        "POST /events/{event_id}/vouchers/{voucher_id}/void": lambda _: {"reason": "another"},
    }
    for name, change in other.items():
        operation, body = OPERATIONS[name], good(scene, name)
        key = {"Idempotency-Key": fresh_key()}
        first, again, wrong = [
            await scene.ask(operation.by, name, sent, ids=operation.ids(scene), headers=key)
            for sent in (body, body, change(body))
        ]
        assert (first.status, first.body) == (again.status, again.body), f"{name}: {again.raw!r}"
        assert wrong.status == 422, f"{name}: {wrong.raw!r}"
        unusable = await scene.ask(
            operation.by, name, body, ids=operation.ids(scene), headers={"Idempotency-Key": "a b"}
        )
        assert unusable.status == 422, name
    path, door = f"{scene.party.path}/redemptions", {**good(scene, "POST /events/{event_id}/redemptions")}
    first_verdict = await scene.party.device.post(path, door)
    assert (await scene.party.device.post(path, door)) == {**first_verdict, "replayed": True}
    await scene.party.device.refused(422, "POST", path, {**door, "units": 2})


async def test_a_reader_without_an_account_is_told_how_to_sign_in(scene: Scene) -> None:
    answer = await Rest(scene.world.client).ask("GET", "/events")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    answer.expect(401)
