"""`dibs up --demo`: a party of its own, lively for some minutes and then calm for as long as the server runs."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from rich.console import Console

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.acts import flash_offer, paused_offer, quiet_door
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.guests import Entrance
from dibs_realtime.simulate.keeping import demo_account
from dibs_realtime.simulate.night import Night
from dibs_realtime.simulate.observer import Observer
from dibs_realtime.simulate.pace import Pace
from dibs_realtime.simulate.party import DRINK, FLASH, RIDES, WRISTBAND, Party, import_rides, prepare
from dibs_realtime.simulate.problems import ApiError, UnreachableError
from dibs_realtime.simulate.rest import Api, connected
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.screen import stoppable
from dibs_realtime.simulate.stage import hand_out

LIVELY_SECONDS = 300.0
LIVELY_GUESTS = 180
LIVELY_RATE = 6.0
CALM_RATE = 2.0
CALM_APART = 7.0
"""Seconds from one guest to the next when the night has calmed down."""
SOCKETS = 20
LINGER = 5.0
RUSH_RATE = 25.0
"""Claims a second when a flash offer opens."""
LOOK_SECONDS = 15.0
"""How often the organizer looks whether something runs out."""


async def run(
    base_url: str, *, certificate: Path | None = None, data_dir: Path | None = None, seed: int | None = None
) -> None:
    """Seed a party on the server and live through its night, until SIGTERM or SIGINT.

    certificate: is trusted too. data_dir: where the demo organizer's account is kept from one start to the next.
    """
    console = Console(highlight=False, soft_wrap=True)
    with stoppable() as stop:
        demo = asyncio.create_task(_run(base_url, certificate, data_dir, random.Random(seed), console))  # noqa: S311  # a story
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((demo, stopped), return_when=asyncio.FIRST_COMPLETED)
        demo.cancel()
        stopped.cancel()
        try:
            await demo
        except asyncio.CancelledError:
            return
        except (ApiError, UnreachableError, OSError) as error:
            console.print(f"The demo has ended: {error}")


async def _run(
    base_url: str, certificate: Path | None, data_dir: Path | None, rng: random.Random, console: Console
) -> None:
    async with connected(base_url, Figures(), certificate=certificate) as api:
        account, password = await demo_account(api, data_dir)
        party = await prepare(account, rng)
        observer = Observer(api, account.token, party.event["id"])
        try:
            await observer.start()
            _tell(console, api, party, account.email, password)
            await _night(api, account, party, observer, rng, console)
        finally:
            await observer.close()


async def _night(
    api: Api, account: Account, party: Party, observer: Observer, rng: random.Random, console: Console
) -> None:
    scene = Scene(
        figures=api.figures,
        pace=Pace(LIVELY_RATE),
        rng=rng,
        linger=LINGER,
        base_url=api.base_url,
        offers=lambda: observer.offers,
        doors=party.doors,
        entrance=Entrance(api, party.event, None, SOCKETS),
    )

    def say(text: str) -> None:
        console.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}  {text}[/dim]")

    night = Night(scene)
    for door in scene.doors:
        door.open()
    try:
        await hand_out(account, party.event["id"], party.offers[WRISTBAND], 60, scene.stock)
        say(await import_rides(account, party, 20, scene.stock, rng))
        night.start(_keep_stocked(account, party, scene))
        night.start(_lively_acts(account, party, scene, say))
        await night.waves(LIVELY_GUESTS, LIVELY_SECONDS)
        say("The night has calmed down. It goes on until you stop it.")
        scene.pace.change(CALM_RATE)
        night.start(_calm_acts(account, party, scene, say, night))
        await night.trickle(CALM_APART)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await night.end()


async def _lively_acts(account: Account, party: Party, scene: Scene, say: Callable[[str], None]) -> None:
    await asyncio.sleep(25)
    await flash_offer(scene, account, party.offers[FLASH], 20, 40, RUSH_RATE, say)
    await asyncio.sleep(20)
    await quiet_door(scene, 40, say)
    await asyncio.sleep(15)
    await paused_offer(scene, account, party.offers[DRINK], 20, say)
    await asyncio.sleep(15)
    await flash_offer(scene, account, party.offers[FLASH], 15, 35, RUSH_RATE, say)


async def _calm_acts(account: Account, party: Party, scene: Scene, say: Callable[[str], None], night: Night) -> None:
    acts: list[Callable[[], Awaitable[None]]] = [
        lambda: flash_offer(scene, account, party.offers[FLASH], 5, 12, RUSH_RATE, say),
        lambda: quiet_door(scene, 30, say),
        lambda: paused_offer(scene, account, party.offers[DRINK], 15, say),
    ]
    while True:
        await asyncio.sleep(scene.rng.uniform(90, 180))
        act = scene.rng.choice(acts)
        await night.guarded(act())


async def _keep_stocked(account: Account, party: Party, scene: Scene) -> None:
    """Look again and again whether something runs out."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        drink = next((offer for offer in scene.offers() if offer["id"] == party.offers[DRINK]["id"]), None)
        if drink is not None and drink["remaining"] is not None and drink["remaining"] < 10:  # noqa: PLR2004  # few
            await account.call("PATCH", f"{party.path}/offers/{drink['id']}", {"quantity": drink["quantity"] + 40})
        if scene.stock.count(party.offers[WRISTBAND]["id"]) < 5:  # noqa: PLR2004  # few
            await hand_out(account, party.event["id"], party.offers[WRISTBAND], 25, scene.stock)
        if scene.stock.count(party.offers[RIDES]["id"]) < 2:  # noqa: PLR2004  # few
            await import_rides(account, party, 8, scene.stock, scene.rng)


def _tell(console: Console, api: Api, party: Party, email: str, password: str) -> None:
    console.print(f"[bold]“{party.event['name']}” is on.[/bold] A demo night, with made-up guests and doors:")
    console.print(f"  Watch it as its organizer   {api.base_url}/app/   {email}   {password}")
    console.print(f"  Come as a guest             {api.base_url}/e/{party.event['slug']}\n")
