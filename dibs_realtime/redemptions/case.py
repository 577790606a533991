"""A scan, and the case that is made of it: everything that it is judged and recorded by."""

from datetime import datetime
from uuid import UUID

from dibs_realtime.doors.model import Device
from dibs_realtime.events.model import Gate
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.row import Row
from dibs_realtime.offers.model import Offer
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers.model import Voucher


class Scan(Row, frozen=True):
    """What a door asks. `code` is normalised (None with `voucher_id`, or when what was scanned cannot be a code)."""

    code: str | None
    raw_digest: str
    voucher_id: UUID | None
    gate_id: UUID | None
    units: int
    dry_run: bool
    scanned_at: datetime | None
    local: LocalJudgement | None


class Case(Row, frozen=True):
    """A scan with what is known of it. `at`: when it happened. `gate`: None where the door stands at none that counts.

    `new_id` is the redemption's or the attempt's id should there be one, `conflict_id` the conflict's.
    """

    scan: Scan
    key: str
    new_id: UUID
    conflict_id: UUID
    actor: Actor
    device_id: UUID | None
    device: Device | None
    voucher: Voucher | None
    offer: Offer | None
    gate: Gate | None
    at: datetime

    @property
    def gate_id(self) -> UUID | None:
        """The gate's id."""
        return self.gate.id if self.gate is not None else None

    @property
    def clock_suspect(self) -> bool:
        """Whether the door, having judged alone, cannot be trusted about the time."""
        scan = self.scan
        assert scan.local is not None
        return scan.local.clock_suspect or (scan.scanned_at is not None and scan.scanned_at != self.at)
