"""A world to act in, made through REST alone: organizers, events, offers, codes, devices, guests."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

import jwt

from dibs_realtime.kit.clock import Clock, utc_now
from tests.support.rest import Client, Rest

PASSWORD = "correct horse battery staple"
TOKEN_LEFT = 300.0
"""So many seconds of a token must be left for what somebody is about to do."""
Json = dict[str, Any]


def fresh_key() -> str:
    """Return an idempotency key that nobody used."""
    return secrets.token_urlsafe(24)


class Organizer(Rest):
    """An organizer who is signed in."""

    def __init__(self, client: Client, signed_in: Mapping[str, Any]) -> None:
        super().__init__(client, signed_in["access_token"])
        self.id: str = signed_in["user"]["id"]
        self.email: str = signed_in["user"]["email"]
        self.refresh_token: str = signed_in["refresh_token"]

    async def stay(self, now: datetime) -> None:
        """Sign in anew if the token is about to end. The session of `refresh_token`, which a page may have, is left."""
        assert self.token is not None
        ends: float = jwt.decode(self.token, options={"verify_signature": False})["exp"]
        if ends - now.timestamp() < TOKEN_LEFT:
            again = await Rest(self.client).post("/auth/login", {"email": self.email, "password": PASSWORD})
            self.token = again["access_token"]


class Device(Rest):
    """A paired device."""

    def __init__(self, client: Client, paired: Mapping[str, Any]) -> None:
        super().__init__(client, paired["device_token"])
        self.id: str = paired["device"]["id"]
        self.event_id: str = paired["event"]["id"]

    async def redeem(self, code: str, key: str | None = None, **fields: Any) -> Json:
        """Return the verdict on a code."""
        return await redeem(self, self.event_id, code, key, **fields)


class Guest(Rest):
    """A guest of an event."""

    def __init__(self, client: Client, signed_in: Mapping[str, Any]) -> None:
        super().__init__(client, signed_in["access_token"])
        self.id: str = signed_in["guest"]["id"]
        self.event_id: str = signed_in["guest"]["event_id"]

    async def claim(self, offer_id: str, key: str | None = None) -> Json:
        """Return the verdict on a claim."""
        verdict: Json = await self.post(f"/offers/{offer_id}/claims", {"idempotency_key": key or fresh_key()})
        return verdict


async def redeem(caller: Rest, event_id: str, code: str, key: str | None = None, **fields: Any) -> Json:
    """Return the verdict that a caller gets on a code."""
    body = {"code": code, "idempotency_key": key or fresh_key(), **fields}
    verdict: Json = await caller.post(f"/events/{event_id}/redemptions", body)
    return verdict


class World:
    """Makes what a test needs. `nobody` is a caller who is not signed in."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self.client = client
        self.clock = clock
        self.nobody = Rest(client)

    async def organizer(self, name: str = "Olga", email: str | None = None) -> Organizer:
        """Register an organizer."""
        body = {"email": email or f"{secrets.token_hex(8)}@dibs.example", "password": PASSWORD, "name": name}
        return Organizer(self.client, await self.nobody.post("/auth/register", body))

    async def event(self, owner: Rest, *, opened: bool = True, **fields: Any) -> Json:
        """Create an event that begins now and lasts eight hours."""
        now = self.clock()
        body = {
            "name": "Midsummer",
            "timezone": "Europe/Vilnius",
            "starts_at": now,
            "ends_at": now + timedelta(hours=8),
            **fields,
        }
        event: Json = await owner.post("/events", body)
        return await owner.post(f"/events/{event['id']}/open") if opened else event

    async def member(self, owner: Rest, event_id: str, role: str, name: str = "Mia") -> Organizer:
        """Register an organizer and have them join."""
        member = await self.organizer(name)
        await self.join(owner, event_id, member, role)
        return member

    async def join(self, owner: Rest, event_id: str, member: Rest, role: str) -> None:
        """Have somebody join by an invitation of the owner's."""
        invitation = await owner.post(f"/events/{event_id}/members", {"role": role})
        await member.post(f"/invites/{invitation['invite_url'].rpartition('/')[2].rpartition('#')[2]}")

    async def gate(self, owner: Rest, event_id: str, name: str = "Main") -> Json:
        """Add a gate."""
        gate: Json = await owner.post(f"/events/{event_id}/gates", {"name": name})
        return gate

    async def offer(self, owner: Rest, event_id: str, **fields: Any) -> Json:
        """Add an offer."""
        body = {"title": "Drink", "claimable": True, **fields}
        offer: Json = await owner.post(f"/events/{event_id}/offers", body)
        return offer

    async def codes(self, owner: Rest, event_id: str, offer_id: str, count: int = 1) -> list[str]:
        """Issue vouchers with generated codes; return the codes."""
        issued = await owner.post(f"/events/{event_id}/vouchers", {"offer_id": offer_id, "count": count})
        return list(issued["codes"])

    async def device(self, owner: Rest, event_id: str, label: str = "Phone 1", **fields: Any) -> Device:
        """Add a device and pair it."""
        pairing = await owner.post(f"/events/{event_id}/devices", {"label": label, **fields})
        return await self.paired(pairing["pairing_code"])

    async def paired(self, pairing_code: str) -> Device:
        """Pair a device."""
        body = {"pairing_code": pairing_code, "pairing_nonce": fresh_key()}
        return Device(self.client, await self.nobody.post("/devices/pair", body))

    async def guest(self, slug: str, **fields: Any) -> Guest:
        """Sign a guest in."""
        return Guest(self.client, await self.nobody.post(f"/public/events/{slug}/guests", fields))


class Party:
    """One open event with an owner, a gate, a device and a guest.

    `offer` is for guests to claim; `codes` are two of `ticket`, an offer whose codes the organizer hands out.
    """

    owner: Organizer
    event: Json
    gate: Json
    offer: Json
    ticket: Json
    codes: list[str]
    device: Device
    guest: Guest

    def __init__(self, world: World) -> None:
        self.world = world

    async def begin(self, **event: Any) -> Self:
        """Make it all."""
        world = self.world
        self.owner = await world.organizer()
        self.event = await world.event(self.owner, **event)
        self.gate = await world.gate(self.owner, self.id)
        self.offer = await world.offer(self.owner, self.id)
        self.ticket = await world.offer(self.owner, self.id, title="Ticket", claimable=False)
        self.codes = await world.codes(self.owner, self.id, self.ticket["id"], 2)
        self.device = await world.device(self.owner, self.id, gate_id=self.gate["id"])
        self.guest = await world.guest(self.event["slug"])
        return self

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.event["id"])

    @property
    def path(self) -> str:
        """The event's path."""
        return f"/events/{self.id}"
