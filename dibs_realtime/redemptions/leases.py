"""Leases: the uses of a multi-use voucher lent to one device, which may then give them out without a network.

A lease ends with its time, with the last use, when a manager recalls it or its device returns it, and when that device
is revoked or paired with another phone. What ends by itself makes no entry.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from dibs_realtime.doors.model import check_device, device_of, labelled
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import Command, Lane
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import Offer
from dibs_realtime.vouchers.model import VOUCHER_BY_ID, VOUCHERS, Lease, Voucher

LEASE_FOR = timedelta(hours=2)
"""How long a lease lasts where the settings say nothing else; every online scan of its device begins it anew."""


def lease_of(view: View, voucher: Voucher) -> Lease | None:
    """Return the voucher's lease if it holds at the view's time."""
    lease = voucher.lease
    if lease is None or voucher.dead or view.now >= lease.until:
        return None
    device = device_of(view, lease.device_id)
    if device is None or device.status != "paired" or device.session_id != lease.session_id:
        return None
    return lease


def is_lent_to_another(view: View, voucher: Voucher | None, offer: Offer | None, device_id: UUID | None) -> bool:
    """Return whether another device than this one (None: a person) holds the voucher's uses."""
    if voucher is None or offer is None or offer.offline != "lease":
        return False
    lease = lease_of(view, voucher)
    return lease is not None and lease.device_id != device_id


@dataclass(frozen=True)
class EndLease(Command[None]):
    """End a voucher's lease: a manager recalls it, or (`returned_by`) its device gives it back.

    Repeating it changes nothing. Raises Problem 403 for the lease of another device and 404.
    """

    event_id: UUID
    actor: Actor
    voucher_id: UUID
    returned_by: UUID | None
    lane: Lane = Lane.DOOR

    def reads(self) -> Iterable[Read]:
        """Ask for the voucher."""
        yield Read(VOUCHER_BY_ID, self.voucher_id)

    def decide(self, view: View) -> None:
        """Take the lease off the voucher, with an entry where it still held."""
        if self.returned_by is not None:
            check_device(device_of(view, self.returned_by))
        voucher = view.get(VOUCHERS, self.voucher_id)
        if voucher is None:
            raise problems.not_found()
        lease = lease_of(view, voucher)
        if lease is None:
            return
        if self.returned_by not in (None, lease.device_id):
            raise problems.forbidden("Another device holds these uses.")
        view.put(VOUCHERS, replace(voucher, lease=None, updated_at=view.now))
        view.append(
            Draft(
                "lease.ended",
                labelled(view, self.actor),
                offer_id=voucher.offer_id,
                voucher_id=voucher.id,
                data={"device_id": lease.device_id, "how": "recalled" if self.returned_by is None else "returned"},
            )
        )
