"""Where states are registered, and what they have to act with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from tests.browser.camera import Camera
from tests.browser.doors import live
from tests.browser.guard import Guard
from tests.browser.night import Night
from tests.browser.server import Server
from tests.browser.visitors import Visitors
from tests.support.world import Organizer, Party, World


@dataclass(frozen=True)
class Stage:
    """`party` is this state's own; `night` is a lively event that all states look at and none changes."""

    visitors: Visitors
    server: Server
    guard: Guard
    camera: Camera
    world: World
    party: Party
    night: Night

    async def open(self, path: str, **options: Any) -> Page:
        """Return a stranger's page."""
        return await self.visitors.open(path, **options)

    async def organizer(self, organizer: Organizer, path: str = "/app/", **options: Any) -> Page:
        """Return the page of an organizer who is signed in."""
        return await self.visitors.organizer(organizer, path, **options)

    async def crew(self, role: str, name: str = "Mia") -> Organizer:
        """Return somebody new on the night's team: a session belongs to one browser."""
        await self.night.owner.stay(self.world.clock())
        return await self.world.member(self.night.owner, self.night.id, role, name)

    async def door(self, party: Party | None = None, **options: Any) -> Page:
        """Return the page of a paired door that hears the hub, of this state's own party unless another is given."""
        page = await self.visitors.door(party or self.party, **options)
        await live(page)
        return page


State = Callable[[Stage], Awaitable[Page]]
STATES: dict[str, State] = {}


def state(name: str) -> Callable[[State], State]:
    """Register a state."""

    def register(brings: State) -> State:
        assert name not in STATES, f"two states are named {name}"
        STATES[name] = brings
        return brings

    return register


def at(name: str, path: str, **options: Any) -> None:
    """Register what a stranger sees at an address once it has loaded."""

    @state(name)
    async def opened(stage: Stage) -> Page:
        page = await stage.open(path, **options)
        await page.locator("h1").first.wait_for()
        return page
