"""What one guest does in a night, and what goes wrong."""

import asyncio

from dibs_realtime.simulate.guests import Guest
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.tickets import Ticket, mistyped

MISHAPS = {
    "typo": 0.05,
    "wrong gate": 0.06,
    "two doors at once": 0.05,
    "once more": 0.07,
    "reversal": 0.03,
    "give back": 0.04,
    "too many": 0.05,
}
"""How often what goes wrong."""
SIGNS_IN = 0.6
"""How many of those who have a code on paper also want a wallet."""
ONE_MORE_RIDE = 0.6
TRIES_ANYWAY = 0.2


async def visit(scene: Scene) -> None:
    """Come, get what there is, use it and leave."""
    ticket = scene.stock.take(scene.rng)
    wants_wallet = scene.claimable() and (ticket is None or scene.rng.random() < SIGNS_IN)
    guest = await scene.sign_in() if wants_wallet else None
    try:
        if ticket is not None:
            await use(scene, ticket)
        if guest is not None:
            await _call_dibs(scene, guest)
    finally:
        if guest is not None and scene.entrance is not None:
            await scene.entrance.leave(guest)


async def fresh_ticket(scene: Scene) -> Ticket | None:
    """Return a ticket that was never used: from the stock, else a guest claims one. None: there is none."""
    ticket = scene.stock.take(scene.rng)
    if ticket is not None or not scene.claimable():
        return ticket
    guest = await scene.sign_in()
    if guest is None or scene.entrance is None:
        return None
    try:
        return await scene.claim(guest, scene.rng.choice(scene.claimable()))
    finally:
        await scene.entrance.leave(guest)


async def use(scene: Scene, ticket: Ticket, guest: Guest | None = None, mishap: str | None = None) -> None:
    """Go to a door with a ticket. `mishap`: what goes wrong, None: what chance brings."""
    await scene.rest()
    mishap = mishap or _mishap(scene)
    if mishap == "give back" and guest is not None and ticket.voucher_id:
        await scene.pace.turn()
        await guest.release(ticket.voucher_id)
        return
    if not scene.doors:
        return
    await _before(scene, ticket, mishap)
    door, gate_id = scene.door_for(ticket)
    other = scene.another_door(door) if mishap == "two doors at once" and not door.is_quiet else None
    if other is not None:
        both = await asyncio.gather(
            scene.scan(door, ticket, gate_id), scene.scan(other, ticket, gate_id or door.gate_id)
        )
        admitted = sum(each["verdict"] == "accepted" and "alone" not in each for each in both)
        if admitted > ticket.max_uses:
            scene.figures.problem("one code admitted at two doors")
        return
    verdict = await scene.scan(door, ticket, gate_id)
    if mishap == "reversal" and verdict["redemption_id"]:
        await scene.rest()
        await scene.pace.turn()
        await door.reverse(verdict["redemption_id"], "scanned by mistake")
        await scene.scan(door, ticket, gate_id)
    elif mishap == "once more":
        await scene.rest()
        await _again(scene, ticket)
    for _ in range(ticket.max_uses - 1):
        if scene.rng.random() > ONE_MORE_RIDE:
            break
        await scene.rest()
        await _again(scene, ticket)


async def _call_dibs(scene: Scene, guest: Guest) -> None:
    """Claim one or two offers, and use what came of it. Most do not try what the page shows as sold out."""
    offers = [offer for offer in scene.claimable() if _looks_free(offer) or scene.rng.random() < TRIES_ANYWAY]
    for offer in scene.rng.sample(offers, k=min(len(offers), scene.rng.choice((1, 1, 2)))):
        ticket = await scene.claim(guest, offer)
        if ticket is not None:
            await use(scene, ticket, guest)


def _looks_free(offer: Row) -> bool:
    is_free: bool = offer["status"] == "active" and offer["remaining"] != 0
    return is_free


async def _before(scene: Scene, ticket: Ticket, mishap: str | None) -> None:
    """Be refused first, where that is what goes wrong."""
    door, gate_id = scene.door_for(ticket)
    if mishap == "typo":
        await scene.scan(door, mistyped(ticket, scene.rng), gate_id)
    elif mishap == "wrong gate" and (wrong := scene.wrong_door(ticket)):
        await scene.scan(wrong, ticket)
        await scene.rest()
    elif mishap == "too many" and 1 < ticket.max_uses < 100:  # noqa: PLR2004  # the most units of one scan
        await scene.scan(door, ticket, gate_id, units=ticket.max_uses + 1)


async def _again(scene: Scene, ticket: Ticket) -> None:
    door, gate_id = scene.door_for(ticket)
    await scene.scan(door, ticket, gate_id)


def _mishap(scene: Scene) -> str | None:
    what = scene.rng.choices([*MISHAPS, None], weights=[*MISHAPS.values(), 1 - sum(MISHAPS.values())])
    return what[0]
