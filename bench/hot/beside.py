"""What doors feel of a bulk issue and of a rush in their own event: p99 of a redemption with it ÷ without.

Sixty doors scan twice a second each, more than people do; what they do not get in time shows in their p99.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Thread
from typing import Any

from bench.hot import rush
from bench.live.talk import Talk, talking
from bench.organizer import Organizer
from bench.processes import Server
from bench.rows import Form, Row, percentile, ratio
from bench.stage import Event, Stage

CODES = 100_000
GUESTS = 10_000
RATE = 120.0
"""Redemptions a second: sixty doors, two each."""


def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the two rows. Raises MeasurementError, PreparationError or TalkError."""
    with ExitStack() as running:
        server = running.enter_context(stage.node())
        program = [sys.executable, "-m", "bench.live.doors"]
        doors = running.enter_context(talking(program, stage.folder / "doors.log"))
        seconds = max(8.0, 2 * form.seconds)
        event = stage.event(server.port, int(RATE * seconds * 3 * form.rounds) + 1)
        alone: list[float] = []
        bulk: list[float] = []
        crowd: list[float] = []
        for number in range(form.rounds):
            tell(f"doors beside a bulk issue and a rush, round {number + 1} of {form.rounds}")
            alone.append(_p99(doors, server, event, seconds))
            bulk.append(_p99(doors, server, event, seconds, partial(_issue, server, event)))
            offer_id = asyncio.run(rush.new_offer(server, event))
            tokens = stage.guests(event, GUESTS)
            claim = partial(rush.claim, server, offer_id, tokens)
            crowd.append(_p99(doors, server, event, seconds, claim))
    return [
        ratio(f"p99 at a door while {CODES:,} codes are issued ÷ without", "ms", 3, bulk, alone),
        ratio(f"p99 at a door while {GUESTS:,} guests rush ÷ without", "ms", 3, crowd, alone),
    ]


def _p99(doors: Talk, server: Server, event: Event, seconds: float, beside: Callable[[], Any] | None = None) -> float:
    """Return the p99 in milliseconds, with something going on beside the doors or nothing."""
    doors.tell(
        "redeem",
        port=server.port,
        path=f"{event.path}/redemptions",
        token=event.device_token,
        codes=event.take(int(RATE * seconds)),
        rate=RATE,
        seconds=seconds + 1,
    )
    failed: list[Exception] = []

    def run() -> None:
        assert beside is not None
        try:
            beside()
        except Exception as error:  # noqa: BLE001  # raised below, where somebody waits for it
            failed.append(error)

    other = Thread(target=run) if beside is not None else None
    if other is not None:
        other.start()
    answer = doors.answer()
    if other is not None:
        other.join()
    if failed:
        raise failed[0]
    return percentile(answer["latencies"], 0.99) * 1e3


def _issue(server: Server, event: Event) -> None:
    async def issue() -> None:
        async with Organizer(server.port, event.organizer_token) as organizer:
            await organizer.post(f"/events/{event.id}/vouchers", {"offer_id": event.offer_id, "count": CODES}, 201)

    asyncio.run(issue())
