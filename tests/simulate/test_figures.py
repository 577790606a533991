"""Counting, and what the closing table shows."""

import io
import random

from hypothesis import given, strategies as st
from rich.console import Console

from dibs_realtime.simulate.figures import Figures, percentile
from dibs_realtime.simulate.observer import differences


def shown(figures: Figures) -> str:
    text = io.StringIO()
    Console(file=text, width=100).print(figures.tables())
    return text.getvalue()


def test_the_table_tells_verdicts_by_reason_and_latencies():
    figures = Figures()
    for reason in (None, None, "already_redeemed"):
        verdict = "refused" if reason else "accepted"
        figures.verdict("redeem", {"verdict": verdict, "reason": reason, "replayed": reason is not None})
    figures.took("redeem over REST", 0.0123)
    figures.again("503")
    figures.problem("500: oh")
    text = shown(figures)
    assert figures.total("redeem") == 3
    for part in ("already_redeemed", "12.3", "sent again: 503", "problem: 500: oh", "replays"):
        assert part in text


def test_without_anything_there_is_nothing_to_show():
    assert shown(Figures()).strip() == ""


def test_a_problem_may_hold_anything():
    figures = Figures()
    figures.problem("[/red] [bold]")
    assert "[/red] [bold]" in shown(figures)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 1))
def test_percentile_is_the_nearest_rank(values: list[float], share: float):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_known_percentiles():
    values = [float(n) for n in range(1, 101)]
    random.Random(1).shuffle(values)
    assert [percentile(values, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert percentile([], 0.5) is None


def test_differences_name_the_place():
    mine = {"seq": 3, "offers": [{"id": 1, "claimed": 2}], "gates": []}
    theirs = {"seq": 3, "offers": [{"id": 1, "claimed": 3}], "gates": [{"id": 2}], "new": None}
    assert differences(mine, mine) == []
    assert differences(mine, theirs) == [
        "gates: [] ≠ [{'id': 2}]",
        "new: '(none)' ≠ None",
        "offers[0].claimed: 2 ≠ 3",
    ]
