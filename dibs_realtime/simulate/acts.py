"""Set pieces: what every long night sees at some time."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.guests import Guest
from dibs_realtime.simulate.pace import Pace
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.tickets import Ticket
from dibs_realtime.simulate.visit import fresh_ticket, use

Say = Callable[[str], None]
MOST_UNITS = 100
"""The most units that one scan may have."""


async def quiet_door(scene: Scene, seconds: float, say: Say) -> None:
    """Let a door lose the network for a while and bring in afterwards what it judged alone.

    One guest uses a voucher up at a door that is online, and then once more at the quiet one: that opens a conflict.
    """
    if not any(scene.another_door(door) for door in scene.doors):
        return
    ticket = await fresh_ticket(scene)
    quiet = scene.door_for(ticket)[0] if ticket else scene.rng.choice(scene.doors)
    other = scene.another_door(quiet)
    if quiet.is_quiet or other is None:
        return
    say(f"{quiet.label} has lost the network and judges alone.")
    await quiet.go_quiet(scene.uses)
    if ticket is not None:
        await scene.scan(other, ticket, quiet.gate_id, units=min(MOST_UNITS, ticket.max_uses))
        await scene.scan(quiet, ticket)
    await asyncio.sleep(seconds)
    results = await quiet.come_back()
    conflicts = sum(result["conflict_id"] is not None for result in results)
    say(f"{quiet.label} is back and brought in {len(results)} scans, {conflicts} of them with a conflict.")


async def paused_offer(scene: Scene, account: Account, offer: Row, seconds: float, say: Say) -> None:
    """Pause an offer for a while: a guest who has it is turned away meanwhile, and comes back."""
    guest = await scene.sign_in()
    if guest is None or scene.entrance is None or not scene.doors:
        return
    try:
        ticket = await scene.claim(guest, offer)
        await _change(account, offer, {"status": "paused"})
        say(f"“{offer['title']}” is paused for a while.")
        try:
            if ticket is not None:
                await scene.scan(scene.door_for(ticket)[0], ticket)
            await scene.claim(guest, offer)
            await asyncio.sleep(seconds)
        finally:
            await _change(account, offer, {"status": "active"})
        say(f"“{offer['title']}” goes on.")
        if ticket is not None:
            await scene.scan(scene.door_for(ticket)[0], ticket)
    finally:
        await scene.entrance.leave(guest)


async def flash_offer(scene: Scene, account: Account, offer: Row, more: int, crowd: int, rate: float, say: Say) -> None:
    """Put `more` of an offer up; a crowd has waited for it, and all call dibs at once, at `rate` a second at most."""
    waiting = [guest for guest in [await scene.sign_in() for _ in range(crowd)] if guest is not None]
    try:
        now = next(row for row in scene.offers() if row["id"] == offer["id"])
        await _change(account, offer, {"quantity": now["quantity"] + more, "status": "active"})
        say(f"Flash: {more} more of “{offer['title']}”, and {len(waiting)} people want one.")
        began, rush = time.monotonic(), Pace(rate)

        async def claim(guest: Guest) -> tuple[float, Guest, Ticket] | None:
            await rush.turn()
            ticket = await scene.claim(guest, offer, hurry=True)
            return (time.monotonic() - began, guest, ticket) if ticket else None

        rushed = await asyncio.gather(*(claim(guest) for guest in waiting))
        lucky = [each for each in rushed if each is not None]
        last = max((after for after, _, _ in lucky), default=0.0)
        say(f"{len(lucky)} were lucky, the last of them after {last:.1f} s.")
        await asyncio.gather(*(use(scene, ticket, guest) for _, guest, ticket in lucky))
    finally:
        if scene.entrance is not None:
            for guest in waiting:
                await scene.entrance.leave(guest)


async def _change(account: Account, offer: Row, changes: dict[str, Any]) -> None:
    await account.call("PATCH", f"/events/{offer['event_id']}/offers/{offer['id']}", changes)
