"""What an organizer sets up for a simulation: the event is there, codes are handed out, doors are paired."""

import random
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.doors import Door, fresh_key, pair
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.rest import Api
from dibs_realtime.simulate.tickets import Stock

CODES_A_CALL = 1_000
"""The server names the codes up to here."""


class StageError(Exception):
    """The simulation cannot begin. One line for whoever started it."""


async def find_event(account: Account, slug: str, *, to_manage: bool) -> Row:
    """Return the account's event with that address. Raises StageError."""
    event = next((event for event in await account.listed("/events") if event["slug"] == slug), None)
    if event is None:
        raise StageError(f"{account.email} is no member of an event with the address {slug}.")
    if event["status"] == "draft":
        raise StageError(f"The event {slug} is a draft. Open it first.")
    if to_manage and event["role"] not in {"owner", "manager"}:
        raise StageError(f"{account.email} may not add doors to {slug}: that takes a manager. Or take --doors 0.")
    return event


async def public_event(api: Api, slug: str) -> Row:
    """Return the event as guests see it. Raises StageError."""
    try:
        event: Row = await api.get(f"/public/events/{slug}")
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise StageError(f"There is no open event with the address {slug}.") from None
    if event["guest_access"] != "open":
        raise StageError(f"Guests need a code to enter {slug}. Sign in as its organizer with --email.")
    return event


async def hand_out(account: Account, event_id: str, offer: Row, count: int, stock: Stock) -> None:
    """Issue `count` new codes of an offer, as far as its quantity allows, into the stock."""
    if offer["quantity"] is not None:
        count = min(count, offer["quantity"] - offer["places"])
    while count > 0:
        part = min(count, CODES_A_CALL)
        body = {"offer_id": offer["id"], "count": part}
        issued = await account.call("POST", f"/events/{event_id}/vouchers", body, key=fresh_key())
        stock.add(offer, issued["codes"])
        count -= part


async def pair_doors(
    account: Account, event_id: str, gates: Sequence[Row], count: int, rng: random.Random, doors: list[Door]
) -> None:
    """Add `count` devices, spread over the gates, pair them, and put each into `doors` as soon as it is there."""
    for number in range(count):
        device: dict[str, Any] = {"label": f"Simulated door {number + 1}"}
        if gates:
            gate = gates[number % len(gates)]
            device = {"label": f"Simulated {gate['name'][:80]} {number // len(gates) + 1}", "gate_id": gate["id"]}
        doors.append(await pair(account, event_id, None, rng, **device))
