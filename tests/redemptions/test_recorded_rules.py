"""The recorded cases of the door's rules: fresh, complete, and what the Python rules say."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, get_args

from dibs_realtime.redemptions.model import RefusalReason
from dibs_realtime.vouchers import codes
from tests.redemptions.rules import EDGES, answered, record

VECTORS = Path(__file__).parents[1] / "vectors" / "door_rules.json"


def recorded() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(VECTORS.read_text("utf-8"))
    return found


def test_the_file_is_what_the_rules_record():
    lines = {
        name: ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
        for name, cases in record().items()
    }
    text = "{" + ",\n".join(f'"{name}":[\n{cases}\n]' for name, cases in lines.items()) + "}\n"
    if os.environ.get("DIBS_RECORD_VECTORS"):  # `make vectors`
        VECTORS.write_text(text, "utf-8")
    assert VECTORS.read_text("utf-8") == text, "run `make vectors`"


def test_the_rules_answer_as_recorded():
    for case in recorded()["judged"]:
        answer = answered(case)
        assert answer == {name: case[name] for name in answer}, case
    for case in recorded()["read"]:
        assert codes.read(case["text"]) == case["code"], case


def test_every_reason_and_every_edge_of_every_window_is_there():
    cases = recorded()["judged"]
    assert len(cases) >= 2_000
    reasons = Counter(case["reason"] for case in cases)
    for reason in (*get_args(RefusalReason), None):
        if reason != "online_only":  # only doors alone say so
            assert reasons[reason] >= 15, reason
    at_edges = Counter(
        (*case["edge"], case["reason"]) for case in cases if case["offer"][f"redeem_{case['edge'][0]}"] is not None
    )
    for edge, away in EDGES:
        microseconds = round(away.total_seconds() * 1_000_000)
        outside = microseconds < 0 if edge == "from" else microseconds >= 0
        wanted = ("not_yet_valid" if edge == "from" else "expired") if outside else None
        assert at_edges[edge, microseconds, wanted], (edge, microseconds)
    read = recorded()["read"]
    assert sum(case["code"] is not None for case in read) > 30
    assert sum(case["code"] is None for case in read) > 30


def test_every_change_of_clocks_is_there():
    """Hours that come twice are an hour (or half of one) apart, and hours that are missing are read both ways."""
    windows = {(case["offer"]["redeem_from"], case["offer"]["redeem_until"]) for case in recorded()["judged"]}
    offsets = {
        tuple(sorted(end[-6:] for end in window)) for window in windows if None not in window and _alike(*window)
    }
    assert offsets >= {("+02:00", "+03:00"), ("-04:00", "-05:00"), ("+10:30", "+11:00")}
    nights = {window[0][:10] for window in windows if None not in window and _alike(*window)}
    assert nights == {f"2026-{night}" for night in ("03-29", "10-25", "03-08", "11-01", "04-05", "10-04")}


def _alike(start: str, end: str) -> bool:
    return start[:-6] == end[:-6] and start != end
