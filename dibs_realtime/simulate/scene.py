"""Who and what takes part in a night, and how they find each other."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dibs_realtime.simulate.doors import Door
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.guests import Entrance, Guest
from dibs_realtime.simulate.pace import Pace
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.tickets import Stock, Ticket, as_scanned

MOST_REMEMBERED = 20_000
"""Codes whose uses are remembered, the latest ones."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """The parts. `offers` answers the offers as they are now; `linger`: mean seconds between two things one guest does.

    Without `doors` guests only claim; without an `entrance` they only come with codes of the `stock`.
    """

    figures: Figures
    pace: Pace
    rng: random.Random
    linger: float
    base_url: str
    offers: Callable[[], Sequence[Row]]
    doors: list[Door] = field(default_factory=list)
    entrance: Entrance | None = None
    stock: Stock = field(default_factory=Stock)
    uses: dict[str, int] = field(default_factory=dict)
    """How often each code was used, as far as doors were told: what a door that is cut off has on its list."""

    def claimable(self) -> list[Row]:
        """Return the offers that guests may call dibs on, sold out ones too."""
        return [offer for offer in self.offers() if offer.get("claimable", True)]

    async def rest(self) -> None:
        """Look around for a while."""
        await asyncio.sleep(min(4 * self.linger, self.rng.expovariate(1 / self.linger)))

    async def sign_in(self) -> Guest | None:
        """Let somebody sign in; None: they did not want to queue."""
        if self.entrance is None:
            return None
        await self.pace.turn()
        return await self.entrance.sign_in(self.rng)

    async def claim(self, guest: Guest, offer: Row, *, hurry: bool = False) -> Ticket | None:
        """Let a guest call dibs; None: it was refused. `hurry`: the caller keeps the pace."""
        if not hurry:
            await self.pace.turn()
        verdict = await guest.claim(offer["id"])
        voucher = verdict["voucher"]
        if verdict["verdict"] != "claimed" or voucher is None:
            return None
        return Ticket(voucher["code"], offer, voucher["id"])

    async def scan(self, door: Door, ticket: Ticket, gate_id: str | None = None, units: int = 1) -> dict[str, Any]:
        """Let a door scan a ticket, out of a QR or typed. Returns the verdict."""
        await self.pace.turn()
        shown = as_scanned(ticket.code, self.base_url, self.rng)
        verdict = await door.redeem(ticket, shown, units=units, gate_id=gate_id)
        if verdict["voucher"] is not None:
            self.uses[ticket.code] = verdict["voucher"]["uses"]
            if len(self.uses) > MOST_REMEMBERED:
                del self.uses[next(iter(self.uses))]
        return verdict

    def door_for(self, ticket: Ticket) -> tuple[Door, str | None]:
        """Return a door where the ticket is right, and the gate to name there should no door stand at it."""
        gates = ticket.gate_ids
        right = [door for door in self.doors if not gates or door.gate_id in gates]
        if right:
            return self.rng.choice(right), None
        return self.rng.choice(self.doors), self.rng.choice(gates)

    def wrong_door(self, ticket: Ticket) -> Door | None:
        """Return a door where the ticket is not right; None: there is none."""
        wrong = [door for door in self.doors if ticket.gate_ids and door.gate_id not in ticket.gate_ids]
        return self.rng.choice(wrong) if wrong else None

    def another_door(self, door: Door) -> Door | None:
        """Return a door besides this one that has the network; None: there is none."""
        others = [other for other in self.doors if other is not door and not other.is_quiet]
        return self.rng.choice(others) if others else None
