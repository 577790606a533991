"""The server runs on uvloop, whose transports are other classes: what leans on them is tested there too."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from dibs_realtime.settings import Settings
from tests.support.clock import MovableClock

from . import test_connections as connections, test_goodbye as goodbye, test_observer as observer
from .node import Start, nodes

Scenario = Callable[[Start], Awaitable[None]]


@pytest.mark.parametrize(
    "scenario",
    [
        goodbye.test_a_node_that_stops_tells_clients_to_come_back,
        connections.test_who_does_not_read_is_cut_while_others_get_everything,
        connections.test_who_says_nothing_is_cut,
        observer.test_two_nodes,
    ],
)
def test_on_uvloop(scenario: Scenario, settings: Settings, clock: MovableClock, monkeypatch: pytest.MonkeyPatch):
    async def play() -> None:
        assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
        async with nodes(settings, clock, monkeypatch) as start:
            await scenario(start)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())
