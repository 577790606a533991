"""Events that no other node listens to: what happens there is not called out into an empty room, every time anew."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from dibs_realtime.live.lines import Parcel

UNHEARD_SECONDS = 0.2
"""After a parcel that reached nobody the next one waits so long: whoever begins to listen meanwhile reads the ledger
then, and is behind for no longer than this."""

Make = Callable[[], Parcel]


class Silence:
    """Holds parcels of unheard events back; of those that gather the last one goes out, and tells of all before it."""

    def __init__(self, publish: Callable[[UUID, Make], None]) -> None:
        self._publish = publish
        self._held: dict[UUID, Make | None] = {}

    def holds(self, event_id: UUID, parcel: Make) -> bool:
        """Take the parcel and return True where nobody listened a moment ago."""
        if event_id not in self._held:
            return False
        self._held[event_id] = parcel
        return True

    def reached(self, event_id: UUID, listeners: int) -> None:
        """Note how many other nodes a parcel of the event has reached, as far as Redis can tell."""
        if listeners <= 0 and event_id not in self._held:
            self._held[event_id] = None
            asyncio.get_running_loop().call_later(UNHEARD_SECONDS, self._over, event_id)

    def _over(self, event_id: UUID) -> None:
        parcel = self._held.pop(event_id)
        if parcel is not None:
            self._publish(event_id, parcel)
