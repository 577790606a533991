"""Every route, every kind of caller. A route without a line in the catalogue fails here."""

import asyncio
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as RefusedError

from dibs_realtime.kit.http.routes import Route
from dibs_realtime.live.messages import CALLS
from tests.api.catalogue import OPERATIONS, Operation
from tests.api.scene import CALLERS, Scene
from tests.support.sockets import Socket
from tests.support.world import fresh_key

USERS = {"owner": "O M V D U", "manager": "M V D U", "viewer": "V U", "door": "D U", "stranger": "U"}
"""The letters that a caller with an account answers to."""


def test_every_route_is_in_the_catalogue(table: dict[str, Route]) -> None:
    assert table.keys() == OPERATIONS.keys()


def test_routes_say_what_the_contract_says(table: dict[str, Route]) -> None:
    assert {name: set(route.who.split()) for name, route in table.items()} == {
        name: set(operation.who.split()) for name, operation in OPERATIONS.items()
    }


async def test_everybody_gets_what_they_may_and_nothing_else(scene: Scene, table: dict[str, Route]) -> None:
    wrong = []
    for name, operation in OPERATIONS.items():
        for caller in CALLERS:
            status = await probe(scene, name, table[name], caller)
            of_event = "{event_id}" in table[name].path
            expected = operation.special.get(caller) or outcome(operation.who, caller, of_event=of_event)
            if status != expected if expected else not admitted(status, operation):
                wrong.append(f"{name} as {caller}: {status} instead of {expected or 'being let in'}")
    assert not wrong, "\n".join(wrong)


def outcome(who: str, caller: str, *, of_event: bool) -> int | None:
    """Return the status of the refusal that the contract prescribes; None: the caller is let in."""
    letters = set(who.split())
    if "-" in letters:
        return None
    if caller in ("nobody", "bad_token", "revoked_device"):
        return 401
    if caller in USERS:
        if not letters & set("UOMVD"):
            return 403
        if letters & set(USERS[caller].split()):
            return None
        return 404 if caller == "stranger" else 403
    letter = "dev" if "device" in caller else "G"
    if letter not in letters:
        return 403
    return 404 if caller.startswith("other") and of_event else None


def admitted(status: int, operation: Operation) -> bool:
    """Return whether this status is one that only callers get who are let in."""
    return status == operation.admitted if operation.admitted else status < 500 and status not in (401, 403, 404)


async def probe(scene: Scene, name: str, route: Route, caller: str) -> int:
    """Send a request that changes nothing where it can be helped: an empty body, an outdated If-Match."""
    ids: dict[str, Any] = {}
    if name.startswith(("POST /invites", "DELETE /auth/sessions")):
        ids = {
            "token": "none",
            "session_id": scene.foreign["session_id"] if caller != "stranger" else scene.ids["session_id"],
        }
    headers = {"If-Match": '"999"'} if "If-Match" in route.headers else {}
    if route.takes_body and route.body is None:
        headers["Content-Type"] = "application/octet-stream"
    body: Any = {} if route.body is not None else None
    if name == "POST /offers/{offer_id}/claims":
        body = OPERATIONS[name].body(scene)  # type: ignore[misc]  # it has one
    while True:
        status = (await scene.ask(caller, name, body, ids=ids, headers=headers)).status
        if status != 503:
            return status
        await asyncio.sleep(0.5)  # a node that is too busy for its news lets nobody in: that says nothing of rights


MESSAGES = {"watch": "V D dev", "unwatch": "-", "watch_public": "-", "redeem": "D dev", "claim": "G"}


def test_every_message_is_here() -> None:
    assert {name: call.who for name, call in CALLS.items()} == MESSAGES


async def test_over_a_socket_it_is_the_same(scene: Scene) -> None:
    client, wrong = scene.world.client, []
    for caller in CALLERS:
        token = scene.callers[caller].token
        if caller in ("bad_token", "revoked_device"):
            with pytest.raises(RefusedError):
                await Socket(client, token).__aenter__()
            continue
        async with Socket(client, token) as socket:
            for name, who in MESSAGES.items():
                ack = await socket.call(name, payload(scene, name))
                status = None if ack["ok"] else ack["problem"]["status"]
                expected = outcome(who, caller, of_event=name in ("watch", "redeem", "claim"))
                if status != expected:
                    wrong.append(f"{name} as {caller}: {status} instead of {expected or 'being let in'}")
    assert not wrong, "\n".join(wrong)


def payload(scene: Scene, name: str) -> Any:
    return {
        "watch": {"event_id": scene.party.id},
        "unwatch": {"event_id": scene.party.id},
        "watch_public": {"slug": scene.ids["slug"]},
        "redeem": {"event_id": scene.party.id, "code": scene.party.codes[0], "idempotency_key": fresh_key()},
        "claim": {"offer_id": scene.ids["offer_id"], "idempotency_key": fresh_key()},
    }[name]
