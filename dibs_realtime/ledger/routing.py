"""An event's commands go to one process at a time, so that processes do not fight for its version.

Never needed for being right: whoever decides writes on the expected version. So whatever goes wrong on the way (an
owner that cannot be reached, dies, hangs or does not know the command) ends in deciding here, under the same
idempotency key.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from itertools import count
from typing import Any, Protocol, TypeVar
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter

from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.problems import Problem
from dibs_realtime.kit.tasks import end
from dibs_realtime.ledger.command import Command, KeyedCommand
from dibs_realtime.ledger.forwarding import Kinds, encode, problem_of, told
from dibs_realtime.ledger.neighbours import Neighbours
from dibs_realtime.ledger.peers import Line, Peers
from dibs_realtime.ledger.writer import Ledger

R = TypeVar("R")
_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.5
"""An owner of whom nothing was heard for so long is not asked again before its next sign of life."""
LONGEST_SECONDS = 20.0
"""One that answers others may let a command wait for so long in its queue; then it is decided here."""
MOST_ITEMS = 500
"""So many go into one frame: doors that come back all bring what they did alone, and a frame has its longest."""
SWEEP_SECONDS = 0.25
DRAIN_SECONDS = 3.0


class Submits(Protocol):
    """Where commands go: the ledger of this process, or the router before it."""

    def submit(self, command: Command[R]) -> Awaitable[R]:
        """Run one command. Raises Problem, at once or awaited."""


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
        secret: str,
        host: str,
        kinds: Sequence[type[KeyedCommand[Any]]],
        registry: CollectorRegistry,
    ) -> None:
        """host: this machine's address, for the other processes. kinds: what may be decided by them."""
        self._ledger = ledger
        self._host = host
        self._kinds = Kinds.of(kinds)
        self._peers = Peers(secret, own_id := new_id(), self._heard, self._lose)
        self._neighbours = Neighbours(
            database, own_id, self._peers.call, lambda other: self._peers.line_to(other) is not None
        )
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._unsent: dict[Line, dict[str, list[Any]]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None
        routed = Counter("dibs_ledger_routed", "Commands by where they were decided", ["where"], registry=registry)
        self._here, self._elsewhere, self._fallback = map(routed.labels, ("here", "elsewhere", "fallback"))

    async def open(self) -> None:
        """Begin to take commands of others; none need be there. Raises OSError."""
        self._neighbours.start(await self._peers.listen(self._host))
        self._sweeping = asyncio.create_task(self._sweep(), name="router")

    async def leave(self) -> None:
        """Take no new commands of others; those that were taken are decided."""
        await self._neighbours.leave()

    async def close(self) -> None:
        """Answer what was taken, then stop."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=DRAIN_SECONDS)
        self._flush()
        await end(self._sweeping, *self._answering)
        await self._peers.close()

    async def submit(self, command: Command[R]) -> R:
        """Run one command, here or at the process that the event belongs to. Raises Problem."""
        kind = self._kinds.name_of(command) if self._neighbours.others else None
        if kind is None:
            return await self._ledger.submit(command)
        owner = self._neighbours.owner_of(command.event_id)
        line = self._peers.line_to(owner) if owner != self._neighbours.own_id else None
        if line is None:
            self._here.inc()
            return await self._ledger.submit(command)
        answer = await self._ask(line, owner, kind, command)
        if answer is None:
            self._fallback.inc()
            return await self._ledger.submit(command)
        self._elsewhere.inc()
        result, problem = answer
        if problem is not None:
            raise problem_of(problem)
        decided: R = result
        return decided

    async def _ask(self, line: Line, owner: UUID, kind: str, command: Command[Any]) -> list[Any] | None:
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting(owner, asyncio.get_running_loop().time())
        self._say(line, "ask", [number, kind, command])
        try:
            return await waiting.answer
        finally:
            del self._waiting[number]

    def _lose(self, owner: UUID) -> None:
        self._peers.hang_up(owner)
        self._neighbours.lose(owner)
        for waiting in self._waiting.values():
            if waiting.owner == owner:
                waiting.settle(None)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._give_up(asyncio.get_running_loop().time())

    def _give_up(self, now: float) -> None:
        """Take back what waits too long at `now`, by the loop's clock, to be decided here."""
        late = [waiting for waiting in self._waiting.values() if now - waiting.since > PATIENCE_SECONDS]
        for owner in {waiting.owner for waiting in late}:
            line = self._peers.line_to(owner)
            if line is None or now - line.heard_at > PATIENCE_SECONDS:
                _log.warning("a process does not answer", extra={"node": str(owner)})
                self._lose(owner)
        # Busy is not dead: whose queue is long works it off, and would have every command of it decided twice.
        for waiting in late:
            if now - waiting.since > LONGEST_SECONDS:
                waiting.settle(None)

    def _say(self, line: Line, what: str, item: list[Any]) -> None:
        """Send with whatever else is said to that process in this turn of the loop."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.setdefault(line, {}).setdefault(what, []).append(item)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, {}
        for line, message in unsent.items():
            for what, items in message.items():
                for start in range(0, len(items), MOST_ITEMS):
                    line.send(encode({what: items[start : start + MOST_ITEMS]}))

    def _heard(self, line: Line, message: dict[str, Any]) -> None:
        for number, kind, shape in message.get("ask", ()):
            task = asyncio.create_task(self._decide(line, number, kind, shape))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        for number, result, problem in message.get("told", ()):
            if waiting := self._waiting.get(number):
                waiting.settle(None if result is None and problem is None else [result, problem])

    async def _decide(self, line: Line, number: int, kind: str, shape: Any) -> None:
        result: Any
        try:
            result = await self._ledger.submit(self._kinds.read(kind, shape))
        except Problem as problem:
            result = problem
        except Exception:  # noqa: BLE001  # the asker tries it itself and gets the error first-hand
            _log.exception("a command of another process failed")
            result = None
        self._say(line, "told", told(number, result))
