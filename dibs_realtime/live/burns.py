"""The doors' books, kept current: what happens to a voucher anywhere is at every connected door at once."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable
from uuid import UUID

from dibs_realtime.doors.book.queries import States
from dibs_realtime.live.conflate import Conflater
from dibs_realtime.live.connections import Connections, Fanout, doors

MOST_AT_ONCE = 2_000
EACH_SECONDS = 0.05
"""The first change goes out at once, those during a rush no more often than this: each message is a read of the
database and a frame for every door. Twenty messages a second are still sooner than a guest can walk to another door."""

ReadStates = Callable[[UUID, Collection[UUID]], Awaitable[States]]


class Burns:
    """Tells watching devices how vouchers stand, by their ordinals in the book."""

    def __init__(self, read: ReadStates, connections: Connections, fanout: Fanout) -> None:
        self._read = read
        self._connections = connections
        self._fanout = fanout
        self._pending: defaultdict[UUID, dict[UUID, None]] = defaultdict(dict)
        # One look after the other: an older state must not overtake a newer one.
        self._changes: Conflater[UUID] = Conflater(EACH_SECONDS, self._tell)

    def changed(self, event_id: UUID, voucher_ids: Iterable[UUID]) -> None:
        """Note that something happened to these vouchers."""
        if self._connections.members(doors(event_id)):
            self._pending[event_id].update(dict.fromkeys(voucher_ids))
            self._changes.touch(event_id)

    async def close(self) -> None:
        """Stop."""
        await self._changes.close()

    async def _tell(self, event_id: UUID) -> None:
        waiting = self._pending.pop(event_id, {})
        voucher_ids = list(waiting)[:MOST_AT_ONCE]
        if not voucher_ids or not self._connections.members(doors(event_id)):
            return
        for voucher_id in voucher_ids:
            del waiting[voucher_id]
        if waiting:
            self._again(event_id, waiting)
        try:
            states = await self._read(event_id, voucher_ids)
        except BaseException:
            self._again(event_id, voucher_ids)
            raise
        if states.burns:
            message = {"event_id": event_id, "epoch": states.epoch, "seq": states.seq, "burns": states.burns}
            self._fanout.send(doors(event_id), "burn", message)

    def _again(self, event_id: UUID, voucher_ids: Iterable[UUID]) -> None:
        self._pending[event_id].update(dict.fromkeys(voucher_ids))
        self._changes.touch(event_id)
