"""`dibs up --demo`: a party of its own, until the server stops."""

import asyncio
import random
from pathlib import Path

from rich.console import Console

from dibs_realtime.kit.tasks import end
from dibs_realtime.simulate.demo_night import DemoNight
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.keeping import demo_account
from dibs_realtime.simulate.observer import Observer
from dibs_realtime.simulate.party import prepare
from dibs_realtime.simulate.problems import ApiError, UnreachableError
from dibs_realtime.simulate.rest import connected
from dibs_realtime.simulate.screen import stoppable
from dibs_realtime.simulate.welcome import Welcome


async def run(
    base_url: str, *, certificate: Path | None = None, data_dir: Path | None = None, seed: int | None = None
) -> None:
    """Seed a party on the server and live through its night, until SIGTERM or SIGINT.

    certificate: is trusted too. data_dir: where the demo organizer's account is kept from one start to the next.
    """
    console = Console(highlight=False, soft_wrap=True)
    rng = random.Random(seed)  # noqa: S311  # a story, no secrets
    with stoppable() as stop:
        demo = asyncio.create_task(_run(base_url, certificate, data_dir, rng, console))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((demo, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            demo.cancel()
            (outcome,) = await asyncio.gather(demo, return_exceptions=True)
        if isinstance(outcome, ApiError | UnreachableError | OSError):
            console.print(f"The demo has ended: {outcome}", markup=False)
        elif isinstance(outcome, Exception):
            raise outcome


async def _run(
    base_url: str, certificate: Path | None, data_dir: Path | None, rng: random.Random, console: Console
) -> None:
    async with connected(base_url, Figures(), certificate=certificate) as api:
        account, password = await demo_account(api, data_dir)
        party = await prepare(account, rng)
        observer = Observer(api, account.token, party.event["id"])
        welcome = Welcome(account, party, console)
        keeping: asyncio.Task[None] | None = None
        try:
            await observer.start()
            await welcome.tell(password)
            keeping = asyncio.create_task(welcome.keep())
            await DemoNight(account, party, lambda: observer.offers, rng, console).live()
        finally:
            await end(keeping)
            await observer.close()
