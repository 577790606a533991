"""An event and the people at it, over the public interfaces."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.waiting import eventually

from .clients import Observer
from .node import Node

_numbers = itertools.count(1)


def new_key() -> str:
    return secrets.token_hex(12)


class Party:
    """An open event with one claimable offer. `node` answers its requests."""

    node: Node
    owner: str
    event: dict[str, Any]
    offer: dict[str, Any]

    @classmethod
    async def begin(cls, node: Node) -> "Party":
        self = cls()
        self.node = node
        self.owner = await self.account()
        now = datetime.now(UTC)
        self.event = await node.ask(
            "POST",
            "/events",
            self.owner,
            {
                "name": "Party",
                "slug": f"party-{next(_numbers)}",
                "timezone": "Europe/Vilnius",
                "starts_at": now.isoformat(),
                "ends_at": (now + timedelta(hours=8)).isoformat(),
            },
            status=201,
        )
        self.offer = await node.ask(
            "POST", f"/events/{self.id}/offers", self.owner, {"title": "Drink", "claimable": True}, status=201
        )
        await node.ask("POST", f"/events/{self.id}/open", self.owner)
        return self

    @property
    def id(self) -> str:
        return self.event["id"]

    @property
    def slug(self) -> str:
        return self.event["slug"]

    async def account(self) -> str:
        """Return the access token of a new organizer."""
        number = next(_numbers)
        registration = {"email": f"o{number}@party.test", "password": "correct horse battery", "name": f"O{number}"}
        return (await self.node.ask("POST", "/auth/register", body=registration, status=201))["access_token"]

    async def member(self, role: str) -> str:
        """Return the access token of a new member."""
        token = await self.account()
        invitation = await self.node.ask("POST", f"/events/{self.id}/members", self.owner, {"role": role}, status=201)
        await self.node.ask("POST", f"/invites/{invitation['invite_url'].rsplit('/', 1)[-1].lstrip('#')}", token)
        return token

    async def device(self, label: str = "North") -> tuple[str, dict[str, Any]]:
        """Return a paired device's token and the device."""
        made = await self.node.ask("POST", f"/events/{self.id}/devices", self.owner, {"label": label}, status=201)
        paired = await self.node.ask(
            "POST", "/devices/pair", body={"pairing_code": made["pairing_code"], "pairing_nonce": new_key()}
        )
        return paired["device_token"], paired["device"]

    async def guest(self) -> str:
        """Return a new guest's token."""
        signed_in = await self.node.ask("POST", f"/public/events/{self.slug}/guests", body={}, status=201)
        return signed_in["access_token"]

    async def claim(self, guest: str, node: Node | None = None, *, patiently: bool = False) -> dict[str, Any]:
        """Let the guest claim; return the voucher. `patiently`: on 503 with the same key again."""
        path, body = f"/offers/{self.offer['id']}/claims", {"idempotency_key": new_key()}
        status, verdict = await (node or self.node).send("POST", path, guest, body)
        while patiently and status == 503:
            status, verdict = await (node or self.node).send("POST", path, guest, body)
        assert (status, verdict["verdict"]) == (200, "claimed"), verdict
        return verdict["voucher"]

    async def redeem(self, door: str, code: str, node: Node | None = None) -> dict[str, Any]:
        """Let the door redeem; return the verdict."""
        return await (node or self.node).ask(
            "POST", f"/events/{self.id}/redemptions", door, {"code": code, "idempotency_key": new_key()}
        )

    async def ledger(self) -> list[dict[str, Any]]:
        """Return all entries."""
        entries: list[dict[str, Any]] = []
        while True:
            page = await self.node.ask("GET", f"/events/{self.id}/ledger?after_seq={len(entries)}", self.owner)
            entries += page["entries"]
            if len(entries) >= page["head_seq"]:
                return entries


async def check(party: Party, observer: Observer) -> None:
    """The observer has every entry since its snapshot, each once, in order, as the ledger has it."""
    ledger = await party.ledger()
    await eventually(lambda: observer.is_at(len(ledger)))
    assert observer.faults == []
    assert observer.entries == ledger[observer.first :]
