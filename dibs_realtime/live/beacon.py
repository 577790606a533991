"""Where each ledger really stands, asked from PostgreSQL: so that what Redis lost is noticed, at its end too."""

import asyncio
import logging
from functools import partial
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.kit.tasks import end
from dibs_realtime.live.bus import Bus
from dibs_realtime.live.connections import Fanout, watchers
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.feeds import Feeds
from dibs_realtime.live.gathering import Gathering
from dibs_realtime.live.ports import Ports

_log = logging.getLogger(__name__)

HEAD_SECONDS = 1.2
"""How often watchers hear where the ledger stands: within the two seconds of the contract."""
ALONE_SECONDS = 0.4
"""How often PostgreSQL is asked while the bus is away: nobody is more than a second behind."""
ON_THE_WAY_SECONDS = 0.05
"""How long an entry that PostgreSQL has may still be on its way by the bus."""


class Beacon:
    """Asks for the heads of all feeds in one query, and sends `head`."""

    def __init__(self, ports: Ports, feeds: Feeds, bus: Bus, gathering: Gathering, fanout: Fanout) -> None:
        self._ports = ports
        self._feeds = feeds
        self._bus = bus
        self._gathering = gathering
        self._fanout = fanout
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._catching: dict[UUID, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="beacon")

    async def close(self) -> None:
        """Stop."""
        await end(self._task, *self._catching.values())

    def look_now(self) -> None:
        """Do not wait for the next beat: something may have been missed."""
        self._wanted.set()

    def jumped(self, feed: Feed) -> None:
        """Tell a feed's watchers that it began anew: they see that they are behind, or of another epoch."""
        self._send(feed)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        told_at = loop.time()
        while True:
            await self._pause(told_at)
            self._wanted.clear()
            tell = loop.time() >= told_at + HEAD_SECONDS
            if tell:
                told_at = loop.time()
            try:
                await self._look(tell=tell)
            except problems.Problem:
                _log.info("no heads: the database is away")
            except Exception:  # noqa: BLE001  # whatever it is, this loop must go on
                _log.exception("the beacon failed")

    async def _pause(self, told_at: float) -> None:
        """Wait until watchers are to be told again; less while the bus is away, or when somebody asks."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() < told_at + HEAD_SECONDS:
            try:
                async with asyncio.timeout_at(min(loop.time() + ALONE_SECONDS / 2, told_at + HEAD_SECONDS)):
                    await self._wanted.wait()
            except TimeoutError:
                if not self._bus.is_live and loop.time() - began >= ALONE_SECONDS:
                    return
            else:
                return

    async def _look(self, *, tell: bool) -> None:
        feeds = {feed.event_id: feed for feed in self._feeds}
        if not feeds:
            return
        live = self._bus.is_live
        for event_id, (epoch, seq) in (await self._ports.heads(list(feeds))).items():
            feed = feeds[event_id]
            if feed.epoch == epoch and feed.head >= seq:
                if tell:
                    self._send(feed)
            elif event_id not in self._catching:
                task = asyncio.create_task(self._catch_up(feed, epoch, seq, live=live, tell=tell))
                self._catching[event_id] = task
                task.add_done_callback(partial(self._caught_up, event_id))

    async def _catch_up(self, feed: Feed, epoch: UUID, seq: int, *, live: bool, tell: bool) -> None:
        if live:
            await asyncio.sleep(ON_THE_WAY_SECONDS)
        try:
            await feed.reach(epoch, seq)
        except problems.Problem:
            return  # the next beat tries again
        if tell:
            self._send(feed)

    def _caught_up(self, event_id: UUID, _task: asyncio.Task[None]) -> None:
        del self._catching[event_id]

    def _send(self, feed: Feed) -> None:
        """Send `head` after what it tells of was sent, so that only who really lost something is behind."""
        self._gathering.flush(feed.event_id)
        head = {"event_id": feed.event_id, "epoch": feed.epoch, "head_seq": feed.head}
        self._fanout.send(watchers(feed.event_id), "head", head)
