"""The night: guests come in waves, all at a bounded pace, and go home when it ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from dibs_realtime.simulate.doors import Door
from dibs_realtime.simulate.pace import arrivals
from dibs_realtime.simulate.problems import ApiError, UnreachableError
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.visit import visit

MOST_ACTIVE = 300
"""Guests who are up to something at the same time; later ones wait outside."""


class Night:
    """Runs the guests of a scene. `arrived`: how many came."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.arrived = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MOST_ACTIVE)

    @property
    def is_on(self) -> bool:
        """Whether anything still happens."""
        return bool(self._tasks)

    async def over(self) -> None:
        """Wait until nothing happens any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def waves(self, guests: int, seconds: float) -> None:
        """Let `guests` come within `seconds`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at in arrivals(guests, seconds, self.scene.rng):
            await asyncio.sleep(max(0.0, began + at - loop.time()))
            await self.let_in()

    async def trickle(self, apart: float) -> None:
        """Let a guest come every `apart` seconds or so, for ever."""
        while True:
            await asyncio.sleep(self.scene.rng.expovariate(1 / apart))
            await self.let_in()

    async def let_in(self) -> None:
        """Let one more guest come, as soon as there is room."""
        await self._room.acquire()
        self.arrived += 1
        self.start(visit(self.scene), done=self._room.release)

    def start(self, doing: Coroutine[Any, Any, None], done: Callable[[], None] | None = None) -> asyncio.Task[None]:
        """Let something happen beside everything else; what goes wrong with it is counted and stops nothing."""
        task = asyncio.create_task(self.guarded(doing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: doing.close())  # whoever is sent home at once has not begun it
        if done is not None:
            task.add_done_callback(lambda _: done())
        return task

    async def guarded(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do it; a problem that the server answers is counted, and that it does not answer at all too."""
        try:
            await doing
        except (ApiError, UnreachableError) as error:
            self.scene.figures.problem(str(error))

    async def end(self) -> None:
        """Send everybody home; doors that judged alone bring that in first."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for door in self.scene.doors:
            if door.has_to_upload:
                await self.guarded(_bring_in(door))
        await asyncio.gather(*(door.close() for door in self.scene.doors))
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome


async def _bring_in(door: Door) -> None:
    await door.come_back()
