"""The watcher's state survives whatever the network does to its messages."""

import random
from typing import Any

from hypothesis import given, settings, strategies as st

from dibs_realtime.simulate.follower import Follower
from dibs_realtime.simulate.reducer import apply

from .test_reducer import claim, snapshot


class Hub:
    """A ledger that grows, and what a server answers about it."""

    def __init__(self) -> None:
        self.epoch = "e"
        self.states = [snapshot()]
        self.entries: list[dict[str, Any]] = []

    @property
    def now(self) -> dict[str, Any]:
        return self.states[-1]

    @property
    def head(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "head_seq": self.now["seq"]}

    def grow(self, count: int = 1) -> dict[str, Any]:
        """Add entries and return their frame."""
        fresh = [claim(self.now["seq"] + 1 + n) for n in range(count)]
        for entry in fresh:
            self.states.append(apply(self.now, [entry]))
        self.entries += fresh
        return {"epoch": self.epoch, "entries": fresh}

    def answer(self, since: dict[str, Any]) -> dict[str, Any]:
        known = since.get("epoch") == self.epoch
        entries = [entry for entry in self.entries if entry["seq"] > since["after_seq"]] if known else []
        return {**self.head, "snapshot": None if known else self.now, "entries": entries}


def followed(hub: Hub) -> Follower:
    follower = Follower()
    assert follower.acknowledged(hub.answer(follower.since))
    return follower


def test_it_starts_from_the_snapshot_and_goes_on_with_frames():
    hub = Hub()
    follower = followed(hub)
    assert follower.frame(hub.grow(3))
    assert follower.state == hub.now
    assert (follower.gaps, follower.resyncs, follower.entries) == (0, 0, 3)


def test_past_states_are_remembered():
    hub = Hub()
    follower = followed(hub)
    follower.frame(hub.grow(3))
    assert follower.at(3) == hub.states[2]
    assert follower.at(99) is None


def test_a_gap_is_told_and_filled():
    hub = Hub()
    follower = followed(hub)
    hub.grow()
    assert not follower.frame(hub.grow()), "the first of two frames was lost"
    assert follower.acknowledged(hub.answer(follower.since))
    assert follower.state == hub.now
    assert follower.gaps == 1


def test_the_beacon_tells_of_what_was_lost_at_the_end():
    hub = Hub()
    follower = followed(hub)
    assert not follower.is_behind(hub.head)
    hub.grow()
    assert follower.is_behind(hub.head)
    follower.hold()
    assert not follower.is_behind(hub.head), "it is asking already"


def test_frames_that_come_before_the_answer_wait_for_it():
    hub = Hub()
    follower = Follower()
    answer = hub.answer({})
    assert follower.frame(hub.grow())
    assert follower.acknowledged(answer)
    assert follower.state == hub.now


def test_a_restored_history_is_taken_as_it_is():
    hub = Hub()
    follower = followed(hub)
    follower.frame(hub.grow(5))
    restored = Hub()
    restored.epoch = "f"
    restored.states = [snapshot(epoch="f")]
    assert follower.is_behind(restored.head)
    follower.hold()
    follower.frame(hub.grow())
    assert follower.acknowledged(restored.answer(follower.since))
    assert follower.state == restored.now
    assert follower.resyncs == 1


@given(st.randoms(use_true_random=False), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_dropped_doubled_and_reordered(rng: random.Random, rounds: int):
    hub = Hub()
    follower = followed(hub)
    on_the_way: list[dict[str, Any]] = []
    wants = False
    for _ in range(rounds):
        frame = hub.grow(rng.randint(1, 3))
        on_the_way += [frame] * rng.choice((0, 1, 1, 1, 2))
        rng.shuffle(on_the_way)
        while on_the_way and rng.random() < 0.7:
            wants |= not follower.frame(on_the_way.pop())
        if wants and rng.random() < 0.5:
            wants = not follower.acknowledged(hub.answer(follower.since))
    if wants or follower.is_behind(hub.head):
        follower.hold()
        assert follower.acknowledged(hub.answer(follower.since))
    assert follower.state == hub.now
