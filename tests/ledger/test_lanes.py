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
    assert len(lanes.take(idle=True)) == HALVED_FROM - 1
    lanes.begin()
    crowd(lanes, Lane.DOOR, 61)
    assert len(lanes.take(idle=True)) == 31
    lanes.begin()
    assert len(lanes.take(idle=False)) == 30


async def test_who_was_read_for_already_is_joined_by_all_who_wait():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.DOOR, 5)
    assert len(lanes.take(idle=False)) == 5
    crowd(lanes, Lane.DOOR, 40)
    assert len(lanes.take(idle=True)) == 40


async def test_a_batch_has_a_size():
    lanes = Lanes()
    crowd(lanes, Lane.DOOR, 5 * BATCH)
    lanes.begin()
    assert len(lanes.take(idle=True)) == BATCH
    assert not lanes.take(idle=False)


async def test_doors_come_first_and_join_a_batch_that_is_full_of_others():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.GUEST, 2 * BATCH)
    assert taken(lanes.take(idle=False)) == [Lane.GUEST] * BATCH
    crowd(lanes, Lane.DOOR, 3)
    assert taken(lanes.take(idle=False)) == [Lane.DOOR] * 3


async def test_beside_doors_others_are_few_also_when_no_door_asks_at_the_moment():
    lanes = Lanes()
    lanes.begin()
    crowd(lanes, Lane.GUEST, 1_000)
    crowd(lanes, Lane.DOOR, 2)
    assert taken(lanes.take(idle=False)) == [Lane.DOOR] * 2 + [Lane.GUEST] * BESIDE_DOORS
    sizes = []
    for _ in range(DOORS_STAY):
        lanes.begin()
        sizes.append(len(lanes.take(idle=False)))
        crowd(lanes, Lane.GUEST, sizes[-1])
    assert sizes == [BESIDE_DOORS] * (DOORS_STAY - 1) + [BATCH]


async def test_nobody_waits_for_ever_behind_a_rush():
    lanes = Lanes()
    crowd(lanes, Lane.UPLOAD, 1_000)
    crowd(lanes, Lane.GUEST, 1_000)
    crowd(lanes, Lane.DESK, 9)
    lanes.begin()
    first = taken(lanes.take(idle=False))
    assert [first.count(lane) for lane in Lane] == [0, BATCH - 2 * RESERVED, RESERVED, RESERVED]
    crowd(lanes, Lane.DOOR, BATCH)
    lanes.begin()
    second = taken(lanes.take(idle=False))
    assert [second.count(lane) for lane in Lane] == [BATCH, 0, 0, RESERVED]


async def test_a_full_lane_turns_away_and_no_other_lane_does():
    lanes = Lanes()
    crowd(lanes, Lane.DESK, QUEUE_LIMITS[Lane.DESK])
    with pytest.raises(problems.Problem) as raised:
        crowd(lanes, Lane.DESK, 1)
    assert raised.value.status == 503
    crowd(lanes, Lane.DOOR, 1)
