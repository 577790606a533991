"""When things happen: a bounded rate for everybody together, and the hours at which guests come."""

import asyncio
import random
from collections.abc import Sequence

WAVES: Sequence[tuple[float, float, float]] = ((0.45, 0.18, 0.07), (0.35, 0.48, 0.09), (0.20, 0.72, 0.06))
"""(share of the guests, when, spread): doors open, the headliner, the late train; times as parts of the whole."""
LAST_ARRIVAL = 0.9
"""Nobody comes later than at this part of the night."""


class Pace:
    """Lets at most `rate` things happen a second, first come, first served; a pause is not made up for by a burst."""

    def __init__(self, rate: float) -> None:
        self._apart = 1 / rate
        self._next = 0.0

    def change(self, rate: float) -> None:
        """Go on at another rate."""
        self._apart = 1 / rate

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._apart
        if mine > now:
            await asyncio.sleep(mine - now)


def arrivals(count: int, seconds: float, rng: random.Random) -> list[float]:
    """Return when each of `count` guests comes, in seconds from the start, in order: in waves."""
    waves = rng.choices(WAVES, weights=[share for share, _, _ in WAVES], k=count)
    parts = (rng.gauss(when, spread) for _, when, spread in waves)
    return sorted(min(LAST_ARRIVAL, max(0.0, part)) * seconds for part in parts)
