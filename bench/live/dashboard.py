"""How soon a dashboard knows: from the moment a redemption was due at its door to the frame at each of 200 watchers.

The doors are at one node and the watchers at the other, so that every entry goes through Redis. What it is compared
with is measured in the same seconds: how long the doors wait for their verdict (the commit), and how long Redis takes
from a publish to a subscriber.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench.live.festival import Festival
from bench.live.talk import Talk, TalkError, talking
from bench.rows import Form, Row, percentile, ratio
from dibs_realtime.processes.child import pause

WATCHERS = 200
RUSH = 50_000.0
"""Redemptions a second that are due when the maximum is looked for: more than there can be."""
RUSH_CODES = 4_000
LAST_SECONDS = 1.0
PYTHON = sys.executable


def measure(festival: Festival, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Raises TalkError."""
    sooner, later, more = [], [], []
    with ExitStack() as running:
        doors_node, watched = (running.enter_context(festival.node()) for _ in range(2))
        swarm, doors, prober = (
            running.enter_context(talking([PYTHON, "-m", *program], festival.folder / f"{program[0]}.log"))
            for program in (
                ["bench.live.swarm"],
                ["bench.live.doors"],
                ["bench.live.prober", festival.servers.redis_url],
            )
        )
        swarm.ask("connect", port=watched.port, tokens=festival.tokens[:WATCHERS], event_id=festival.event.event_id)
        for number in range(form.rounds):
            tell(f"door to dashboard, round {number + 1} of {form.rounds}")
            rush = _redeem(festival, doors, doors_node.port, RUSH, RUSH_CODES)
            rate = rush["answered"] / rush["seconds"] / 2
            pause(LAST_SECONDS)
            sent = festival.folder / "sent.json"
            swarm.ask("count", timed=True)
            prober.ask("start")
            steady = _redeem(festival, doors, doors_node.port, rate, int(rate * form.seconds), str(sent))
            published = prober.ask("stop")["latencies"]
            pause(LAST_SECONDS)
            got = swarm.ask("report", sent=str(sent))
            if got["gaps"] or len(got["latencies"]) != WATCHERS * steady["answered"]:
                raise TalkError(
                    f"{steady['answered']} redemptions, {len(got['latencies'])} arrivals: {got['gaps']} gaps"
                )
            seen, commit, redis = (
                percentile(values, 0.99) * 1e3 for values in (got["latencies"], steady["latencies"], published)
            )
            sooner.append(seen)
            later.append(commit + redis)
            more.append(
                {
                    "rate": rate,
                    "seen_ms": seen,
                    "commit_ms": commit,
                    "redis_ms": redis,
                    "seen_p50_ms": percentile(got["latencies"], 0.5) * 1e3,
                    "commit_p50_ms": percentile(steady["latencies"], 0.5) * 1e3,
                }
            )
    title = f"door to dashboard p99, {WATCHERS} watchers, half the maximum rate ÷ commit + Redis"
    return [ratio(title, "ms", 3, sooner, later, rounds=more)]


def _redeem(
    festival: Festival, doors: Talk, port: int, rate: float, count: int, sent: str | None = None
) -> dict[str, Any]:
    answer: dict[str, Any] = doors.ask(
        "redeem",
        port=port,
        path=festival.redemptions,
        token=festival.event.device_token,
        codes=festival.codes(count),
        rate=rate,
        seconds=count / rate + 1,
        sent=sent,
    )
    return answer
