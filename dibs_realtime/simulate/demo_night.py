"""The demo's night: lively for some minutes, then calm for as long as the server runs."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from datetime import datetime

from rich.console import Console

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.acts import flash_offer, paused_offer, quiet_door
from dibs_realtime.simulate.guests import Entrance
from dibs_realtime.simulate.night import Night
from dibs_realtime.simulate.pace import Pace
from dibs_realtime.simulate.party import DRINK, FLASH, RIDES, WRISTBAND, Party, import_rides
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.stage import hand_out

LIVELY_SECONDS = 300.0
LIVELY_GUESTS = 180
LIVELY_RATE = 15.0
"""Enough that nobody queues for it: it is a bound, the linger makes the pace."""
CALM_RATE = 2.0
CALM_APART = 7.0
"""Seconds from one guest to the next when the night has calmed down."""
CALM_ACTS = (90.0, 180.0)
"""Seconds between two set pieces then, from and to."""
LINGER = 5.0
SOCKETS = 20
RUSH_RATE = 25.0
"""Claims a second when a flash offer opens."""
LOOK_SECONDS = 15.0
"""How often the organizer looks whether something runs out."""
FEW_DRINKS, FEW_WRISTBANDS, FEW_RIDES = 10, 5, 2
FAREWELL_SECONDS = 3.0


class DemoNight:
    """One night of a prepared party."""

    def __init__(
        self,
        account: Account,
        party: Party,
        offers: Callable[[], Sequence[Row]],
        rng: random.Random,
        console: Console,
    ) -> None:
        """offers: answers the offers as they are now."""
        self._account = account
        self._party = party
        self._console = console
        self._scene = Scene(
            figures=account.api.figures,
            pace=Pace(LIVELY_RATE),
            rng=rng,
            linger=LINGER,
            base_url=account.api.base_url,
            offers=offers,
            doors=party.doors,
            entrance=Entrance(account.api, party.event, None, SOCKETS),
        )
        self._night = Night(self._scene)

    async def live(self) -> None:
        """Live through it, until cancelled."""
        for door in self._scene.doors:
            door.open()
        try:
            await hand_out(self._account, self._party.event["id"], self._offer(WRISTBAND), 100, self._scene.stock)
            self._say(await self._bring_rides(30, faulty=True))
            self._night.start(self._keep_stocked())
            self._night.start(self._lively_acts())
            await self._night.waves(LIVELY_GUESTS, LIVELY_SECONDS)
            self._say("The night has calmed down. It goes on until you stop it.")
            self._scene.pace.change(CALM_RATE)
            self._night.start(self._calm_acts())
            await self._night.trickle(CALM_APART)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._night.end()
            for problem, count in self._scene.figures.problems.items():
                self._say(f"The demo met a problem ({count} times): {problem}")

    def _say(self, text: str) -> None:
        self._console.print(f"{datetime.now().astimezone():%H:%M:%S}  {text}", style="dim", markup=False)

    def _offer(self, title: str) -> Row:
        """Return an offer as it is now."""
        made = self._party.offers[title]
        return next((offer for offer in self._scene.offers() if offer["id"] == made["id"]), made)

    # ── what happens beside the guests ──

    async def _lively_acts(self) -> None:
        await asyncio.sleep(25)
        await self._flash(20, 40)
        await asyncio.sleep(20)
        await quiet_door(self._scene, 40, self._say)
        await asyncio.sleep(15)
        await self._pause(20)
        await asyncio.sleep(15)
        await self._flash(15, 35)

    async def _calm_acts(self) -> None:
        while True:
            await asyncio.sleep(self._scene.rng.uniform(*CALM_ACTS))
            match self._scene.rng.choice(("flash", "pause", "quiet")):
                case "flash":
                    act = self._flash(5, 12)
                case "pause":
                    act = self._pause(15)
                case _:
                    act = quiet_door(self._scene, 30, self._say)
            await self._night.guarded(act)

    async def _flash(self, more: int, crowd: int) -> None:
        await flash_offer(self._scene, self._account, self._offer(FLASH), more, crowd, RUSH_RATE, self._say)

    async def _pause(self, seconds: float) -> None:
        await paused_offer(self._scene, self._account, self._offer(DRINK), seconds, self._say)

    async def _bring_rides(self, count: int, *, faulty: bool = False) -> str:
        scene = self._scene
        return await import_rides(self._account, self._party, count, scene.stock, scene.rng, faulty=faulty)

    async def _keep_stocked(self) -> None:
        """Look again and again whether something runs out."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._night.guarded(self._restock())

    async def _restock(self) -> None:
        drink, stock = self._offer(DRINK), self._scene.stock
        if drink["remaining"] is not None and drink["remaining"] < FEW_DRINKS:
            path = f"{self._party.path}/offers/{drink['id']}"
            await self._account.call("PATCH", path, {"quantity": drink["quantity"] + 40})
        if stock.count(self._offer(WRISTBAND)["id"]) < FEW_WRISTBANDS:
            await hand_out(self._account, self._party.event["id"], self._offer(WRISTBAND), 25, stock)
        if stock.count(self._offer(RIDES)["id"]) < FEW_RIDES:
            await self._bring_rides(8)
