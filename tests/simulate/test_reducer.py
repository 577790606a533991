"""The Python reducer, held to the same recorded cases as the web apps' one."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dibs_realtime.simulate.reducer import GapError, apply

RECORDED = Path(__file__).parents[1] / "vectors" / "ledger_law.json"
CASES = json.loads(RECORDED.read_text("utf-8"))
OFFER_ID = "0197d3a0-0000-7000-8000-00000000000a"


def snapshot(**other: Any) -> dict[str, Any]:
    offer = {"id": OFFER_ID, "title": "Drink", "quantity": 10, "remaining": 10, "status": "active"}
    counters = dict.fromkeys(("issued", "claimed", "redeemed_units", "voided", "released", "unclaimed", "places"), 0)
    gate = {"id": "0197d3a0-0000-7000-8000-00000000000b", "name": "Main", "redeemed_units": 0}
    return {
        "epoch": "e", "seq": 1, "event": {"status": "open"}, "offers": [{**offer, **counters}], "gates": [gate],
        "devices": [], "open_conflicts": 0, **other,
    }  # fmt: skip


def claim(seq: int, kind: str = "voucher.claimed") -> dict[str, Any]:
    return {"seq": seq, "kind": kind, "offer_id": OFFER_ID, "data": {"counts": {"claimed": 1, "places": 1}}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_snapshot_and_the_entries_after_it_equal_the_later_snapshot(case: dict[str, Any]):
    before, entries = copy.deepcopy(case["before"]), copy.deepcopy(case["entries"])
    assert apply(before, entries) == case["after"]
    assert before == case["before"], "it is pure"
    assert entries == case["entries"], "it is pure"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_in_any_frames_doubled_and_overlapping(case: dict[str, Any], data: st.DataObject):
    entries, state, known = case["entries"], case["before"], 0
    cut = st.tuples(st.integers(0, len(entries)), st.integers(0, len(entries)))
    for start, end in [*data.draw(st.lists(cut, max_size=6)), (0, len(entries))]:
        state = apply(state, entries[min(start, known) : end])
        known = max(known, end)
    assert state == case["after"]


def test_what_is_known_is_left_out():
    before = snapshot(seq=5)
    assert apply(before, [claim(4), claim(5)]) is before


def test_a_gap_is_an_error_and_changes_nothing():
    before = snapshot()
    with pytest.raises(GapError) as raised:
        apply(before, [claim(2), claim(4)])
    assert (raised.value.seq, raised.value.next_seq) == (2, 4)
    assert before == snapshot()


def test_kinds_that_are_not_known_count_all_the_same():
    after = apply(snapshot(), [claim(2, "voucher.polished")])
    assert (after["seq"], after["offers"][0]["claimed"], after["offers"][0]["remaining"]) == (2, 1, 9)


def test_what_no_entry_touched_is_shared():
    before = snapshot()
    before["offers"].append({**before["offers"][0], "id": "other"})
    after = apply(before, [claim(2)])
    assert after["offers"][0] is not before["offers"][0]
    assert after["offers"][1] is before["offers"][1]
    assert after["gates"] is before["gates"]
    assert after["event"] is before["event"]


def test_without_a_quantity_nothing_runs_out():
    before = snapshot()
    before["offers"][0]["quantity"] = None
    assert apply(before, [claim(2)])["offers"][0]["remaining"] is None
