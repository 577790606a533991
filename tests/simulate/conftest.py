"""A node to simulate on, and the simulation's own client for it."""

import random
from collections.abc import AsyncIterator

import pytest

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.doors import Door, pair
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.guests import Entrance
from dibs_realtime.simulate.observer import Observer
from dibs_realtime.simulate.pace import Pace
from dibs_realtime.simulate.rest import Api, connected
from dibs_realtime.simulate.scene import Scene
from tests.support.rest import Client
from tests.support.waiting import PATIENCE
from tests.support.world import PASSWORD, Party


@pytest.fixture
def base_url(client: Client) -> str:
    """Where the node is."""
    return str(client.make_url("/")).rstrip("/")


@pytest.fixture
async def api(base_url: str) -> AsyncIterator[Api]:
    """The simulation's client."""
    async with connected(base_url, Figures(), patience=PATIENCE) as client:
        yield client


@pytest.fixture
async def account(api: Api, party: Party) -> Account:
    """The party's owner."""
    owner = Account(api, party.owner.email, PASSWORD)
    await owner.sign_in()
    return owner


@pytest.fixture
async def observer(api: Api, account: Account, party: Party) -> AsyncIterator[Observer]:
    """Somebody who watches the party from the start."""
    watching = Observer(api, account.token, party.id)
    await watching.start()
    yield watching
    await watching.close()


@pytest.fixture
async def scene(api: Api, account: Account, party: Party, observer: Observer) -> AsyncIterator[Scene]:
    """A scene with two doors at the party's gate, where nobody lingers."""
    rng = random.Random(1)
    doors: list[Door] = []
    for label in ("Left", "Right"):
        doors.append(await pair(account, party.id, None, rng, label=label, gate_id=party.gate["id"]))
        doors[-1].open()
    event = await account.call("GET", party.path)
    yield Scene(
        figures=api.figures,
        pace=Pace(1_000),
        rng=rng,
        linger=0.001,
        base_url=api.base_url,
        offers=lambda: observer.offers,
        doors=doors,
        entrance=Entrance(api, event, None, sockets=3),
    )
    for door in doors:
        await door.close()
