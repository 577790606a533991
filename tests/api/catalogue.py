"""Every route of the product once more, written by hand from the contract: who may call it and what good input is.

The tests hold the application's route table against this one: a route without a line here fails them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.api.scene import Scene, later
from tests.support.world import PASSWORD, fresh_key

Body = Callable[[Scene], Any]


@dataclass(frozen=True)
class Operation:
    """A route.

    who: the contract's letters.
    by: who sends the good request.
    body: its body; None: there is none.
    ids: path parameters other than the scene's.
    data, headers: for bodies that are no JSON.
    admitted: what those who may call it get for an empty body (a 404 would else count as "may not").
    special: callers who get something that the letters do not say, and what.
    """

    who: str
    by: str = "owner"
    body: Body | None = None
    ids: Callable[[Scene], dict[str, Any]] = lambda _: {}
    data: Callable[[Scene], bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    admitted: int | None = None
    special: dict[str, int] = field(default_factory=dict)


def _event(scene: Scene) -> dict[str, Any]:
    return {
        "name": "Harvest", "slug": None, "description": "Songs", "venue": "Barn", "timezone": "Europe/Vilnius",
        "starts_at": later(scene.world, hours=1), "ends_at": later(scene.world, hours=9), "guest_access": "access_code",
        "access_code": "sesame", "guest_name": "optional",
    }  # fmt: skip


def _offer(scene: Scene) -> dict[str, Any]:
    return {
        "title": "Soup", "description": "Hot", "quantity": 10, "claimable": True, "per_guest_limit": 2, "max_uses": 3,
        "claim_from": later(scene.world, hours=-1), "claim_until": later(scene.world, hours=1),
        "redeem_from": later(scene.world, hours=-1), "redeem_until": later(scene.world, hours=2),
        "gate_ids": [scene.party.gate["id"]], "status": "active", "offline": "lease",
    }  # fmt: skip


def _redeem(scene: Scene) -> dict[str, Any]:
    return {
        "code": scene.party.codes[0], "idempotency_key": fresh_key(), "gate_id": scene.party.gate["id"], "units": 1,
        "dry_run": False, "scanned_at": scene.world.clock(), "local": None,
    }  # fmt: skip


def _csv(scene: Scene) -> bytes:
    return f"code,offer,max_uses,guest_name,guest_email\r\nHARVEST1,{scene.party.offer['id']},2,,\r\n".encode()


OPERATIONS: dict[str, Operation] = {
    # accounts
    "POST /auth/register": Operation(
        "-", "nobody", lambda _: {"email": f"{fresh_key()[:12]}@dibs.example", "password": PASSWORD, "name": "Nina"}
    ),
    "POST /auth/login": Operation("-", "nobody", lambda s: {"email": s.party.owner.email, "password": PASSWORD}),
    "POST /auth/refresh": Operation("-", "nobody", lambda s: {"refresh_token": s.party.owner.refresh_token}),
    "POST /auth/password": Operation("-", "nobody", lambda s: {"token": s.spare["reset"], "password": PASSWORD}),
    "GET /auth/sessions": Operation("U"),
    "DELETE /auth/sessions/{session_id}": Operation(
        "U", ids=lambda s: {"session_id": s.spare["session_id"]}, admitted=404
    ),
    "GET /users/me": Operation("U"),
    "PATCH /users/me": Operation("U", body=lambda _: {"name": "Olga the Great"}),
    # events
    "POST /events": Operation("U", body=_event),
    "GET /events": Operation("U"),
    "GET /events/{event_id}": Operation("V D dev"),
    "PATCH /events/{event_id}": Operation(
        "M",
        "manager",
        lambda s: {**_event(s), "slug": s.ids["slug"], "guest_access": "open", "access_code": None},
    ),
    "POST /events/{event_id}/close": Operation("M", "manager"),
    "POST /events/{event_id}/open": Operation("M", "manager"),
    "DELETE /events/{event_id}": Operation("O", ids=lambda s: {"event_id": s.spare["draft"]}),
    # members
    "GET /events/{event_id}/members": Operation("M", "manager"),
    "POST /events/{event_id}/members": Operation("O", body=lambda _: {"role": "viewer", "email": "vera@dibs.example"}),
    "PATCH /events/{event_id}/members/{user_id}": Operation("O", body=lambda _: {"role": "door"}),
    "DELETE /events/{event_id}/members/{user_id}": Operation("O"),
    "POST /invites/{token}": Operation("U", "stranger", admitted=404),
    # gates and offers
    "GET /events/{event_id}/gates": Operation("V D dev", "device"),
    "POST /events/{event_id}/gates": Operation("M", "manager", lambda _: {"name": "Side"}),
    "PATCH /events/{event_id}/gates/{gate_id}": Operation("M", "manager", lambda _: {"name": "Rear"}),
    "DELETE /events/{event_id}/gates/{gate_id}": Operation("M", "manager"),
    "GET /events/{event_id}/offers": Operation("V D dev", "door"),
    "POST /events/{event_id}/offers": Operation("M", "manager", _offer),
    "GET /events/{event_id}/offers/{offer_id}": Operation("V D dev", "viewer"),
    "PATCH /events/{event_id}/offers/{offer_id}": Operation("M", "manager", lambda s: {**_offer(s), "quantity": None}),
    "DELETE /events/{event_id}/offers/{offer_id}": Operation("M", ids=lambda s: {"offer_id": s.spare["offer"]}),
    # vouchers
    "POST /events/{event_id}/vouchers": Operation(
        "M", "manager", lambda s: {"offer_id": s.party.offer["id"], "codes": ["HARVEST-2"]}
    ),
    "POST /events/{event_id}/vouchers/import": Operation(
        "M", "manager", data=_csv, headers={"Content-Type": "text/csv"}
    ),
    "GET /events/{event_id}/vouchers": Operation("V", "viewer"),
    "GET /events/{event_id}/vouchers/export": Operation("M", "manager"),
    "GET /events/{event_id}/vouchers/{voucher_id}": Operation("V", "viewer"),
    "POST /events/{event_id}/vouchers/{voucher_id}/void": Operation(
        "M", "manager", lambda _: {"reason": "lost"}, lambda s: {"voucher_id": s.spare["voucher"]}
    ),
    "GET /vouchers/{voucher_id}/qr.svg": Operation("G M", "guest", special={"stranger": 404, "other_guest": 404}),
    "GET /vouchers/{voucher_id}/qr.png": Operation("G M", "manager", special={"stranger": 404, "other_guest": 404}),
    # guests
    "GET /public/events/{slug}": Operation("-", "nobody"),
    "GET /public/events/{slug}/manifest": Operation("-", "nobody"),
    "GET /public/vouchers/{code}": Operation("-", "nobody"),
    "POST /public/events/{slug}/guests": Operation(
        "-", "nobody", lambda _: {"name": "Gus", "email": "gus@dibs.example", "access_code": None}
    ),
    "POST /offers/{offer_id}/claims": Operation(
        "G", "guest", lambda _: {"idempotency_key": fresh_key()}, special={"other_guest": 404}
    ),
    "GET /guest/vouchers": Operation("G", "guest"),
    "POST /guest/vouchers/{voucher_id}/release": Operation(
        "G", "guest", ids=lambda s: {"voucher_id": s.spare["claimed"]}, special={"other_guest": 404}
    ),
    "POST /guest/links": Operation("G", "guest"),
    "POST /guest/links/open": Operation("-", "nobody", lambda s: {"token": s.spare["link"]}),
    # devices
    "GET /events/{event_id}/devices": Operation("M", "manager"),
    "POST /events/{event_id}/devices": Operation(
        "M",
        "manager",
        lambda s: {"label": "Phone 9", "gate_id": s.party.gate["id"], "gate_locked": True, "can_search": True},
    ),
    "PATCH /events/{event_id}/devices/{device_id}": Operation(
        "M",
        "manager",
        lambda s: {"label": "Phone 8", "gate_id": s.party.gate["id"], "gate_locked": False, "can_search": False},
    ),
    "POST /events/{event_id}/devices/{device_id}/pairing": Operation("M", "manager"),
    "DELETE /events/{event_id}/devices/{device_id}": Operation("M", "manager"),
    "POST /devices/pair": Operation(
        "-", "nobody", lambda s: {"pairing_code": s.spare["pairing_code"], "pairing_nonce": fresh_key()}
    ),
    # The scene's devices may not search; those that may are tested in tests/doors.
    "GET /events/{event_id}/door-search": Operation("D dev", "door", special={"device": 403}),
    "PATCH /devices/me": Operation("dev", "device", lambda s: {"gate_id": s.party.gate["id"]}),
    # the door
    "POST /events/{event_id}/redemptions": Operation("D dev", "device", _redeem),
    "POST /events/{event_id}/redemptions/batch": Operation("D dev", "device", lambda s: {"items": [_redeem(s)]}),
    "GET /events/{event_id}/redemptions": Operation("V", "viewer"),
    "GET /events/{event_id}/redemptions/by-key/{idempotency_key}": Operation("D dev", "device"),
    "POST /events/{event_id}/redemptions/{redemption_id}/reversal": Operation(
        "D dev M", "device", lambda _: {"idempotency_key": fresh_key(), "reason": "spilled"}
    ),
    "DELETE /events/{event_id}/vouchers/{voucher_id}/lease": Operation("M dev", "manager"),
    "GET /events/{event_id}/attempts": Operation("V", "viewer"),
    "GET /events/{event_id}/conflicts": Operation("V", "viewer"),
    "POST /events/{event_id}/conflicts/{conflict_id}/resolution": Operation(
        "M", "manager", lambda _: {"outcome": "accepted_as_is", "reason": "it was so"}
    ),
    # watching
    "GET /events/{event_id}/snapshot": Operation("V D dev", "device"),
    "GET /events/{event_id}/ledger": Operation("V D dev", "device"),
    "GET /events/{event_id}/stats": Operation("V", "viewer"),
    "GET /events/{event_id}/door-snapshot": Operation("dev", "device"),
    "GET /events/{event_id}/door-snapshot/state": Operation("dev", "device"),
    # the server
    "GET /healthz": Operation("-", "nobody"),
    "GET /readyz": Operation("-", "nobody"),
    "GET /metrics": Operation("-", "nobody"),
    "GET /api/openapi.json": Operation("-", "nobody"),
    "GET /api/asyncapi.json": Operation("-", "nobody"),
    # last: it ends the session of whoever calls it
    "POST /auth/logout": Operation("U", "stranger"),
}
