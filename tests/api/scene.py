"""A party with every kind of caller and one of everything that a path can name, and another party beside it."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.support.rest import Answer, Rest
from tests.support.world import PASSWORD, Party, World, fresh_key

CALLERS = (
    "nobody", "bad_token", "stranger", "owner", "manager", "viewer", "door", "device", "other_device",
    "revoked_device", "guest", "other_guest",
)  # fmt: skip
NOWHERE = UUID("01900000-0000-7000-8000-000000000000")
"""An id that nothing has."""


@dataclass
class Scene:
    """`ids`: what path parameters stand for here; `foreign`: the same of the other party."""

    world: World
    party: Party
    other: Party
    callers: dict[str, Rest]
    ids: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    spare: dict[str, Any] = field(default_factory=dict)

    @property
    def owner(self) -> Rest:
        """The party's owner."""
        return self.party.owner

    def path(self, pattern: str, **other: Any) -> str:
        """Return a route's path with this party's ids, but for `other`."""
        known = {**self.ids, **other}
        return re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), pattern)

    async def ask(self, caller: str, operation: str, body: Any = None, *, ids: Any = None, **options: Any) -> Answer:
        """Have a caller send `METHOD /pattern`."""
        method, _, pattern = operation.partition(" ")
        return await self.callers[caller].ask(method, self.path(pattern, **(ids or {})), body, **options)


async def begin(world: World) -> Scene:
    """Make the scene."""
    party, other = await Party(world).begin(), await Party(world).begin()
    owner = party.owner
    members = {role: await world.member(owner, party.id, role, f"The {role}") for role in ("manager", "viewer", "door")}
    leaver = await world.member(owner, party.id, "viewer", "Lena")
    revoked = await world.device(owner, party.id, "Lost phone")
    await owner.delete(f"{party.path}/devices/{revoked.id}")
    callers: dict[str, Rest] = {
        "nobody": world.nobody,
        "bad_token": Rest(world.client, f"{owner.token}x"),
        "stranger": other.owner,
        "owner": owner,
        **members,
        "device": party.device,
        "other_device": other.device,
        "revoked_device": revoked,
        "guest": party.guest,
        "other_guest": other.guest,
    }
    return Scene(
        world,
        party,
        other,
        callers,
        ids={**await _ids(party), "user_id": leaver.id},
        foreign={**await _ids(other), "user_id": other.owner.id},
        spare=await _spare(party),
    )


async def _ids(party: Party) -> dict[str, str]:
    """Make one of each thing that a path can name."""
    owner, offer_id = party.owner, party.offer["id"]
    held = (await party.guest.claim(offer_id))["voucher"]
    code, twice = await party.world.codes(owner, party.id, party.ticket["id"], 2)
    key = fresh_key()
    redeemed = await party.device.redeem(code, key)
    await party.device.redeem(twice)
    alone = {"verdict": "accepted", "device_time": party.world.clock(), "clock_offset_ms": 0}
    late = await party.device.redeem(twice, scanned_at=party.world.clock(), local=alone)
    device = await owner.post(f"{party.path}/devices", {"label": "Spare phone"})
    assert (redeemed["verdict"], late["reason"]) == ("accepted", "already_redeemed")
    sessions = await owner.get("/auth/sessions")
    invitation = await owner.post(f"{party.path}/members", {"role": "viewer"})
    return {
        "event_id": party.id,
        "gate_id": (await party.world.gate(owner, party.id, "Back"))["id"],
        "offer_id": offer_id,
        "voucher_id": held["id"],
        "device_id": device["device"]["id"],
        "redemption_id": redeemed["redemption_id"],
        "conflict_id": late["conflict_id"],
        "session_id": sessions["items"][0]["id"],
        "token": _token(invitation["invite_url"]),
        "slug": party.event["slug"],
        "code": held["code"],
        "idempotency_key": key,
    }


async def _spare(party: Party) -> dict[str, Any]:
    """Make what good requests use up."""
    world, owner = party.world, party.owner
    second = await world.nobody.post("/auth/login", {"email": owner.email, "password": PASSWORD})
    sessions = await Rest(world.client, second["access_token"]).get("/auth/sessions")
    (unused,) = (await owner.get(f"{party.path}/vouchers", q=party.codes[1]))["items"]
    device = await owner.post(f"{party.path}/devices", {"label": "New phone"})
    return {
        "session_id": next(session["id"] for session in sessions["items"] if session["current"]),
        "draft": (await world.event(owner, opened=False))["id"],
        "offer": (await world.offer(owner, party.id, title="Nothing yet"))["id"],
        "voucher": unused["id"],
        "claimed": (await party.guest.claim(party.offer["id"]))["voucher"]["id"],
        "link": _token((await party.guest.post("/guest/links"))["url"]),
        "pairing_code": device["pairing_code"],
    }


def _token(url: str) -> str:
    """Return the token at an address's end."""
    return re.split(r"[/#]", url)[-1]


def later(world: World, **duration: float) -> Any:
    """Return a time ahead of the clock."""
    return world.clock() + timedelta(**duration)
