"""A guest's own vouchers: whatever happens to one of them is on the guest's screen at once."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from uuid import UUID

from dibs_realtime.accounts.caller import Guest
from dibs_realtime.claims.schemas import WalletVoucher
from dibs_realtime.live.conflate import Conflater
from dibs_realtime.live.connections import Connection, Connections, Fanout, guest_room

MOST_AT_ONCE = 2_000

ReadVouchers = Callable[[UUID, Collection[UUID], Collection[UUID]], Awaitable[Sequence[tuple[UUID, WalletVoucher]]]]


class GuestVouchers:
    """Tells connected guests about their vouchers, as they are when they are read."""

    def __init__(self, read: ReadVouchers, connections: Connections, fanout: Fanout) -> None:
        self._read = read
        self._connections = connections
        self._fanout = fanout
        self._guests: defaultdict[UUID, Counter[UUID]] = defaultdict(Counter)
        self._pending: defaultdict[UUID, dict[UUID, None]] = defaultdict(dict)
        # No pause, but one look after the other: an older state must not overtake a newer one.
        self._changes: Conflater[UUID] = Conflater(0, self._tell)

    def came(self, connection: Connection, guest: Guest) -> None:
        """Note that a guest connected."""
        self._guests[guest.event_id][guest.guest_id] += 1
        self._connections.join(connection, guest_room(guest.guest_id))

    def went(self, guest: Guest) -> None:
        """Note that a guest's connection ended."""
        here = self._guests[guest.event_id]
        here[guest.guest_id] -= 1
        if not here[guest.guest_id]:
            del here[guest.guest_id]
        if not here:
            del self._guests[guest.event_id]
            self._pending.pop(guest.event_id, None)

    def changed(self, event_id: UUID, voucher_ids: Iterable[UUID]) -> None:
        """Note that something happened to these vouchers."""
        if event_id in self._guests:
            self._pending[event_id].update(dict.fromkeys(voucher_ids))
            self._changes.touch(event_id)

    async def close(self) -> None:
        """Stop."""
        await self._changes.close()

    async def _tell(self, event_id: UUID) -> None:
        waiting = self._pending.get(event_id, {})
        voucher_ids = list(waiting)[:MOST_AT_ONCE]
        guests = self._guests.get(event_id)
        if not voucher_ids or not guests:
            return
        for voucher_id in voucher_ids:  # before the look: what changes during it is looked at again
            del waiting[voucher_id]
        try:
            found = await self._read(event_id, voucher_ids, list(guests))
        except BaseException:
            waiting.update(dict.fromkeys(voucher_ids))
            raise
        for guest_id, voucher in found:
            self._fanout.send(guest_room(guest_id), "voucher", voucher)
        if waiting:
            self._changes.touch(event_id)
