"""The rate is bounded, and guests come in waves."""

import asyncio
import random
import time

from dibs_realtime.simulate.pace import LAST_ARRIVAL, Pace, arrivals
from dibs_realtime.simulate.tickets import Stock, Ticket, as_scanned, mistyped
from dibs_realtime.vouchers import codes


async def test_everybody_together_keeps_the_rate():
    pace = Pace(100)
    began = time.monotonic()
    await asyncio.gather(*(pace.turn() for _ in range(31)))
    assert time.monotonic() - began >= 0.3


async def test_a_pause_is_not_made_up_for():
    pace = Pace(50)
    await pace.turn()
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await asyncio.gather(*(pace.turn() for _ in range(6)))
    assert time.monotonic() - began >= 0.1


def test_arrivals_are_the_same_for_the_same_seed_and_come_in_waves():
    times = arrivals(2_000, 100, random.Random(7))
    assert times == arrivals(2_000, 100, random.Random(7))
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 100 * LAST_ARRIVAL
    by_tenth = [sum(10 * n <= at < 10 * (n + 1) for at in times) for n in range(9)]
    assert max(by_tenth) > 3 * (min(by_tenth) + 1)


def test_what_a_door_gets_is_the_code():
    rng = random.Random(3)
    for _ in range(200):
        code = codes.generate()
        assert codes.read(as_scanned(code, "https://party.example", rng)) == code
        assert codes.read(mistyped(Ticket(code, {}), rng).code) != code


def test_each_code_is_taken_once():
    stock, rng = Stock(), random.Random(3)
    stock.add({"id": "a"}, ["A1", "A2"])
    stock.add({"id": "b", "max_uses": 5}, ["B1"])
    taken = [stock.take(rng) for _ in range(4)]
    assert {ticket.code for ticket in taken if ticket} == {"A1", "A2", "B1"}
    assert taken[3] is None
    assert stock.count("a") == 0
