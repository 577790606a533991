"""How much one connection may ask, keep waiting and watch, and what fan-out may take."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """Limits of one connection, and of fan-out. Bytes are bytes, everything else with a unit in its name."""

    message_bytes: int = 64 * 1024
    messages_per_second: float = 50
    messages_burst: int = 200
    flood_factor: float = 4
    """A connection that sends so many times more than it may, refusals notwithstanding, is cut."""
    waiting_bytes: int = 1_000_000
    """A connection that does not read is cut when more than this waits for it beside the largest message of that; it
    resumes by `after_seq`."""
    watched_events: int = 20
    ping_seconds: float = 25
    ping_answer_seconds: float = 20
    fanout_share: float = 0.5
    """So much of a core may go into one event's frames. While they would take more, entries are gathered: with 200
    watchers for 4 ms, with 1,000 for 20 ms."""
    delivery_seconds: float = 10e-6
    """What a frame costs for each watcher: measured on one core, the kernel's share included."""
    gather_seconds: float = 0.1
    """Longer than that nothing is gathered: a screen still seems to follow at once."""
    counts_share: float = 0.1
    """So much of a core may go into the numbers of one event's public page."""
    counts_seconds: float = 2
    """Longer than that they do not wait, however many look."""
    return_seconds: float = 0.002
    """When a node stops its clients come back spread over so much time for each: a connection costs about half of that,
    and the nodes that take them in have doors to answer."""
    return_at_least: float = 0.5
    return_at_most: float = 10
    """Seconds; doors, who cannot work without it, come back within the least."""
    hello_seconds: float = 10
    """How long a websocket may stay without a Socket.IO connection on it."""


class Bucket:
    """A token bucket: `burst` at once, then `per_second`."""

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take a token; return whether there was one."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
