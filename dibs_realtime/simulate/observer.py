"""A watcher who looks at the event from the start, over Socket.IO, and must end with exactly what the server has."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dibs_realtime.kit.tasks import end
from dibs_realtime.simulate.follower import Follower
from dibs_realtime.simulate.line import Line, TokenSource
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.reducer import Row, Snapshot
from dibs_realtime.simulate.rest import Api

GRACE = 0.5
"""Seconds by which the beacon may be ahead of the entries: both travel at the same time."""
SILENCE = 6.0
"""Without any message for so long (the beacon comes every 2 s) the connection counts as lost."""
SETTLE_SECONDS = 15.0
TRIES = 5


class Observer:
    """Watches one event until it is closed."""

    def __init__(self, api: Api, token: TokenSource, event_id: str) -> None:
        self.follower = Follower()
        self._api = api
        self._event_id = event_id
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()
        self._heard_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self.line = Line(
            api,
            token,
            {
                "open": self._on_open,
                "ledger": self._on_ledger,
                "head": self._on_head,
                "unwatched": self._on_open,
                "scan": lambda scan: self._on_note(scan, "refused scans seen by the watcher"),
                "presence": lambda presence: self._on_note(presence, "changes of presence seen by the watcher"),
            },
        )

    @property
    def state(self) -> Snapshot:
        """The state as far as it is known. Only after `start`."""
        assert self.follower.state is not None
        return self.follower.state

    @property
    def offers(self) -> list[Row]:
        """The offers and their figures as they are now."""
        offers: list[Row] = self.state["offers"]
        return offers

    async def start(self) -> None:
        """Watch, and wait for the first snapshot. Raises ApiError, UnreachableError."""
        self.line.open()
        await self._watch()
        self._task = asyncio.create_task(self._keep_watching())

    async def close(self) -> None:
        """Stop watching."""
        await end(self._task)
        await self.line.close()

    async def state_at(self, seq: int) -> Snapshot | None:
        """Wait until everything up to `seq` is here and return the state right after it; None: it did not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while self.follower.seq < seq:
                    self._moved.clear()
                    await self._moved.wait()
        return self.follower.at(seq)

    async def _keep_watching(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENCE / 2):
                    await self._wanted.wait()
            except TimeoutError:
                if time.monotonic() - self._heard_at > SILENCE and self.line.is_open:
                    self.line.drop()
                continue
            try:
                await self._watch()
            except ApiError as error:
                self._api.figures.problem(f"watch: {error}")
                await asyncio.sleep(1)

    async def _watch(self) -> None:
        self.follower.hold()
        ack = await self.line.call("watch", {"event_id": self._event_id, **self.follower.since})
        self._heard_at = time.monotonic()
        if self.follower.acknowledged(ack):
            self._wanted.clear()
        else:
            self._wanted.set()
            await asyncio.sleep(0.1)
        self._moved.set()

    # ── what is told ──

    def _on_open(self, _: Any) -> None:
        self.follower.hold()
        self._wanted.set()

    def _on_ledger(self, frame: Mapping[str, Any]) -> None:
        self._heard_at = time.monotonic()
        if not self.follower.frame(frame):
            self._wanted.set()
        self._moved.set()

    def _on_head(self, head: Mapping[str, Any]) -> None:
        self._heard_at = time.monotonic()
        if self.follower.is_behind(head):
            asyncio.get_running_loop().call_later(GRACE, self._look_again, head)

    def _look_again(self, head: Mapping[str, Any]) -> None:
        if self.follower.is_behind(head):
            self.follower.gaps += 1
            self._wanted.set()

    def _on_note(self, _: Any, what: str) -> None:
        self._heard_at = time.monotonic()
        self._api.figures.note(what)


async def converges(observer: Observer, read_snapshot: Callable[[], Awaitable[Snapshot]]) -> tuple[int, list[str]]:
    """Compare the watcher's state with the server's own snapshot, at the snapshot's place in the ledger.

    Others may go on writing meanwhile. Returns that place and the differences, none: they are equal.
    """
    seq = 0
    for _ in range(TRIES):
        theirs = await read_snapshot()
        seq = theirs["seq"]
        mine = await observer.state_at(seq)
        if mine is not None:
            return seq, differences(mine, theirs)
        if observer.follower.seq < seq:
            break
    return seq, [f"the watcher stands at entry {observer.follower.seq}, the server at {seq}"]


def differences(mine: Any, theirs: Any, path: str = "") -> list[str]:
    """List where two JSON values differ, as `path: mine ≠ theirs`."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        names = sorted({*mine, *theirs})
        return [
            line
            for name in names
            for line in differences(mine.get(name, "(none)"), theirs.get(name, "(none)"), f"{path}.{name}".strip("."))
        ]
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        pairs = enumerate(zip(mine, theirs, strict=True))
        return [line for place, (a, b) in pairs for line in differences(a, b, f"{path}[{place}]")]
    return [] if mine == theirs else [f"{path}: {mine!r} ≠ {theirs!r}"]
