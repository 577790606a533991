"""A night in full swing: what pictures of the pages show, and what tests that only look have to look at."""

from datetime import UTC, datetime, timedelta
from typing import Self

from tests.support.world import Device, Guest, Json, Party, World

GATES = ("Main gate", "Beer tent", "VIP lounge at the old lighthouse")
CLAIMABLE = (
    {"title": "Welcome drink", "description": "One drink of your choice.", "quantity": 60},
    {"title": "Midnight hot dog", "description": "With everything.", "quantity": 12},
    {"title": "A ride on the Ferris wheel with somebody whom you have not met before", "quantity": None},
)
GUESTS = 30


class Night(Party):
    """An open event with three gates, four offers, doors at work, and guests who claimed and redeemed."""

    gates: list[Json]
    offers: list[Json]
    doors: list[Device]
    guests: list[Guest]

    async def begin(self, **event: object) -> Self:
        """Make it all."""
        world = self.world
        now = datetime.now(UTC)
        hours = {"starts_at": now - timedelta(hours=2), "ends_at": now + timedelta(hours=7)}
        self.owner = await world.organizer("Ieva Žukauskaitė")
        self.event = await world.event(
            self.owner, **{"name": "Midsummer Night", "venue": "The old harbour", **hours, **event}
        )
        self.gates = [await world.gate(self.owner, self.id, name) for name in GATES]
        self.gate = self.gates[0]
        self.offers = [await world.offer(self.owner, self.id, **fields) for fields in CLAIMABLE]
        self.offer = self.offers[0]
        self.ticket = await world.offer(self.owner, self.id, title="Entry wristband", claimable=False)
        self.codes = await world.codes(self.owner, self.id, self.ticket["id"], 40)
        self.doors = [
            await world.device(self.owner, self.id, f"{gate['name']}, phone", gate_id=gate["id"]) for gate in self.gates
        ]
        self.device = self.doors[0]
        self.guests = [await world.guest(self.event["slug"]) for _ in range(GUESTS)]
        self.guest = self.guests[0]
        await self._live()
        return self

    async def _live(self) -> None:
        for number, guest in enumerate(self.guests):
            for offer in self.offers[: 1 + number % 3]:
                verdict = await guest.claim(offer["id"])
                if verdict["voucher"] and number % 3:
                    await self.doors[number % 3].redeem(verdict["voucher"]["code"])
        for number, code in enumerate(self.codes[:24]):
            await self.doors[number % 3].redeem(code)
        for code in (self.codes[0], self.codes[5], "NOSUCHCODE"):
            await self.doors[0].redeem(code)


async def a_night(world: World) -> Night:
    """Return one."""
    return await Night(world).begin()
