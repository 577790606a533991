"""The errors that a route names itself, each brought about. A route that names another one fails here."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dibs_realtime.kit.http.routes import Route
from tests.api.catalogue import OPERATIONS
from tests.api.scene import Scene
from tests.conftest import StartNode
from tests.support.clock import MovableClock
from tests.support.rest import Answer
from tests.support.world import PASSWORD, fresh_key

Refusal = Callable[[Scene], Awaitable[Answer]]
REFUSALS: dict[tuple[str, int], Refusal] = {}
ONLY_BY_A_RACE = {
    ("PATCH /devices/me", 409): "the device was ended after its token was looked at",
    ("POST /devices/pair", 409): "the device was ended after its code was looked at",
}
ELSEWHERE = {
    ("GET /readyz", 503): "test_pages",
    ("GET /metrics", 403): "test_pages",
}


def refusal(name: str, status: int) -> Callable[[Refusal], Refusal]:
    def keep(act: Refusal) -> Refusal:
        REFUSALS[name, status] = act
        return act

    return keep


def test_every_error_that_a_route_names_is_here(table: dict[str, Route]) -> None:
    named = {
        (name, status)
        for name, route in table.items()
        for status in route.problems
        # Ids in paths are tested for all routes at once.
        if not (status == 404 and route.parameters)
    }
    assert named == REFUSALS.keys() | ONLY_BY_A_RACE.keys() | ELSEWHERE.keys()


async def test_they_happen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dibs_realtime.doors.commands.MOST_GATES", 2)
    monkeypatch.setattr("dibs_realtime.doors.commands.MOST_DEVICES", 3)
    monkeypatch.setattr("dibs_realtime.offers.commands.MOST_OFFERS", 3)
    for (name, status), act in REFUSALS.items():
        if status != 429:
            answer = await act(scene)
            assert answer.status == status, f"{name}: {answer.status} instead of {status}: {answer.raw!r}"


async def test_too_much_is_too_much(scene: Scene, start_node: StartNode, clock: MovableClock) -> None:
    """Everything so far came from this address, so one more is too many for a node that allows one."""
    # But the tokens of the guests so far are back: else the last one may come between two requests.
    clock.forward(minutes=1)
    strict = await start_node(
        login_failures_per_account=1,
        login_failures_per_address=1,
        registrations_per_address=1,
        pairing_failures_per_address=1,
        guest_burst=1,
        guests_per_second=0.01,
        lookups_per_address=1,
    )
    for caller in scene.callers.values():
        caller.client = strict
    for (name, status), act in REFUSALS.items():
        if status == 429:
            await act(scene)
            answer = await act(scene)
            assert answer.status == 429, f"{name}: {answer.raw!r}"
            assert int(answer.headers["Retry-After"]) > 0


async def of(scene: Scene, name: str, body: Any = None, *, by: str = "", **ids: Any) -> Answer:
    """Send a request of the catalogue with another body or other ids."""
    return await scene.ask(by or OPERATIONS[name].by, name, body, ids=ids)


def good(scene: Scene, name: str) -> Any:
    make = OPERATIONS[name].body
    assert make is not None
    return make(scene)


# accounts


@refusal("POST /auth/register", 409)
async def _(scene: Scene) -> Answer:
    body = {"email": scene.party.owner.email.upper(), "password": PASSWORD, "name": "Another"}
    return await of(scene, "POST /auth/register", body)


@refusal("POST /auth/register", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /auth/register", good(scene, "POST /auth/register"))


@refusal("POST /auth/login", 401)
@refusal("POST /auth/login", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /auth/login", {"email": scene.party.owner.email, "password": "a wrong one"})


@refusal("POST /auth/refresh", 401)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /auth/refresh", {"refresh_token": f"{scene.party.owner.refresh_token[:-1]}_"})


@refusal("POST /auth/password", 404)
@refusal("POST /auth/password", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /auth/password", {"token": "unknown", "password": PASSWORD})


@refusal("PATCH /users/me", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "PATCH /users/me", {"password": PASSWORD, "current_password": "a wrong one"})


# events and members


@refusal("POST /events", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /events", {**good(scene, "POST /events"), "slug": scene.ids["slug"]})


@refusal("PATCH /events/{event_id}", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "PATCH /events/{event_id}", {"slug": scene.foreign["slug"]})


@refusal("DELETE /events/{event_id}", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "DELETE /events/{event_id}")


@refusal("POST /events/{event_id}/close", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /events/{event_id}/close", by="owner", event_id=scene.spare["draft"])


@refusal("PATCH /events/{event_id}/members/{user_id}", 409)
async def _(scene: Scene) -> Answer:
    return await of(
        scene, "PATCH /events/{event_id}/members/{user_id}", {"role": "viewer"}, user_id=scene.party.owner.id
    )


@refusal("DELETE /events/{event_id}/members/{user_id}", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "DELETE /events/{event_id}/members/{user_id}", user_id=scene.party.owner.id)


@refusal("POST /invites/{token}", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /invites/{token}", by="manager")


@refusal("POST /invites/{token}", 403)
async def _(scene: Scene) -> Answer:
    body = {"role": "viewer", "email": "somebody-else@dibs.example"}
    made = (await of(scene, "POST /events/{event_id}/members", body)).expect(201)
    return await of(scene, "POST /invites/{token}", token=made["invite_url"].rpartition("/")[2].rpartition("#")[2])


# gates, offers, devices


def _one_too_many(name: str) -> Refusal:
    async def add(scene: Scene) -> Answer:
        return await of(scene, name, good(scene, name))

    return add


for what in ("gates", "offers", "devices"):
    REFUSALS[f"POST /events/{{event_id}}/{what}", 409] = _one_too_many(f"POST /events/{{event_id}}/{what}")


@refusal("DELETE /events/{event_id}/gates/{gate_id}", 409)
async def _(scene: Scene) -> Answer:
    body = {"gate_ids": [scene.ids["gate_id"]]}
    (await of(scene, "PATCH /events/{event_id}/offers/{offer_id}", body)).expect(200)
    return await of(scene, "DELETE /events/{event_id}/gates/{gate_id}")


@refusal("DELETE /events/{event_id}/offers/{offer_id}", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "DELETE /events/{event_id}/offers/{offer_id}")


@refusal("PATCH /events/{event_id}/devices/{device_id}", 409)
async def _(scene: Scene) -> Answer:
    return await of(
        scene, "PATCH /events/{event_id}/devices/{device_id}", {"label": "Found"}, device_id=_lost_phone(scene)
    )


@refusal("POST /events/{event_id}/devices/{device_id}/pairing", 409)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /events/{event_id}/devices/{device_id}/pairing", device_id=_lost_phone(scene))


@refusal("POST /devices/pair", 404)
@refusal("POST /devices/pair", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /devices/pair", {"pairing_code": "00000000", "pairing_nonce": fresh_key()})


def _lost_phone(scene: Scene) -> str:
    lost: Any = scene.callers["revoked_device"]
    return str(lost.id)


# vouchers and guests


@refusal("POST /events/{event_id}/vouchers", 409)
async def _(scene: Scene) -> Answer:
    body = {"offer_id": scene.ids["offer_id"], "codes": [scene.party.codes[0], "harvest-7", "HARVEST7"]}
    answer = await of(scene, "POST /events/{event_id}/vouchers", body)
    assert set(answer.body["codes"]) >= {scene.party.codes[0]}
    return answer


@refusal("POST /events/{event_id}/vouchers/{voucher_id}/void", 409)
async def _(scene: Scene) -> Answer:
    voucher = (await scene.party.guest.claim(scene.ids["offer_id"]))["voucher"]["id"]
    await scene.party.guest.post(f"/guest/vouchers/{voucher}/release")
    return await of(scene, "POST /events/{event_id}/vouchers/{voucher_id}/void", {"reason": "lost"}, voucher_id=voucher)


@refusal("GET /public/vouchers/{code}", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "GET /public/vouchers/{code}", code="0000000000")


@refusal("POST /public/events/{slug}/guests", 403)
async def _(scene: Scene) -> Answer:
    event = await scene.world.event(scene.owner, guest_access="access_code", access_code="sesame")
    return await of(scene, "POST /public/events/{slug}/guests", {"access_code": "wrong"}, slug=event["slug"])


@refusal("POST /public/events/{slug}/guests", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /public/events/{slug}/guests", {})


@refusal("POST /guest/vouchers/{voucher_id}/release", 409)
async def _(scene: Scene) -> Answer:
    voucher = (await scene.party.guest.claim(scene.ids["offer_id"]))["voucher"]
    assert (await scene.party.device.redeem(voucher["code"], gate_id=scene.ids["gate_id"]))["verdict"] == "accepted"
    return await of(scene, "POST /guest/vouchers/{voucher_id}/release", voucher_id=voucher["id"])


@refusal("POST /guest/links/open", 404)
@refusal("POST /guest/links/open", 429)
async def _(scene: Scene) -> Answer:
    return await of(scene, "POST /guest/links/open", {"token": "unknown"})


@refusal("GET /events/{event_id}/door-search", 403)
async def _(scene: Scene) -> Answer:
    return await of(scene, "GET /events/{event_id}/door-search", by="device")
