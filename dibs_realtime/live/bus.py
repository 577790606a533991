"""News between nodes: a Redis channel an event, subscribed while somebody here watches it. Only ever a hint.

Nothing waits for it: what Redis does not take at once is dropped, and whoever missed it reads the ledger.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from uuid import UUID

from dibs_realtime.kit.redis import AWAY, Redis
from dibs_realtime.kit.redis_channels import Subscriber
from dibs_realtime.kit.tasks import end
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.lines import Parcel, pack, unpack
from dibs_realtime.live.silence import Silence

_log = logging.getLogger(__name__)

OWN_WITHIN = 64
"""A parcel begins with its origin: within so many bytes."""
MOST_QUEUED = 2_000
AT_ONCE = 64
PULSE_SECONDS = 0.25
"""How often a node sends itself a message through Redis."""
QUIET_SECONDS = 0.6
"""Without one for so long the bus counts as away, and PostgreSQL is asked more often."""
DEAF_SECONDS = 4.0
"""Without one for so long although Redis answers, the subscription is begun anew."""
SUBSCRIBE_SECONDS = 2.0
"""How long the beginning of a subscription may take; a cluster is asked first where its slots are."""
RETRY_SECONDS = (0.1, 0.25, 0.5, 1.0)

_EVENT = "dibs:e:"
_NODE = "dibs:n:"


class Bus:
    """One node's way to the others."""

    def __init__(
        self,
        redis: Redis,
        node_id: UUID,
        received: Callable[[UUID, Parcel], None],
        subscribed: Callable[[UUID], None],
        figures: LiveFigures,
    ) -> None:
        """received: called with what other nodes sent. subscribed: from now on nothing of this event is missed."""
        self.node_id = node_id
        self._redis = redis
        self._received = received
        self._subscribed = subscribed
        self._figures = figures
        self._own_channel = f"{_NODE}{node_id}"
        self._own_mark = str(node_id).encode()
        self._wanted: set[UUID] = set()
        self._subscriptions: set[UUID] = set()
        """Events of which Redis counts this node among the listeners."""
        self._changed = asyncio.Event()
        self._queue: deque[tuple[str, Callable[[], bytes]]] = deque()
        self._queued = asyncio.Event()
        self._silence = Silence(self._publish)
        self._pulses: dict[str, float] = {}
        self._begun_at = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_live(self) -> bool:
        """Whether what is published now would arrive here, on every connection that there is."""
        return asyncio.get_running_loop().time() - self._pulse_at < QUIET_SECONDS

    @property
    def _pulse_at(self) -> float:
        """When the connection that was silent for longest had its last pulse."""
        return min(self._pulses.values(), default=float("-inf"))

    def start(self) -> None:
        """Begin. Redis need not be there."""
        self._tasks = [
            asyncio.create_task(run(), name=f"bus {run.__name__}") for run in (self._listen, self._send, self._pulse)
        ]

    async def close(self) -> None:
        """Stop; what is queued goes out if Redis takes it at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while self._queue and self._redis.healthy:  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(0.01)
        await end(*self._tasks)

    def subscribe(self, event_id: UUID) -> None:
        """Want an event's news; `subscribed` tells when they come."""
        self._wanted.add(event_id)
        self._changed.set()

    def unsubscribe(self, event_id: UUID) -> None:
        """Want them no more."""
        self._wanted.discard(event_id)
        self._changed.set()

    def publish(self, event_id: UUID, parcel: Callable[[], Parcel]) -> None:
        """Send a parcel to the other nodes, soon and if possible. Returns at once; the parcel is made later."""
        if not self._silence.holds(event_id, parcel):
            self._publish(event_id, parcel)

    def _publish(self, event_id: UUID, parcel: Callable[[], Parcel]) -> None:
        if self._redis.healthy and len(self._queue) < MOST_QUEUED:
            self._enqueue(f"{_EVENT}{event_id}", lambda: pack(parcel()))
        else:
            self._figures.bus_dropped.inc()

    # ── sending ──

    def _enqueue(self, channel: str, make: Callable[[], bytes]) -> None:
        self._queue.append((channel, make))
        self._queued.set()

    async def _send(self) -> None:
        while True:
            await self._queued.wait()
            batch = [self._queue.popleft() for _ in range(min(AT_ONCE, len(self._queue)))]
            if not self._queue:
                self._queued.clear()
            try:
                if not self._redis.healthy:
                    raise ConnectionError  # noqa: TRY301  # as if Redis had said so
                reached = await self._redis.publish_many([(channel, make()) for channel, make in batch])
            except AWAY:
                self._figures.bus_dropped.inc(len(batch))
            except Exception:  # noqa: BLE001  # whatever it is, this loop must go on
                _log.exception("the bus could not send")
            else:
                self._figures.bus_sent.inc(len(batch))
                for (channel, _), listeners in zip(batch, reached, strict=True):
                    if channel.startswith(_EVENT):
                        event_id = UUID(channel.removeprefix(_EVENT))
                        # Whoever watches here has been told already: this node is no listener that counts.
                        self._silence.reached(event_id, listeners - (event_id in self._subscriptions))

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            if self._redis.healthy and len(self._queue) < MOST_QUEUED:
                for channel in self._pulses:
                    self._enqueue(channel, bytes)

    # ── receiving ──

    async def _listen(self) -> None:
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            await self._redis.until_healthy()
            subscriber = self._redis.new_subscriber()
            try:
                await self._follow(subscriber)
            except AWAY as error:
                _log.info("the subscription ended", extra={"error": type(error).__name__})
            except Exception:  # noqa: BLE001  # likewise
                _log.exception("the subscription failed")
            finally:
                self._pulses = {}
                self._subscriptions.clear()
                with contextlib.suppress(*AWAY):
                    await subscriber.aclose()
            self._figures.bus_restarts.inc()
            lasted = asyncio.get_running_loop().time() - began
            failures = 0 if lasted > DEAF_SECONDS else failures + 1
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    async def _follow(self, subscriber: Subscriber) -> None:
        """Keep the subscription to what is wanted, and hear. Raises what Redis raises, or when it went deaf."""
        loop = asyncio.get_running_loop()
        self._begun_at = loop.time()
        async with asyncio.timeout(SUBSCRIBE_SECONDS):  # a Redis that hangs takes connections all the same
            canaries = await subscriber.canaries(self._own_channel)
            await subscriber.subscribe(*canaries)
        self._pulses = dict.fromkeys(canaries, float("-inf"))
        steering = asyncio.create_task(self._steer(subscriber))
        hearing = asyncio.create_task(self._hear(subscriber))
        try:
            while not (steering.done() or hearing.done()):
                await asyncio.wait({steering, hearing}, timeout=1, return_when=asyncio.FIRST_COMPLETED)
                if self._redis.healthy and loop.time() - max(self._pulse_at, self._begun_at) > DEAF_SECONDS:
                    raise ConnectionError("deaf")
            await asyncio.gather(*(task for task in (steering, hearing) if task.done()))
        finally:
            await end(steering, hearing)

    async def _steer(self, subscriber: Subscriber) -> None:
        current: set[UUID] = set()
        while True:
            self._changed.clear()
            wanted = set(self._wanted)
            if new := wanted - current:
                await subscriber.subscribe(*(f"{_EVENT}{event_id}" for event_id in new))
            if old := current - wanted:
                self._subscriptions -= old
                await subscriber.unsubscribe(*(f"{_EVENT}{event_id}" for event_id in old))
            current = wanted
            await self._changed.wait()

    async def _hear(self, subscriber: Subscriber) -> None:
        while True:
            channel, data = await subscriber.get()
            if data is not None:
                self._take(channel, data)
            elif channel.startswith(_EVENT):
                event_id = UUID(channel.removeprefix(_EVENT))
                if event_id in self._wanted:
                    self._subscriptions.add(event_id)
                self._subscribed(event_id)

    def _take(self, channel: str, data: bytes) -> None:
        if channel in self._pulses:
            self._pulses[channel] = asyncio.get_running_loop().time()
            return
        if self._own_mark in data[:OWN_WITHIN]:  # our own parcel came back: spare the reading
            return
        try:
            parcel = unpack(data)
            event_id = UUID(channel.removeprefix(_EVENT))
        except ValueError:
            _log.warning("a parcel cannot be read")  # another release's; the ledger has what was in it
            return
        try:
            self._received(event_id, parcel)
        except Exception:  # noqa: BLE001  # the next one may do
            _log.exception("a parcel could not be handed on")
