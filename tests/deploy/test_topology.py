"""A node is killed and replaced, another is drained and replaced, under load: nobody behind Caddy loses anything."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import socketio

from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.settings import Settings
from tests.deploy.pooler import Pooler
from tests.deploy.topology import SECONDS, Front, Node, topology
from tests.live.clients import Observer
from tests.live.party import Party, new_key
from tests.support.waiting import eventually

CODES, DOORS, SCREENS = 600, 12, 6
KILLED_AFTER, DRAINED_AFTER = 150, 350


class Screen(Observer):
    """A watcher that comes back by itself, as our apps do."""

    def __init__(self, front: Front, token: str, event_id: str) -> None:
        super().__init__(front, token, event_id)  # type: ignore[arg-type]  # all it asks of a node is its address
        # Over the session that trusts Caddy's authority, and that somebody closes.
        self.client.eio.http, self.client.eio.external_http = front.session, True
        self.returns = -1
        self._watching = self._stopping = False
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while not self._stopping:
            with contextlib.suppress(socketio.exceptions.SocketIOError, AssertionError, TimeoutError):
                await self.connect()
                self._answered, self._early = False, []
                await self.begin()
                self.returns += 1
                self._watching = True
                await self.client.wait()
            self._watching = False
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        self._stopping = True
        while not self._following.done():
            if self._watching:  # it may be on its way back just now: then once it is there
                await self.client.disconnect()
            await asyncio.sleep(0.05)
        await self._following


class Doors:
    """Doors that redeem all codes, each code until it has its verdict."""

    def __init__(self, party: Party, door: str, codes: list[str]) -> None:
        self.verdicts: dict[str, dict[str, Any]] = {}
        self._party = party
        self._door = door
        self._codes = iter(codes)

    async def work(self) -> None:
        await asyncio.gather(*(self._one() for _ in range(DOORS)))

    async def until(self, count: int) -> None:
        while len(self.verdicts) < count:  # noqa: ASYNC110  # of whatever doors did so far
            await asyncio.sleep(0.01)

    async def _one(self) -> None:
        for code in self._codes:
            body = {"code": code, "idempotency_key": new_key()}
            path = f"/events/{self._party.id}/redemptions"
            self.verdicts[code] = await self._party.node.ask("POST", path, self._door, body)


async def replace(node: Node, *, kill: bool) -> None:
    """End a node, one way or the other, and start another in its place."""
    before = node.pid
    await (node.kill() if kill else node.end())
    await node.start()
    assert node.pid != before


@contextlib.contextmanager
def pooled(
    settings: Settings, database_url: str, postgres: LocalPostgres, folder: Path
) -> Iterator[tuple[Settings, Pooler]]:
    """Run a pooler before the test's database; give settings that lead through it."""
    name = database_url.rpartition("?")[0].rpartition("/")[2]
    (folder / "pooler").mkdir()
    with Pooler(folder / "pooler", postgres, database=name, writers=8) as pooler:
        through = {
            "database_url": pooler.url(),
            "database_writer_url": pooler.url("dibs_writer"),
            "database_prepared_statements": pooler.prepares,
            "trusted_proxies": (),
        }
        yield settings.model_copy(update=through), pooler


async def test_nobody_loses_anything(
    settings: Settings, database_url: str, postgres: LocalPostgres, tmp_path: Path
) -> None:
    with pooled(settings, database_url, postgres, tmp_path) as (behind, _):
        async with topology(behind, tmp_path) as (front, nodes):
            party = await Party.begin(front)  # type: ignore[arg-type]  # it only asks
            door, _ = await party.device()
            ticket = await front.ask(
                "POST", f"/events/{party.id}/offers", party.owner, {"title": "Ticket", "claimable": False}, status=201
            )
            issued = await front.ask(
                "POST",
                f"/events/{party.id}/vouchers",
                party.owner,
                {"offer_id": ticket["id"], "count": CODES},
                status=201,
            )
            screens = [Screen(front, party.owner, party.id) for _ in range(SCREENS)]
            await eventually(lambda: all(screen.returns >= 0 for screen in screens))
            returned = sum(screen.returns for screen in screens)
            doors = Doors(party, door, issued["codes"])
            working = asyncio.create_task(doors.work())
            await doors.until(KILLED_AFTER)
            await replace(nodes[0], kill=True)
            await doors.until(DRAINED_AFTER)
            await replace(nodes[1], kill=False)
            await working

            assert Counter(verdict["verdict"] for verdict in doors.verdicts.values()) == {"accepted": CODES}
            ledger = await party.ledger()
            redeemed = [entry["voucher_id"] for entry in ledger if entry["kind"] == "voucher.redeemed"]
            assert len(redeemed) == len(set(redeemed)) == CODES  # each once, whatever was sent twice
            await eventually(lambda: all(screen.is_at(len(ledger)) for screen in screens))
            for screen in screens:
                assert screen.faults == []
                assert screen.entries == ledger[screen.first :]
                await screen.stop()
            assert sum(screen.returns for screen in screens) > returned
            # What machines tell each other stays inside.
            assert [await front.page(path) for path in ("/metrics", "/readyz", "/")] == [404, 404, 200]


async def test_while_postgresql_is_away_everybody_is_told_to_come_back(
    settings: Settings, database_url: str, postgres: LocalPostgres, tmp_path: Path
) -> None:
    with pooled(settings, database_url, postgres, tmp_path) as (behind, pooler):
        async with topology(behind, tmp_path) as (front, _):
            pooler.stop()
            by_caddy = False
            async with asyncio.timeout(SECONDS):
                while not by_caddy:
                    status, headers, told = await front.once("/api/v1/public/events/nobody")
                    assert (status, headers["Content-Type"]) == (503, "application/problem+json")
                    assert int(headers["Retry-After"]) > 0
                    assert told.items() >= {"title": "Service Unavailable", "status": 503}.items()
                    assert UUID(told["request_id"])
                    by_caddy = told["detail"].startswith("The hub is away")
            async with front.session.get(f"{front.url}/app/") as page:
                assert (page.status, page.headers["Retry-After"], page.content_type) == (503, "2", "text/plain")
            pooler.start()
            assert (await front.send("GET", "/public/events/nobody"))[0] == 404
