"""A node is killed in the middle of 2,000 redemptions; the doors ask again with the same keys."""

import asyncio
import random
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import psutil
import pytest

from dibs_realtime.kit.database import Database
from dibs_realtime.settings import Settings, environment
from tests.local.running import SECONDS, family, kill, kill_tree
from tests.support.ports import free_port
from tests.support.rest import Client
from tests.support.sockets import Observer
from tests.support.world import Organizer, World, fresh_key

SCANS = 2_000
KILLED_AFTER = 600
_BATCHES_THAT_WAIT = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ledger_heads%'
"""


@asynccontextmanager
async def node(settings: Settings, port: int, workers: int) -> AsyncIterator[psutil.Popen]:
    """A node with its processes, ready when this returns; at the end it is asked to stop, and nothing is left."""
    own = settings.model_copy(update={"port": port, "public_url": f"http://127.0.0.1:{port}", "workers": workers})
    process = psutil.Popen(
        [sys.executable, "-m", "dibs_realtime", "serve"], env=environment(own), stderr=subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
            while not (len(family(process)) == (workers if workers > 1 else 0) and await ready(session, port)):
                assert process.poll() is None
                await asyncio.sleep(0.05)
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, SECONDS) == 0
    finally:
        await asyncio.to_thread(kill_tree, process)


def _allow_sockets(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


async def ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def issued(owner: Organizer, event_id: str, offer_id: str) -> list[str]:
    codes: list[str] = []
    for _ in range(2):
        answer = await owner.post(f"/events/{event_id}/vouchers", {"offer_id": offer_id, "count": SCANS // 4})
        codes += answer["codes"]
    return codes


@pytest.mark.parametrize("workers", [1, 2])
async def test_every_key_ends_with_one_verdict(workers: int, settings: Settings, client: Client, database: Database):
    world = World(client)
    owner = await world.organizer()
    event_id = (await world.event(owner))["id"]
    offer = await world.offer(owner, event_id, claimable=False)
    codes = await issued(owner, event_id, offer["id"])
    device = await world.device(owner, event_id)
    # Every code is scanned twice, under two keys: one of the two gets in.
    scans = [(fresh_key(), code) for code in codes * 2]
    random.Random(7).shuffle(scans)
    port = free_port()
    first: dict[str, Any] = {}
    final: dict[str, Any] = {}
    url = f"http://127.0.0.1:{port}/api/v1/events/{event_id}/redemptions"
    headers = {"Authorization": f"Bearer {device.token}"}
    connector = aiohttp.TCPConnector(limit=0)  # all at the same moment
    _allow_sockets(2 * SCANS)
    async with (
        Observer(client, owner.token, event_id) as watcher,
        aiohttp.ClientSession(connector=connector) as session,
    ):

        async def ask(key: str, code: str) -> Any:
            body = {"code": code, "idempotency_key": key}
            async with session.post(url, json=body, headers=headers) as answer:
                if answer.status == 503:  # nothing was decided: the key is sent again
                    raise aiohttp.ClientError(await answer.text())
                assert answer.status == 200, await answer.text()
                return await answer.json()

        async with node(settings, port, workers) as process:

            async def scan(key: str, code: str) -> None:
                while process.poll() is None:
                    try:
                        first[key] = await ask(key, code)
                    except aiohttp.ClientError:  # it was too busy for this one, or it is gone
                        await asyncio.sleep(0.5)
                    else:
                        return

            under_way = [asyncio.create_task(scan(*each)) for each in scans[: SCANS // 2]]
            while len(first) < KILLED_AFTER:  # noqa: ASYNC110  # whichever they are
                await asyncio.sleep(0.01)
            async with database.transaction() as connection:
                # From here on nothing can be committed, so that the end comes in the middle of a batch.
                await connection.execute("SELECT FROM ledger_heads WHERE event_id = $1 FOR UPDATE", UUID(event_id))
                under_way += [asyncio.create_task(scan(*each)) for each in scans[SCANS // 2 :]]
                # Asked elsewhere: within a transaction the server's activity is as it was at the first look.
                while not await database.fetchval(_BATCHES_THAT_WAIT):  # noqa: ASYNC110  # the server tells nobody
                    await asyncio.sleep(0.01)
                kill([*family(process), process])  # the processes first: nobody is left to stop them in order
                await asyncio.gather(*under_way)
        assert KILLED_AFTER <= len(first) <= SCANS // 2
        async with node(settings, port, workers):

            async def again(key: str, code: str) -> None:
                while key not in final:
                    try:
                        final[key] = await ask(key, code)
                    except aiohttp.ClientError:
                        await asyncio.sleep(0.5)

            await asyncio.gather(*(again(*each) for each in scans))
        # What was answered before the end is still the answer; what was not is decided once.
        for key, verdict in first.items():
            assert final[key]["replayed"]
            assert (final[key]["verdict"], final[key]["redemption_id"]) == (
                verdict["verdict"],
                verdict["redemption_id"],
            )
        assert Counter(verdict["verdict"] for verdict in final.values()) == {
            "accepted": SCANS // 2,
            "refused": SCANS // 2,
        }
        entries = await all_entries(owner, event_id)
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
        used = Counter(entry["voucher_id"] for entry in entries if entry["kind"] == "voucher.redeemed")
        assert set(used.values()) == {1}
        assert len(used) == SCANS // 2
        assert await database.fetchval("SELECT max(uses) FROM vouchers") == 1
        await watcher.reaches(len(entries))
        assert watcher.state == await owner.get(f"/events/{event_id}/snapshot")


async def all_entries(owner: Organizer, event_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = await owner.get(f"/events/{event_id}/ledger?after_seq={len(found)}")
        found += page["entries"]
        if len(found) >= page["head_seq"]:
            return found
