"""The doors' books, kept current: what happens to a voucher anywhere is at every connected door at once."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from dibs_realtime.doors.book.queries import States
from dibs_realtime.live.conflate import Conflater
from dibs_realtime.live.connections import Connections, Fanout, doors

MOST_AT_ONCE = 2_000
EACH_SECONDS = 0.05
"""The first change goes out at once, those during a rush no more often than this: each message is a read of the
database and a frame for every door. Twenty messages a second are still sooner than a guest can walk to another door."""

ReadStates = Callable[[UUID, Collection[UUID]], Awaitable[States]]


@dataclass(slots=True)
class _Waiting:
    """Vouchers whose news is still to be told. With all of them told, everything up to entry `through` is."""

    vouchers: dict[UUID, None] = field(default_factory=dict)
    through: int = 0

    def add(self, voucher_ids: Iterable[UUID], through: int) -> None:
        self.vouchers.update(dict.fromkeys(voucher_ids))
        self.through = max(self.through, through)


class Burns:
    """Tells watching devices how vouchers stand, by their ordinals in the book."""

    def __init__(self, read: ReadStates, connections: Connections, fanout: Fanout) -> None:
        self._read = read
        self._connections = connections
        self._fanout = fanout
        self._waiting: defaultdict[UUID, _Waiting] = defaultdict(_Waiting)
        # One look after the other: an older state must not overtake a newer one.
        self._changes: Conflater[UUID] = Conflater(EACH_SECONDS, self._tell)

    def changed(self, event_id: UUID, voucher_ids: Iterable[UUID], seq: int) -> None:
        """Note that something happened to these vouchers. Everything up to entry `seq` has been noted with it."""
        if self._connections.members(doors(event_id)):
            self._waiting[event_id].add(voucher_ids, seq)
            self._changes.touch(event_id)

    async def close(self) -> None:
        """Stop."""
        await self._changes.close()

    async def _tell(self, event_id: UUID) -> None:
        waiting = self._waiting.pop(event_id, None)
        if waiting is None or not waiting.vouchers or not self._connections.members(doors(event_id)):
            return
        voucher_ids, through = list(waiting.vouchers), waiting.through
        if len(voucher_ids) > MOST_AT_ONCE:
            self._again(event_id, voucher_ids[MOST_AT_ONCE:], through)
            voucher_ids, through = voucher_ids[:MOST_AT_ONCE], 0
        try:
            states = await self._read(event_id, voucher_ids)
        except BaseException:
            self._again(event_id, voucher_ids, through)
            raise
        if states.burns:
            # What happened while they were read is in them or not: `seq` says of what they are, and not what was told.
            message = {
                "event_id": event_id,
                "epoch": states.epoch,
                "seq": states.seq,
                "through": through,
                "burns": states.burns,
            }
            self._fanout.send(doors(event_id), "burn", message)

    def _again(self, event_id: UUID, voucher_ids: Iterable[UUID], through: int) -> None:
        self._waiting[event_id].add(voucher_ids, through)
        self._changes.touch(event_id)
