"""A node restarts, and everybody comes back at once: resuming where they were ÷ merely connecting."""

import sys
from collections.abc import Callable

from bench.live.festival import Festival
from bench.live.talk import Talk, TalkError, talking
from bench.rows import Form, Row, ratio

MISSED = 200
"""Entries that were committed while the node was away."""
BEFORE = 300
RATE = 500.0
PYTHON = sys.executable


def measure(festival: Festival, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row. Each side is a node that has just started, of the same crowd with sessions of their own."""
    plain, resumed = [], []
    tokens = festival.tokens[: form.crowd]
    for number in range(min(form.rounds, 3)):
        tell(f"{form.crowd:,} come back after a restart, round {number + 1}")
        epoch, at, head = _miss(festival)
        seconds: dict[str, float] = {}
        for name, more in (("plain", {}), ("resumed", {"event_id": festival.event.event_id, "after": [epoch, at]})):
            with (
                festival.node() as node,
                talking([PYTHON, "-m", "bench.live.swarm"], festival.folder / f"swarm-{name}.log") as swarm,
            ):
                answer = swarm.ask("connect", port=node.port, tokens=tokens, **more)
                seconds[name] = answer["seconds"]
                if more:
                    _check(festival, node.port, swarm, answer["seqs"], head)
        plain.append(seconds["plain"])
        resumed.append(seconds["resumed"])
    return [ratio(f"{form.crowd:,} resuming after a restart ÷ plain connects", "s", 1.5, resumed, plain)]


def _miss(festival: Festival) -> tuple[str, int, int]:
    """Let a watcher see some entries, and others be committed without it; return where it was and the head."""
    event_id = festival.event.event_id
    with (
        festival.node() as node,
        talking([PYTHON, "-m", "bench.live.doors"], festival.folder / "doors.log") as doors,
        talking([PYTHON, "-m", "bench.live.swarm"], festival.folder / "swarm-first.log") as swarm,
    ):
        _redeem(festival, doors, node.port, BEFORE)
        swarm.ask("connect", port=node.port, tokens=festival.tokens[:1], event_id=event_id)
        seen = swarm.ask("report")
        swarm.ask("close")
        _redeem(festival, doors, node.port, MISSED)
        at = seen["seqs"][0]
        return seen["epochs"][0], at, at + MISSED


def _check(festival: Festival, port: int, swarm: Talk, seqs: list[int], head: int) -> None:
    """Make sure that all were answered up to the head, and that what is committed then reaches each of them next."""
    if seqs != [head]:
        raise TalkError(f"Resumed at {seqs} instead of {head}.")
    swarm.ask("count", timed=False)
    with talking([PYTHON, "-m", "bench.live.doors"], festival.folder / "doors.log") as doors:
        _redeem(festival, doors, port, 20)
    got = swarm.ask("settle", seq=head + 20)
    if got["gaps"] or got["seqs"] != [head + 20]:
        raise TalkError(f"Gaps after resuming: {got}")


def _redeem(festival: Festival, doors: Talk, port: int, count: int) -> None:
    doors.ask(
        "redeem",
        port=port,
        path=festival.redemptions,
        token=festival.event.device_token,
        codes=festival.codes(count),
        rate=RATE,
        seconds=count / RATE + 1,
    )
