"""`dibs simulate`: real guests and doors on an event that exists, for a while."""

import asyncio
import contextlib
import math
import random
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.acts import quiet_door
from dibs_realtime.simulate.doors import revoke
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.guests import Entrance
from dibs_realtime.simulate.night import Night
from dibs_realtime.simulate.observer import Observer, converges
from dibs_realtime.simulate.pace import Pace
from dibs_realtime.simulate.problems import ApiError, UnreachableError
from dibs_realtime.simulate.public import PublicObserver
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.rest import Api, connected
from dibs_realtime.simulate.scene import Scene
from dibs_realtime.simulate.screen import clock, stoppable
from dibs_realtime.simulate.stage import StageError, find_event, hand_out, pair_doors, public_event

SETUP_SECONDS = 20.0
"""How long the server may stay away before it has answered for the first time."""
FAREWELL_SECONDS = 30.0
"""How long it may stay away when everything is over."""
TICK = 0.25
MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to simulate. `rate`: things a second, of everybody together. `sockets`: guests with one at the same time."""

    base_url: str
    slug: str
    guests: int
    doors: int
    rate: float
    seconds: float
    sockets: int
    seed: int | None
    email: str | None
    password: str | None
    certificate: Path | None


async def simulate(options: Options, console: Console) -> bool:
    """Run the simulation and print what came of it; return whether the watcher ended with exactly what the server has.

    Raises StageError when it cannot begin, ApiError and UnreachableError when the server does not let it.
    """
    figures = Figures()
    rng = random.Random(options.seed)  # noqa: S311  # a story, no secrets
    async with connected(options.base_url, figures, certificate=options.certificate, patience=SETUP_SECONDS) as api:
        if options.email is not None and options.password is not None:
            account = Account(api, options.email, options.password)
            await account.sign_in()
            try:
                return await _as_organizer(options, api, account, rng, console)
            finally:
                with contextlib.suppress(ApiError, UnreachableError):
                    await account.sign_out()
        return await _as_guests(options, api, rng, console)


async def _as_organizer(options: Options, api: Api, account: Account, rng: random.Random, console: Console) -> bool:
    event = await find_event(account, options.slug, to_manage=options.doors > 0)
    observer = Observer(api, account.token, event["id"])
    try:
        await observer.start()
        scene = _scene(options, api, rng, event, event["access_code"])
        scene.offers = lambda: observer.offers
        await _fill_stock(options, account, scene, event)
        try:
            await pair_doors(account, event["id"], observer.state["gates"], options.doors, rng, scene.doors)
            await _night(options, api, scene, console)
        finally:
            api.patience = FAREWELL_SECONDS
            await _end_doors(account, scene)
        console.print(api.figures.tables())
        path = f"/events/{event['id']}/snapshot"
        seq, found = await converges(observer, lambda: account.call("GET", path))
        follower = observer.follower
        console.print(
            f"The watcher saw {follower.entries:,} entries in {follower.frames:,} frames"
            f" (connections: {observer.line.connects}, gaps filled: {follower.gaps},"
            f" new snapshots: {follower.resyncs})."
        )
        return _tell(console, found, f"its state equals the server's snapshot at entry {seq:,}")
    finally:
        await observer.close()


async def _as_guests(options: Options, api: Api, rng: random.Random, console: Console) -> bool:
    event = await public_event(api, options.slug)
    if not event["offers"]:
        raise StageError(f"The event {options.slug} has nothing that guests can claim.")
    console.print("Nobody is signed in (--email), so guests call dibs but no door redeems.")
    observer = PublicObserver(api, options.slug)
    observer.start()
    try:
        scene = _scene(options, api, rng, event, None)
        scene.offers = lambda: event["offers"]
        await _night(options, api, scene, console)
        api.patience = FAREWELL_SECONDS
        found = await observer.converges()
        console.print(api.figures.tables())
        return _tell(console, found, "the counts that were told equal the public page's")
    finally:
        await observer.close()


def _scene(options: Options, api: Api, rng: random.Random, event: Row, access_code: str | None) -> Scene:
    return Scene(
        figures=api.figures,
        pace=Pace(options.rate),
        rng=rng,
        linger=options.seconds / 60,
        base_url=options.base_url,
        offers=list,
        entrance=Entrance(api, event, access_code, options.sockets),
    )


async def _end_doors(account: Account, scene: Scene) -> None:
    """End the devices that were added; should the server be away for good, they stay."""
    try:
        for door in scene.doors:
            await revoke(account, door)
    except UnreachableError:
        scene.figures.problem("the doors could not be ended, the server is away")


async def _fill_stock(options: Options, account: Account, scene: Scene, event: Row) -> None:
    """Hand out codes of the offers that nobody can claim. Vouchers that were there before are left alone."""
    on_paper = [offer for offer in scene.offers() if not offer["claimable"]]
    if options.doors:
        for offer in on_paper:
            await hand_out(account, event["id"], offer, -(-options.guests // len(on_paper)), scene.stock)
    if not scene.offers():
        raise StageError(f"The event {options.slug} has no offers yet.")


async def _night(options: Options, api: Api, scene: Scene, console: Console) -> None:
    """Let it happen, for as long as it should, or until nothing is left to happen, or until Ctrl-C."""
    api.patience = math.inf
    night = Night(scene)
    for door in scene.doors:
        door.open()
    try:
        with stoppable() as stop, clock(console, options.seconds) as tick:
            night.start(night.waves(options.guests, options.seconds))
            night.start(_cut_off(scene, options.seconds, console))
            while night.is_on and tick(_standing(night, options)) and not await _within(TICK, stop):
                pass
    finally:
        api.patience = FAREWELL_SECONDS
        await night.end()
        scene.figures.note("guests who came", night.arrived)


async def _within(seconds: float, happens: asyncio.Event) -> bool:
    """Wait; return whether it happened."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await happens.wait()
    return happens.is_set()


async def _cut_off(scene: Scene, seconds: float, console: Console) -> None:
    await asyncio.sleep(0.4 * seconds)
    await quiet_door(scene, 0.15 * seconds, lambda text: console.print(text, style="dim", markup=False))


def _standing(night: Night, options: Options) -> str:
    figures = night.scene.figures
    parts = [f"{night.arrived:,}/{options.guests:,} guests", f"{figures.total('claim'):,} claims"]
    if night.scene.doors:
        parts.append(f"{figures.total('redeem'):,} scans")
    if sent_again := sum(figures.retries.values()):
        parts.append(f"{sent_again:,} sent again")
    return ", ".join(parts)


def _tell(console: Console, found: list[str], equal: str) -> bool:
    """Print whether the watcher converged; return whether it did."""
    if not found:
        console.print(f"[green]Converged:[/green] {equal}.")
        return True
    console.print("[red]Not converged.[/red] The watcher ≠ the server:")
    for line in found[:MOST_DIFFERENCES]:
        console.print(f"  {line}", markup=False)
    if len(found) > MOST_DIFFERENCES:
        console.print(f"  … and {len(found) - MOST_DIFFERENCES} more")
    return False
