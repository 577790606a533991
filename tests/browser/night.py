"""A night in full swing: what pictures of the pages show, and what tests that only look have to look at."""

from datetime import UTC, datetime, timedelta
from typing import Self

import asyncpg

from tests.support.world import Device, Guest, Json, Party, World

GATES = ("Main gate", "Beer tent", "VIP lounge at the old lighthouse")
CLAIMABLE = (
    {"title": "Welcome drink", "description": "One drink of your choice.", "quantity": 60},
    {"title": "Midnight hot dog", "description": "With everything.", "quantity": 12},
    {"title": "A ride on the Ferris wheel with somebody whom you have not met before", "quantity": None},
)
GUESTS = 30
LASTED = timedelta(minutes=50)
SPREAD = """
UPDATE ledger SET at = now() - $2::interval * power(1 - ledger.seq::float / head.seq, 1.4)
    FROM ledger_heads AS head WHERE ledger.event_id = $1 AND head.event_id = $1"""
COUNT = """
INSERT INTO minute_counters (event_id, minute, offer_id, gate_id, claimed, redeemed_units)
    SELECT event_id, date_trunc('minute', at), offer_id, coalesce(gate_id, '00000000-0000-0000-0000-000000000000'),
            sum(coalesce((data #>> '{counts,claimed}')::int, 0)),
            sum(coalesce((data #>> '{counts,redeemed_units}')::int, 0))
        FROM ledger WHERE event_id = $1 AND kind IN ('voucher.claimed', 'voucher.redeemed') GROUP BY 1, 2, 3, 4"""
"""What the hub counts minute by minute, from the ledger."""


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


async def stretched(night: Night, database_url: str) -> None:
    """Let what has just happened have happened over most of an hour, ever more of it: a chart needs minutes."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(SPREAD, night.id, LASTED)
            await connection.execute("DELETE FROM minute_counters WHERE event_id = $1", night.id)
            await connection.execute(COUNT, night.id)
    finally:
        await connection.close()
