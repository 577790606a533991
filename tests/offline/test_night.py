"""Nights of ten doors whose network comes and goes: in the end, what they showed and what the server has agree."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy, just, lists, sampled_from, tuples

from dibs_realtime.kit.database import Database
from tests.doors.book import current
from tests.offline.checker import Scan, Server, Window, read, violations
from tests.offline.doors import Doors, Fate
from tests.support.clock import MovableClock
from tests.support.world import Party, fresh_key

DOORS = 10
GUESTS = 7
EARLY, LATER = 2, 6
"""Guests whose offer ends, and whose offer begins, in the middle of the night."""
SCHEDULES = 200
TURN = timedelta(minutes=10, seconds=30)
"""When the one offer ends and the other begins, after a night's beginning: never exactly when somebody comes."""
Step = tuple[Any, ...]

# The weights are those of `sampled_from`: `one_of` counts what it is given twice once. Most of a night happens at few
# doors, and much to guests whose offer begins or ends: else hardly anybody meets anybody, or a clock that is wrong.
at = sampled_from([*(0, 1, 2) * 5, *range(DOORS)])
guest = sampled_from([*(EARLY, LATER) * 2, *range(GUESTS)])
STEPS: list[tuple[int, SearchStrategy[Step]]] = [
    (4, tuples(just("scan"), at, guest, sampled_from(["ok", "ok", "lost", "slow"]))),
    (6, tuples(just("alone"), at, guest)),
    (2, tuples(just("reload"), at)),
    (2, tuples(sampled_from(["join", "refresh", "flush", "late"]), at)),
    (1, tuples(sampled_from(["cut_all", "join_all"]))),
    (3, tuples(just("skew"), at, sampled_from([-90, 90]))),
    (2, tuples(just("forward"), sampled_from([1, 15]))),
    (1, tuples(just("void"), guest)),
]


def schedules() -> SearchStrategy[list[Step]]:
    """Draw what happens in a night."""
    kind = sampled_from([step for weight, step in STEPS for _ in range(weight)])
    return lists(kind.flatmap(lambda step: step), min_size=6, max_size=30)


@dataclass
class Night:
    """One event with ten doors, for any number of schedules one after the other."""

    party: Party
    clock: MovableClock
    database: Database
    doors: Doors
    offers: list[dict[str, Any]]
    codes: list[list[str]]
    round: int = 0

    async def play(self, steps: list[Step]) -> list[str]:
        """Play a schedule with guests of its own; return what is not as it must be."""
        codes = [pile[self.round] for pile in self.codes]
        self.round += 1
        await self._sign_in()
        turn = self.clock() + TURN
        for number, change in ((EARLY, {"redeem_until": turn}), (LATER, {"redeem_from": turn})):
            await self.party.owner.patch(f"{self.party.path}/offers/{self.offers[number]['id']}", change)
        snapshot = await self.party.owner.get(f"{self.party.path}/snapshot")
        down: set[int] = set()
        skews, moved, unsure = [0] * DOORS, set[int](), set[int]()
        for number in range(DOORS):
            self.doors.fate[number] = "ok"
            await self.doors.do("skew", number, skew=0)
            await self.doors.do("scene", number, snapshot=snapshot)
            await self.doors.do("refresh", number)
        scans: list[Scan] = []
        voided: set[str] = set()
        for step in steps:
            self.doors.contacts.clear()
            match step:
                case ("alone", number, who):  # its network goes, and then a guest comes
                    down.add(number)
                    scans.append(await self._guest(number, codes[who], "down", number not in unsure))
                case ("scan", number, who, fate):
                    becomes = "down" if number in down else fate
                    scans.append(await self._guest(number, codes[who], becomes, number not in unsure))
                case ("void", who):
                    voucher = (await self.party.owner.get(f"{self.party.path}/vouchers", q=codes[who]))["items"][0]
                    await self.party.owner.post(f"{self.party.path}/vouchers/{voucher['id']}/void", {"reason": "torn"})
                    voided.add(codes[who])
                case ("forward", minutes):
                    self.clock.forward(minutes=minutes)
                    await self._sign_in()
                case ("skew", number, minutes):
                    skews[number] += minutes * 60_000
                    moved.add(number)
                    await self.doors.do("skew", number, skew=skews[number])
                case ("cut_all",):
                    down.update(range(DOORS))
                case ("join_all",):
                    down.clear()
                case ("join", number):
                    down.discard(number)
                case ("late", number):
                    if number not in down:
                        await self.doors.late(number)
                case ("reload", number):
                    if number in moved:
                        unsure.add(number)  # nobody tells a page what its clock did while it was away
                    await self.doors.do("reload", number)
                case (what, number):
                    self.doors.fate[number] = "down" if number in down else "ok"
                    await self.doors.do(what, number)
            moved -= self.doors.contacts
            unsure -= self.doors.contacts
        await self._everybody_comes_home(scans)
        windows: dict[str, Window] = {codes[EARLY]: (None, turn), codes[LATER]: (turn, None)}
        return violations(scans, await self._server(codes, scans), windows, voided)

    async def _sign_in(self) -> None:
        owner = self.party.owner
        signed_in = await self.party.world.nobody.post("/auth/refresh", {"refresh_token": owner.refresh_token})
        owner.token, owner.refresh_token = signed_in["access_token"], signed_in["refresh_token"]

    async def _guest(self, number: int, code: str, fate: Fate, sure: bool) -> Scan:
        self.doors.fate[number] = fate
        scan = Scan(number, fresh_key(), code, 1, self.clock(), sure)
        await self.doors.do("scan", number, key=scan.key, code=code, units=1)
        return scan

    async def _everybody_comes_home(self, scans: list[Scan]) -> None:
        by_key = {scan.key: scan for scan in scans}
        for number in range(DOORS):
            self.doors.fate[number] = "ok"
            await self.doors.late(number)
            for _ in range(4):
                # A scan that is being asked for is not asked for twice: its answer is waited for here.
                await self.doors.answered(number)
                if not (await self.doors.do("flush", number))["pending"]:
                    break
            assert not (await self.doors.do("settle", number))["pending"]
            for key, answer in (await self.doors.do("shown", number))["shown"]:
                if answer["kind"] == "verdict" and key in by_key:
                    verdict = answer["verdict"]
                    by_key[key].shown.append((verdict["verdict"], verdict["reason"], answer["provisional"]))

    async def _server(self, codes: list[str], scans: list[Scan]) -> Server:
        server = await read(self.database, self.party.id, codes)
        known = {scan.key for scan in scans}
        # Conflicts of earlier schedules concern other vouchers.
        server.conflicts[:] = [c for c in server.conflicts if c[2] in codes or c[0] in known]
        return server


@asynccontextmanager
async def a_night(
    party: Party, clock: MovableClock, database: Database, rounds: int, mutation: str = "none"
) -> AsyncIterator[Night]:
    """Prepare an event with ten doors that know their vouchers."""
    party.device = await party.world.device(party.owner, party.id, "Door 0")
    devices = [party.device]
    devices += [await party.world.device(party.owner, party.id, f"Door {number}") for number in range(1, DOORS)]
    kinds: list[dict[str, Any]] = [
        {"title": "Entry"}, {"title": "Entry too"}, {"title": "Early"}, {"title": "Two drinks", "max_uses": 2},
        {"title": "Lent", "max_uses": 3, "offline": "lease"}, {"title": "Careful", "offline": "online_only"},
        {"title": "Later"},
    ]  # fmt: skip
    offers = [await party.world.offer(party.owner, party.id, claimable=False, **kind) for kind in kinds]
    codes = [await party.world.codes(party.owner, party.id, offer["id"], rounds) for offer in offers]
    await current(party.device)
    async with Doors(devices, clock) as doors:
        for number in range(DOORS):
            await doors.do("open", number, event_id=party.id, mutation=mutation if number < 3 else "none")
        yield Night(party, clock, database, doors, offers, codes)


async def search(night: Night, rounds: int, number: int) -> list[str]:
    """Play schedules until one fails; return what is wrong in it, after the schedule was made small."""
    loop = asyncio.get_running_loop()
    found: list[str] = []

    @seed(number)
    @settings(
        max_examples=rounds,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(schedules())
    def run(steps: list[Step]) -> None:
        if found or night.round >= rounds:
            return
        wrong = asyncio.run_coroutine_threadsafe(night.play(steps), loop).result()
        if wrong:
            found.extend([*wrong, *(f"  {step}" for step in steps)])

    await asyncio.to_thread(run)
    return found


def chosen_seed() -> int:
    """Return the seed of this run: DIBS_NIGHT_SEED, or another one each time."""
    number = int(os.environ.get("DIBS_NIGHT_SEED") or random.SystemRandom().randrange(2**32))
    print(f"the night's seed: DIBS_NIGHT_SEED={number}")
    return number


@pytest.mark.timeout(900)
async def test_hundreds_of_nights_add_up(party: Party, clock: MovableClock, database: Database):
    number = chosen_seed()
    async with a_night(party, clock, database, SCHEDULES) as night:
        wrong = await search(night, SCHEDULES, number)
        assert not wrong, f"DIBS_NIGHT_SEED={number}\n" + "\n".join(wrong)
        assert night.round > SCHEDULES // 2


@pytest.mark.parametrize("mutation", ["drops-queue", "new-key", "own-clock"])
@pytest.mark.timeout(600)
async def test_a_door_that_is_wrong_is_caught(party: Party, clock: MovableClock, database: Database, mutation: str):
    async with a_night(party, clock, database, 120, mutation) as night:
        assert await search(night, 120, 1)


def test_the_checker_knows_each_kind_of_wrong():
    now = datetime.fromisoformat("2026-07-04T20:00:00Z")

    def scan(key: str, *shown: tuple[str, str | None, bool]) -> Scan:
        return Scan(ord(key), key, "CODE", 1, now, True, list(shown))

    def server(redemptions: dict[str, str], conflicts: list[tuple[str, str, str | None]], units: int = 1) -> Server:
        return Server(redemptions, 0, conflicts, {"CODE": 1}, Counter({"CODE": units}))

    yes, no = ("accepted", None, True), ("refused", "already_redeemed", True)
    good = server({"a": "CODE"}, [("b", "already_redeemed", "CODE")])
    assert violations([scan("a", yes), scan("b", yes)], good, {}, set()) == []
    assert violations([scan("a", yes), scan("b", yes)], server({"a": "CODE"}, []), {}, set())
    assert violations([scan("a", no)], server({"a": "CODE"}, []), {}, set())
    assert violations([scan("a", yes), scan("b", no)], good, {}, set())
    assert violations([scan("a", yes), replace(scan("b", yes), door=ord("a"))], good, {}, set())
    twice = [("b", "already_redeemed", "CODE")] * 2
    assert violations([scan("a", yes), scan("b", yes)], server({"a": "CODE"}, twice), {}, set())
    assert violations([scan("b", yes)], server({}, [("b", "already_redeemed", "CODE")], 0), {}, set())
    assert violations([scan("a", yes)], server({"a": "CODE", "x": "CODE"}, []), {}, set())
    assert violations([scan("a", yes)], server({"a": "CODE"}, [("z", "late", "CODE")]), {}, set())
    assert violations([scan("a", yes)], server({"a": "CODE"}, []), {"CODE": (None, now)}, set())
    in_time: Window = (now, now + timedelta(minutes=1))
    assert violations([scan("a", yes)], server({"a": "CODE"}, []), {"CODE": in_time}, set()) == []
    assert violations([scan("a", yes)], server({"a": "CODE"}, []), {"CODE": (in_time[1], None)}, set())
    for reason in ("not_yet_valid", "expired"):
        turned_away = [scan("a", ("refused", reason, True))]
        assert violations(turned_away, server({}, []), {"CODE": in_time}, set())
        assert violations(turned_away, server({}, []), {}, set())
    assert violations([scan("a", ("refused", "expired", True))], server({}, []), {"CODE": (None, now)}, set()) == []
