"""The news that a session ended or a member's role changed, which every node must hear within a second."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from dibs_realtime.accounts import queries
from dibs_realtime.accounts.model import Revocation
from dibs_realtime.kit import json
from dibs_realtime.kit.database import Connection, Database
from dibs_realtime.kit.redis import AWAY, Redis
from dibs_realtime.kit.tasks import end

_log = logging.getLogger(__name__)

CHANNEL = "dibs:revocations"
POLL_SECONDS = 0.4
OVERLAP_SECONDS = 30.0
"""Each look covers so much of the past again: a transaction commits later than it writes its time."""
RESUBSCRIBE_SECONDS = 0.1
PATIENCE_SECONDS = 2.0
"""A look that takes longer has lost its connection."""
REMEMBERED = 20_000


Heard = Callable[[Revocation], None]
_MESSAGE = TypeAdapter(list[Revocation])


class RevocationFeed:
    """Hears each revocation once: from PostgreSQL, which is sure and always asked, or sooner by Redis."""

    def __init__(self, database: Database, redis: Redis, heard: Heard) -> None:
        self._database = database
        self._redis = redis
        self._heard = heard
        self._known: OrderedDict[UUID, None] = OrderedDict()
        self._current_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lag(self) -> float:
        """Seconds since when something may have been missed (no rule's time: it judges the feed itself)."""
        return time.monotonic() - self._current_at

    def start(self, since: float) -> None:
        """Begin to hear. `since`: the monotonic time from which on nothing may be missed."""
        self._current_at = since
        self._tasks = [
            asyncio.create_task(self._poll(), name="revocations from postgresql"),
            asyncio.create_task(self._listen(), name="revocations from redis"),
        ]

    async def stop(self) -> None:
        """Hear no more."""
        await end(*self._tasks)

    async def tell(self, revocations: Iterable[Revocation]) -> None:
        """Spread what was committed: here at once, to the other nodes as fast as Redis is."""
        news = list(revocations)
        for revocation in news:
            self._hear(revocation)
        if news:
            await self._redis.publish(CHANNEL, json.dumps([asdict(revocation) for revocation in news]))

    def _hear(self, revocation: Revocation) -> None:
        if revocation.id in self._known:
            return
        self._known[revocation.id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._heard(revocation)

    async def _poll(self) -> None:
        failing = False
        while True:
            try:
                async with self._database.reserved() as connection:
                    while True:
                        await self._look(connection)
                        if failing:
                            failing = False
                            _log.warning("revocations can be read again")
                        await asyncio.sleep(POLL_SECONDS)
            except Exception as error:  # noqa: BLE001  # whatever it is, this loop must go on
                if not failing:
                    _log.warning("revocations cannot be read", extra={"error": type(error).__name__})
                failing = True
                await asyncio.sleep(POLL_SECONDS)

    async def _look(self, connection: Connection) -> None:
        began = time.monotonic()
        window = timedelta(seconds=began - self._current_at + OVERLAP_SECONDS)
        for revocation in await queries.news(connection, window, PATIENCE_SECONDS):
            self._hear(revocation)
        self._current_at = began

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(RESUBSCRIBE_SECONDS)
            await self._redis.until_healthy()
            subscriber = self._redis.new_subscriber()
            try:
                await subscriber.subscribe(CHANNEL)
                while True:
                    heard = await subscriber.get()
                    if heard.data is not None:
                        self._read(heard.data)
            except AWAY as error:
                _log.info("the subscription to revocations ended", extra={"error": type(error).__name__})
            except Exception:  # noqa: BLE001  # whatever it is, this loop must go on
                _log.exception("the subscription to revocations failed")
            finally:
                with contextlib.suppress(*AWAY):
                    await subscriber.aclose()

    def _read(self, message: bytes) -> None:
        try:
            news = _MESSAGE.validate_json(message)
        except ValidationError:
            _log.warning("a message about revocations cannot be read")
            return
        for revocation in news:
            self._hear(revocation)
