"""An event's commands go to one process at a time, so that processes do not fight for its version.

Never needed for being right: whoever decides writes on the expected version. So whatever goes wrong on the way (no
Redis, an owner that died, hangs or does not know the command) ends in deciding here, under the same idempotency key.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from itertools import count
from typing import Any, Protocol, TypeVar
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter

from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.problems import Problem
from dibs_realtime.kit.redis import AWAY, Redis
from dibs_realtime.kit.redis_channels import Subscriber
from dibs_realtime.kit.tasks import end
from dibs_realtime.ledger.command import Command, KeyedCommand
from dibs_realtime.ledger.forwarding import Kinds, Seal, channel_of, problem_of, told
from dibs_realtime.ledger.neighbours import Neighbours
from dibs_realtime.ledger.writer import Ledger

R = TypeVar("R")
_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.5
"""An owner that has not answered by then is not asked again before its next sign of life."""
SWEEP_SECONDS = 0.25
RESUBSCRIBE_SECONDS = 0.25
DRAIN_SECONDS = 3.0


class Submits(Protocol):
    """Where commands go: the ledger of this process, or the router before it."""

    async def submit(self, command: Command[R]) -> R:
        """Run one command. Raises Problem."""


class _Waiting:
    """A command that was sent to its owner."""

    __slots__ = ("answer", "owner", "since")

    def __init__(self, owner: UUID, since: float) -> None:
        self.owner = owner
        self.since = since
        # [result, problem], or None: nobody will answer.
        self.answer: asyncio.Future[list[Any] | None] = asyncio.get_running_loop().create_future()

    def settle(self, answer: list[Any] | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class Router:
    """Submits commands where they belong."""

    def __init__(
        self,
        ledger: Ledger,
        database: Database,
        redis: Redis,
        secret: str,
        kinds: Sequence[type[KeyedCommand[Any]]],
        registry: CollectorRegistry,
    ) -> None:
        """kinds: what may be decided elsewhere; everything else is decided here."""
        self._ledger = ledger
        self._redis = redis
        self._seal = Seal(secret)
        self._kinds = Kinds.of(kinds)
        self._own = channel_of(own_id := new_id())
        self._neighbours = Neighbours(database, own_id, lambda: self._listening and self._redis.healthy)
        self._listening = False
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._asks: dict[UUID, list[Any]] = {}
        self._answers: dict[UUID, list[Any]] = {}
        self._something = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._routed = Counter(
            "dibs_ledger_routed", "Commands by where they were decided", ["where"], registry=registry
        )  # fmt: skip

    def start(self) -> None:
        """Begin to take commands of others. Neither they nor Redis need be there."""
        loops: tuple[Coroutine[Any, Any, None], ...] = (self._listen(), self._send(), self._sweep())
        self._tasks = [asyncio.create_task(loop, name="router") for loop in loops]
        self._neighbours.start()

    async def leave(self) -> None:
        """Take no new commands of others; those that were taken are decided."""
        await self._neighbours.leave()

    async def close(self) -> None:
        """Answer what was taken, then stop."""
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while (self._answering or self._answers) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  # once
            await asyncio.sleep(0.01)
        await end(*self._tasks, *self._answering)

    async def submit(self, command: Command[R]) -> R:
        """Run one command, here or at the process that the event belongs to. Raises Problem."""
        kind = self._kinds.name_of(command) if self._neighbours.others else None
        if kind is None:
            return await self._ledger.submit(command)
        owner = self._neighbours.owner_of(command.event_id)
        if owner == self._neighbours.own_id or not (self._listening and self._redis.healthy):
            self._routed.labels("here").inc()
            return await self._ledger.submit(command)
        answer = await self._ask(owner, kind, command)
        if answer is None:
            self._routed.labels("fallback").inc()
            return await self._ledger.submit(command)
        self._routed.labels("elsewhere").inc()
        result, problem = answer
        if problem is not None:
            raise problem_of(problem)
        decided: R = result
        return decided

    # ── asking ──

    async def _ask(self, owner: UUID, kind: str, command: Command[Any]) -> list[Any] | None:
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting(owner, asyncio.get_running_loop().time())
        self._asks.setdefault(owner, []).append([number, kind, command])
        self._something.set()
        try:
            return await waiting.answer
        finally:
            del self._waiting[number]

    def _lose(self, owner: UUID) -> None:
        self._neighbours.lose(owner)
        for waiting in self._waiting.values():
            if waiting.owner == owner:
                waiting.settle(None)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            late = asyncio.get_running_loop().time() - PATIENCE_SECONDS
            for owner in {waiting.owner for waiting in self._waiting.values() if waiting.since < late}:
                _log.warning("a process does not answer", extra={"node": str(owner)})
                self._lose(owner)
            for owner in {waiting.owner for waiting in self._waiting.values()} - self._neighbours.others:
                self._lose(owner)

    # ── both ways ──

    async def _send(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            asks, self._asks = self._asks, {}
            answers, self._answers = self._answers, {}
            messages = [(to, {"ask": items}) for to, items in asks.items()]
            messages += [(to, {"told": items}) for to, items in answers.items()]
            try:
                heard = await self._redis.publish_many(
                    [(channel_of(to), self._seal.close({"from": self._neighbours.own_id, **m})) for to, m in messages]
                )
            except AWAY:
                heard = [0] * len(messages)
            except Exception:  # noqa: BLE001  # whatever it is, this loop must go on
                _log.exception("commands cannot be sent")
                heard = [0] * len(messages)
            for (to, message), listeners in zip(messages, heard, strict=True):
                if not listeners and "ask" in message:  # its end was quicker than its next beat
                    self._lose(to)

    async def _listen(self) -> None:
        while True:
            await self._redis.until_healthy()
            subscriber = self._redis.new_subscriber()
            try:
                await self._follow(subscriber)
            except AWAY as error:
                _log.info("commands of others cannot be heard", extra={"error": type(error).__name__})
            except Exception:  # noqa: BLE001  # likewise
                _log.exception("commands of others cannot be heard")
            finally:
                self._listening = False
                for waiting in self._waiting.values():  # what they answer now is not heard
                    waiting.settle(None)
                await end(asyncio.create_task(subscriber.aclose()))
            await asyncio.sleep(RESUBSCRIBE_SECONDS)

    async def _follow(self, subscriber: Subscriber) -> None:
        await subscriber.subscribe(self._own)
        while True:
            heard = await subscriber.get()
            if heard.data is None:
                self._listening = True
            elif (message := self._seal.open(heard.data)) is None:
                _log.warning("a message that nobody of us has sealed")
            elif "ask" in message:
                for number, kind, shape in message["ask"]:
                    task = asyncio.create_task(self._decide(UUID(message["from"]), number, kind, shape))
                    self._answering.add(task)
                    task.add_done_callback(self._answering.discard)
            else:
                for number, result, problem in message["told"]:
                    if waiting := self._waiting.get(number):
                        waiting.settle(None if result is None and problem is None else [result, problem])

    # ── deciding for others ──

    async def _decide(self, asker: UUID, number: int, kind: str, shape: Any) -> None:
        result: Any
        try:
            result = await self._ledger.submit(self._kinds.read(kind, shape))
        except Problem as problem:
            result = problem
        except Exception:  # noqa: BLE001  # the asker tries it itself and gets the error first-hand
            _log.exception("a command of another process failed")
            result = None
        self._answers.setdefault(asker, []).append(told(number, result))
        self._something.set()
