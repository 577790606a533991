"""The demo's party: its gates, offers and doors. What is there already is used again."""

import csv
import io
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.doors import Door, fresh_key, pair
from dibs_realtime.simulate.guests import NAMES
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.tickets import ALPHABET, Stock

NAME, SLUG = "Midsummer Night", "midsummer-night"
GATES = ("Main gate", "Beer tent", "VIP")
DOORS = {"Main gate, left": "Main gate", "Main gate, right": "Main gate", "Beer tent": "Beer tent", "VIP rope": "VIP"}
DOOR_FOR_YOU, GATE_FOR_YOU = "Your phone", "Beer tent"
"""A device for the person who looks at the demo, where guests may have their drinks."""
DRINK, FLASH, WRISTBAND, RIDES = "Welcome drink", "Flash: midnight hot dog", "Entry wristband", "5 rides"
OFFERS: Mapping[str, Mapping[str, Any]] = {
    DRINK: {
        "description": "One drink of your choice.", "claimable": True, "quantity": 120, "per_guest_limit": 1,
        "gates": ("Beer tent",),
    },
    FLASH: {
        "description": "A few at a time, first come, first served.", "claimable": True, "quantity": 0,
        "per_guest_limit": 1, "gates": ("Beer tent", "Main gate"),
    },
    WRISTBAND: {
        "description": "Swap your ticket for a wristband.", "claimable": False, "gates": ("Main gate", "VIP"),
    },
    RIDES: {"description": "Five rides on the Ferris wheel.", "claimable": False, "max_uses": 5, "gates": ()},
}  # fmt: skip
HOURS = timedelta(hours=9)


@dataclass(slots=True)
class Party:
    """The event and what belongs to it."""

    event: Row
    gates: dict[str, Row] = field(default_factory=dict)
    offers: dict[str, Row] = field(default_factory=dict)
    doors: list[Door] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Where the event is in the API."""
        return f"/events/{self.event['id']}"


async def prepare(account: Account, rng: random.Random) -> Party:
    """Find the open party of the last time, or make a new one; add what is missing of it, and open it."""
    events = await account.listed("/events")
    known = next((event for event in events if event["name"] == NAME and event["status"] == "open"), None)
    party = Party(known or await _new_event(account))
    snapshot = await account.call("GET", f"{party.path}/snapshot")
    gates = {gate["name"]: gate for gate in snapshot["gates"]}
    for name in GATES:
        party.gates[name] = gates.get(name) or await account.call("POST", f"{party.path}/gates", {"name": name})
    offers = {offer["title"]: offer for offer in snapshot["offers"]}
    for title in OFFERS:
        party.offers[title] = offers.get(title) or await _new_offer(account, party, title)
        if party.offers[title]["status"] == "paused":  # the last demo was stopped in the middle of it
            await account.call("PATCH", f"{party.path}/offers/{party.offers[title]['id']}", {"status": "active"})
    devices = {device["label"]: device["id"] for device in snapshot["devices"] if device["status"] != "revoked"}
    for label, gate in DOORS.items():
        device = {} if label in devices else {"label": label, "gate_id": party.gates[gate]["id"]}
        party.doors.append(await pair(account, party.event["id"], devices.get(label), rng, **device))
    if party.event["status"] != "open":
        party.event = await account.call("POST", f"{party.path}/open")
    return party


async def import_rides(
    account: Account, party: Party, count: int, stock: Stock, rng: random.Random, *, faulty: bool = False
) -> str:
    """Bring `count` codes with their guests in by CSV. Return what the server said of it.

    faulty: three rows more, with which something is wrong.
    """
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(10)) for _ in range(count)]
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow(("code", "offer", "max_uses", "guest_name", "guest_email"))
    for code in codes:
        name = rng.choice(NAMES)
        sheet.writerow((code, RIDES, 5, name, f"guest-{secrets.token_hex(4)}@guests.example"))
    if faulty:
        sheet.writerow((codes[0], RIDES, 5, "", ""))
        sheet.writerow(("?!", RIDES, 5, "", ""))
        sheet.writerow(("".join(secrets.choice(ALPHABET) for _ in range(10)), "6 rides", 5, "", ""))
    brought = await account.call("POST", f"{party.path}/vouchers/import", text.getvalue().encode(), key=fresh_key())
    stock.add(party.offers[RIDES], codes)
    faults = ", ".join(f"line {row['line']}: {row['reason']}" for row in brought["rejected"])
    return f"{brought['imported']} codes imported from a CSV file, rejected: {faults or 'none'}."


async def _new_event(account: Account) -> Row:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    new = {
        "name": NAME,
        "slug": SLUG,
        "description": "A party that the demo makes up: guests, doors and all that goes wrong.",
        "venue": "The old harbour",
        "timezone": "Europe/Vilnius",
        "starts_at": now.isoformat(),
        "ends_at": (now + HOURS).isoformat(),
        "guest_name": "optional",
    }
    try:
        event: Row = await account.call("POST", "/events", new, key=fresh_key())
    except ApiError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
        del new["slug"]  # an earlier night has it; the server makes up another
        event = await account.call("POST", "/events", new, key=fresh_key())
    return event


async def _new_offer(account: Account, party: Party, title: str) -> Row:
    fields = dict(OFFERS[title])
    gate_ids = [party.gates[gate]["id"] for gate in fields.pop("gates")]
    new = {"title": title, "gate_ids": gate_ids, **fields}
    offer: Row = await account.call("POST", f"{party.path}/offers", new, key=fresh_key())
    return offer
