"""Who rides in the next batch."""

from dataclasses import dataclass
from typing import Any

import pytest

from dibs_realtime.kit import problems
from dibs_realtime.ledger.batch import Ticket
from dibs_realtime.ledger.command import Command, Lane
from dibs_realtime.ledger.lanes import BATCH, BESIDE_DOORS, DOORS_STAY, HALVED_FROM, QUEUE_LIMITS, RESERVED, Lanes
from dibs_realtime.ledger.view import View


@dataclass
class Wish(Command[None]):
    lane: Lane

    def decide(self, view: View) -> None:
        del view


def crowd(lanes: Lanes, lane: Lane, number: int) -> None:
    for _ in range(number):
        lanes.admit(Ticket(Wish(lane)))


def taken(tickets: list[Ticket[Any]]) -> list[Lane]:
    return [ticket.command.lane for ticket in tickets]


async def test_a_few_go_together_and_a_crowd_is_halved():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.DOOR, HALVED_FROM - 1)
    assert len(lanes.take(0)) == HALVED_FROM - 1
    lanes.begin()
    crowd(lanes, Lane.DOOR, 61)
    assert len(lanes.take(0)) == 31
    lanes.begin()
    assert len(lanes.take(31)) == 30


async def test_a_crowd_that_comes_back_together_is_halved_with_whoever_is_being_written():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.DOOR, 5)
    assert len(lanes.take(32)) == 5
    crowd(lanes, Lane.DOOR, 40)
    assert len(lanes.take(32)) == 34  # with the five that is half of 77, and a half one
    assert not lanes.take(32)
    lanes.begin()
    assert len(lanes.take(39)) == 6


async def test_a_batch_has_a_size():
    lanes = Lanes()
    crowd(lanes, Lane.DOOR, 5 * BATCH)
    lanes.begin()
    assert len(lanes.take(0)) == BATCH
    assert not lanes.take(0)


async def test_doors_come_first_and_join_a_batch_that_is_full_of_others():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.GUEST, 2 * BATCH)
    assert taken(lanes.take(0)) == [Lane.GUEST] * BATCH
    crowd(lanes, Lane.DOOR, 3)
    assert taken(lanes.take(0)) == [Lane.DOOR] * 3


async def test_beside_doors_others_are_few_also_when_no_door_asks_at_the_moment():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.GUEST, 1_000)
    crowd(lanes, Lane.DOOR, 2)
    assert taken(lanes.take(0)) == [Lane.DOOR] * 2 + [Lane.GUEST] * BESIDE_DOORS
    sizes = []
    for _ in range(DOORS_STAY):
        lanes.begin()
        sizes.append(len(lanes.take(0)))
        crowd(lanes, Lane.GUEST, sizes[-1])
    assert sizes == [BESIDE_DOORS] * (DOORS_STAY - 1) + [BATCH]


async def test_nobody_waits_for_ever_behind_a_rush():
    lanes = Lanes()
    crowd(lanes, Lane.UPLOAD, 1_000)
    crowd(lanes, Lane.GUEST, 1_000)
    crowd(lanes, Lane.DESK, 9)
    lanes.begin()
    first = taken(lanes.take(0))
    assert [first.count(lane) for lane in Lane] == [0, BATCH - 2 * RESERVED, RESERVED, RESERVED]
    crowd(lanes, Lane.DOOR, BATCH)
    lanes.begin()
    second = taken(lanes.take(0))
    assert [second.count(lane) for lane in Lane] == [BATCH, 0, 0, RESERVED]


async def test_a_full_lane_turns_away_and_no_other_lane_does():
    lanes = Lanes()
    crowd(lanes, Lane.DESK, QUEUE_LIMITS[Lane.DESK])
    with pytest.raises(problems.Problem) as raised:
        crowd(lanes, Lane.DESK, 1)
    assert raised.value.status == 503
    crowd(lanes, Lane.DOOR, 1)
