"""A night of ten doors in a real browser and two thousand guests, with everything that a network can do to them.

What each door showed is held against what the server has, as in tests/offline: the same checker.
"""

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from dibs_realtime.kit.database import Database
from tests.doors.book import current
from tests.offline.checker import Scan, read, violations
from tests.support.world import Party

from .cable import CUT_OFF, Condition, laid
from .door_page import DoorPage
from .guard import GIVEN_UP, Guard
from .server import Server
from .visitors import Visitors

DOORS = 10
GUESTS = 2_000
AT_ONCE = 32
"""Guests who call dibs at the same moment."""
STAYING = 3
"""Doors whose last guest waits until the hub has its say, too."""
AGAIN = 0.12
"""The part of the scans whose voucher another door has seen, or will."""


class Guests:
    """Who comes to which door. A guest comes once, and some a second time, to another door."""

    def __init__(self, codes: list[str], chance: random.Random) -> None:
        self._chance = chance
        self._codes = codes
        self._been: list[tuple[int, str]] = []

    def to(self, door: int, count: int) -> list[str]:
        """Return the codes of those who come to a door now."""
        coming: list[str] = []
        for _ in range(count):
            before = [code for at, code in self._been[-400:] if at != door and code not in coming]
            again = before and self._chance.random() < AGAIN
            coming.append(self._chance.choice(before) if again else self._codes.pop())
        self._been += [(door, code) for code in coming]
        return coming

    def somebody_new(self, door: int) -> str:
        """Return the code of somebody who has been nowhere."""
        code = self._codes.pop()
        self._been.append((door, code))
        return code

    @property
    def left(self) -> int:
        """How many have not been anywhere."""
        return len(self._codes)


async def claims(party: Party) -> list[str]:
    """Let all guests call dibs; return their codes."""
    welcome = await party.world.offer(party.owner, party.id, title="Welcome", quantity=GUESTS)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> str:
        async with gate:
            guest = await party.world.guest(party.event["slug"])
            return str((await guest.claim(welcome["id"]))["voucher"]["code"])

    return list(await asyncio.gather(*(one() for _ in range(GUESTS))))


@asynccontextmanager
async def flapping(doors: list[DoorPage], chance: random.Random) -> AsyncIterator[None]:
    """Let the lines of doors come and go."""

    async def flap() -> None:
        while True:
            chance.choice(doors).cable.become(chance.choice(["good", "cut"]))
            await asyncio.sleep(0.05)

    flaps = asyncio.create_task(flap())
    try:
        yield
    finally:
        flaps.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await flaps


async def the_night(doors: list[DoorPage], guests: Guests, server: Server, chance: random.Random) -> None:
    """Play it."""
    # The evening begins well.
    await asyncio.gather(*(door.scan(guests.to(door.number, 40)) for door in doors))

    # Each line has a trouble of its own, and pages die in the middle of it.
    troubles: list[Condition] = ["cut", "hole", "slow", "deaf", "good"]
    for _ in range(2):
        for door in doors:
            door.cable.become(chance.choice(troubles))
        await asyncio.gather(*(door.scan(guests.to(door.number, chance.randint(2, 5))) for door in doors))
        unlucky = chance.sample(doors, 4)
        for door in unlucky[:2]:
            door.cable.become("hole")
        await asyncio.gather(*(door.die_asking(*guests.to(door.number, 1)) for door in unlucky[:2]))
        # A page that died has only what it had stored: without a line, too.
        for door in unlucky[2:]:
            door.cable.become("cut")
        await asyncio.gather(unlucky[2].die(), unlucky[3].reload())
    for door in doors:
        door.cable.become("good")

    # The server dies while everybody works, and comes back.
    working = asyncio.gather(*(door.scan(guests.to(door.number, 30)) for door in doors))
    await server.stop(at_once=True)
    await working
    await asyncio.gather(*(door.reload() if door.number % 2 else door.die() for door in doors))
    await asyncio.gather(*(door.scan(guests.to(door.number, 10)) for door in doors))
    await server.start()

    async with flapping(doors, chance):
        await asyncio.gather(*(door.scan(guests.to(door.number, 30)) for door in doors))
    for door in doors:
        door.cable.become("good")

    # Everybody else.
    each = (guests.left - STAYING) // DOORS
    await asyncio.gather(*(door.scan(guests.to(door.number, each)) for door in doors))


@pytest.mark.timeout(600)
async def test_what_ten_doors_showed_and_what_the_server_has_agree(
    visitors: Visitors, party: Party, server: Server, guard: Guard
) -> None:
    seed = int(os.environ.get("DIBS_NIGHT_SEED") or random.SystemRandom().randrange(2**32))
    print(f"the night's seed: DIBS_NIGHT_SEED={seed}")
    chance = random.Random(seed)  # it decides who comes, nothing secret
    # Nobody touches these phones. They lose their line, and their page, however often the night takes it away.
    guard.expect(*CUT_OFF, GIVEN_UP, "navigator.vibrate")
    codes = await claims(party)
    await current(party.device)
    async with AsyncExitStack() as stack:
        cables = [await stack.enter_async_context(laid(server.url)) for _ in range(DOORS)]
        opening = (DoorPage.at(visitors, party, number, cable) for number, cable in enumerate(cables))
        doors = list(await asyncio.gather(*opening))
        guests = Guests(sorted(codes), chance)
        await the_night(doors, guests, server, chance)
        await asyncio.gather(*(door.come_home() for door in doors))
        await asyncio.gather(*(door.be_corrected(guests.somebody_new(door.number)) for door in doors[:STAYING]))
        scans = [scan for door in doors for scan in await door.account()]
    database = Database(server.database_url)
    await database.open()
    found = await read(database, party.id, codes)
    await database.close()
    wrong = violations(scans, found, {}, set())
    by_key = {scan.key: scan for scan in scans}
    told = [f"{line}\n  {by_key.get(line.partition(':')[0])}" for line in wrong]
    assert not wrong, f"DIBS_NIGHT_SEED={seed}\n" + "\n".join(told)
    _it_was_a_night(scans, Counter(reason for _, reason, _ in found.conflicts))


def _it_was_a_night(scans: list[Scan], conflicts: Counter[str]) -> None:
    """Fail where nothing happened that could have gone wrong."""
    assert len({scan.code for scan in scans}) >= GUESTS * (1 - AGAIN)
    alone = [scan for scan in scans if any(provisional for _, _, provisional in scan.shown)]
    assert len(alone) > GUESTS // 10
    corrected = [scan for scan in alone if not scan.shown[-1][2]]
    assert corrected
    assert conflicts["already_redeemed"]
