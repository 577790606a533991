"""The public page's numbers: how often they are sent."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from dibs_realtime.live.conflate import Conflater
from dibs_realtime.live.connections import Connection, Connections
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.public import PublicCounts
from dibs_realtime.live.transport import Outbox
from tests.support.waiting import eventually

EVENT = uuid4()


class Silent:
    """Sends nothing."""

    def send(self, *_: Any) -> None:
        pass

    def send_to(self, *_: Any) -> None:
        pass


async def nothing(_: object) -> Any:
    return {}


@pytest.mark.parametrize(("pages", "seconds"), [(0, 0.0), (200, 0.02), (2_000, 0.2), (10_000, 1.0), (30_000, 2.0)])
async def test_the_more_look_the_rarer_they_come(pages: int, seconds: float):
    limits, figures = LiveLimits(), LiveFigures(CollectorRegistry())
    connections = Connections(figures)
    public = PublicCounts(nothing, nothing, connections, Silent(), limits)
    for number in range(pages):
        connection = Connection(f"sid {number}", None, "", Outbox(limits, figures), limits)
        connections.add(connection)
        public.join(connection, EVENT, ("party", "older")[number % 2])
    assert public.pause(EVENT) == pytest.approx(seconds)
    await public.close()


async def test_what_changes_in_a_longer_pause_waits_for_its_end():
    runs: list[str] = []

    async def run(key: str) -> None:
        runs.append(key)

    changes = Conflater(0, run, longer=lambda key: {"crowd": 300.0, "few": 0.0}[key])
    for _ in range(5):
        changes.touch("crowd")
        changes.touch("few")
        await asyncio.sleep(0.001)
    await eventually(lambda: runs.count("few") > 1)
    assert runs.count("crowd") == 1
    await changes.close()
