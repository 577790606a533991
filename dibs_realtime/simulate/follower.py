"""Follows one event's ledger through whatever a network does: messages early, late, doubled or lost.

It knows no socket and no clock. Its owner brings what arrives and watches again whenever a method answers that
something is missing. The twin of the web apps' follower (`web/src/lib/live/follower.ts`).
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

from dibs_realtime.simulate.reducer import GapError, Snapshot, apply

Message = Mapping[str, Any]
MOST_HELD = 2_000
"""Frames held back at most while a `watch` is under way; beyond it the beacon tells that something is missing."""
REMEMBERED = 2_000
"""How many past states can still be compared with a snapshot taken meanwhile."""


class Follower:
    """The state of an event as its watcher sees it.

    `gaps`, `resyncs`: how often entries were missing, and how often it had to start from a new snapshot.
    """

    def __init__(self) -> None:
        self.state: Snapshot | None = None
        self.frames = self.entries = self.gaps = self.resyncs = 0
        self._held: list[Message] | None = []
        self._past: deque[Snapshot] = deque(maxlen=REMEMBERED)

    @property
    def since(self) -> dict[str, Any]:
        """What a `watch` says of what is known already."""
        return {} if self.state is None else {"epoch": self.state["epoch"], "after_seq": self.state["seq"]}

    @property
    def seq(self) -> int:
        """The last entry that was taken; 0 before the first snapshot."""
        return 0 if self.state is None else int(self.state["seq"])

    def at(self, seq: int) -> Snapshot | None:
        """Return the state right after the entry `seq`, while it is remembered."""
        return next((state for state in reversed(self._past) if state["seq"] == seq), None)

    def hold(self) -> None:
        """Keep frames until `acknowledged`: a `watch` is under way, or the connection is lost."""
        if self._held is None:
            self._held = []

    def frame(self, frame: Message) -> bool:
        """Take a `ledger` message. False: entries before it are missing, watch again (frames are held until then)."""
        self.frames += 1
        if self._held is not None or self.state is None:
            self._keep(frame)
            return True
        if self._take(frame):
            return True
        self.gaps += 1
        self.hold()
        self._keep(frame)
        return False

    def is_behind(self, head: Message) -> bool:
        """Whether the beacon tells of entries, or of a history, that did not arrive here."""
        if self.state is None or self._held is not None:
            return False
        return bool(head["epoch"] != self.state["epoch"] or head["head_seq"] > self.seq)

    def acknowledged(self, ack: Message) -> bool:
        """Take the answer to a `watch` and the frames held meanwhile. False: something is missing, watch again."""
        held, self._held = self._held or [], None
        if ack["snapshot"] is not None:
            self.resyncs += self.state is not None
            self._past.clear()
            self._become(ack["snapshot"])
        whole = self._take(ack) and self.seq >= ack["head_seq"]
        for frame in held:
            # A frame from before a restored history is over and done with, not missing.
            if whole and frame["epoch"] == ack["epoch"]:
                whole = self._take(frame)
        if not whole:
            self.hold()
        return whole

    def _take(self, frame: Message) -> bool:
        """Take entries one by one, so that the state after each is remembered."""
        if self.state is None or frame["epoch"] != self.state["epoch"]:
            return False
        for entry in frame["entries"]:
            try:
                after = apply(self.state, [entry])
            except GapError:
                return False
            if after is not self.state:
                self.entries += 1
                self._become(after)
        return True

    def _become(self, state: Snapshot) -> None:
        self.state = state
        self._past.append(state)

    def _keep(self, frame: Message) -> None:
        if self._held is not None and len(self._held) < MOST_HELD:
            self._held.append(frame)
