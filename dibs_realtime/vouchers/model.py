"""A voucher: one code of one offer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Lookup, Table

VoucherState = Literal["issued", "claimed", "redeemed", "released", "voided"]


class Lease(Row, frozen=True):
    """The rest of a voucher's uses is lent to a device until then.

    session_id: of the phone that it was lent to; another phone that is paired as the same device does not know what
    the first one did without a network.
    """

    device_id: UUID
    session_id: UUID | None
    until: datetime


class Voucher(Row, frozen=True):
    """One voucher.

    poolable: nobody's yet, so that a claim may take it while it is unused. holds_place: counts against `quantity`
    and against its guest's limit. `guest_name` is joined on read and never written.
    """

    id: UUID
    code: str
    offer_id: UUID
    batch_id: UUID | None
    state: VoucherState
    uses: int
    max_uses: int
    guest_id: UUID | None
    generated: bool
    poolable: bool
    holds_place: bool
    last_redemption_id: UUID | None
    created_at: datetime
    updated_at: datetime
    lease: Lease | None = None
    guest_name: str | None = None

    @property
    def remaining(self) -> int:
        """Uses left; none on a dead voucher."""
        return 0 if self.dead else self.max_uses - self.uses

    @property
    def dead(self) -> bool:
        """Whether it is over for good."""
        return self.state in ("released", "voided")

    @property
    def unclaimed(self) -> bool:
        """Whether a claim may take it."""
        return self.poolable and self.uses == 0

    def state_with(self, uses: int) -> VoucherState:
        """Return the state of a living voucher that was used so often."""
        if uses >= self.max_uses:
            return "redeemed"
        return "claimed" if self.guest_id is not None else "issued"


class Batch(Row, frozen=True):
    """Codes that were issued together; they count once the batch is on the ledger."""

    id: UUID
    seq: int | None
    created_at: datetime


VOUCHERS: Table[Voucher] = Table(
    "vouchers",
    Voucher,
    {
        "id": "uuid",
        "code": "text",
        "offer_id": "uuid",
        "batch_id": "uuid",
        "state": "text",
        "uses": "integer",
        "max_uses": "integer",
        "guest_id": "uuid",
        "generated": "boolean",
        "poolable": "boolean",
        "holds_place": "boolean",
        "last_redemption_id": "uuid",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
        "lease": "jsonb",
    },
    updates=(
        "state", "uses", "guest_id", "poolable", "holds_place", "last_redemption_id", "updated_at", "lease",
    ),
)  # fmt: skip
"""Redeeming leaves the indexed ones among these as they are; PostgreSQL then keeps the row on its page."""

_SELECT = ", ".join(f"v.{column}" for column in VOUCHERS.columns) + ", g.name AS guest_name"
# As a plain join, it would be walked over with all guests of the event for as long as the statistics know of none.
GUEST = """LEFT JOIN LATERAL (
    SELECT w.name, w.email FROM guests w WHERE w.event_id = v.event_id AND w.id = v.guest_id LIMIT 1) g ON true"""
# Codes of a batch that is not on the ledger yet are being written; they do not exist for anybody.
# With EXISTS, PostgreSQL would rather hash the batches of all events first.
PUBLISHED = """(v.batch_id IS NULL OR (
    SELECT b.seq FROM voucher_batches b WHERE b.event_id = v.event_id AND b.id = v.batch_id) IS NOT NULL)"""


def _probe(keys: str, where: str, order: str = "") -> str:
    """Compose a look-up: for each of `keys` the published vouchers that `where` finds, with their guests' names."""
    return f"""SELECT p.* FROM unnest({{keys}}) AS k ({keys}) CROSS JOIN LATERAL (
        SELECT {_SELECT} FROM {where} {GUEST} WHERE {PUBLISHED} {order}) p"""  # constants


VOUCHER_BY_CODE: Lookup[Voucher] = Lookup(
    "voucher_by_code",
    VOUCHERS,
    _probe("code", "(SELECT * FROM vouchers w WHERE w.event_id = $1 AND w.code = k.code LIMIT 1) v"),
    ("text",),
    lambda row: row.code,
)

VOUCHER_BY_ID: Lookup[Voucher] = Lookup(
    "voucher_by_id",
    VOUCHERS,
    _probe("id", "(SELECT * FROM vouchers w WHERE w.event_id = $1 AND w.id = k.id LIMIT 1) v"),
    ("uuid",),
)

VOUCHERS_OF_GUEST: Lookup[Voucher] = Lookup(
    "vouchers_of_guest",
    VOUCHERS,
    _probe(
        "guest_id",
        "(SELECT * FROM vouchers w WHERE w.event_id = $1 AND w.guest_id = k.guest_id OFFSET 0) v",
        "ORDER BY v.id",
    ),
    ("uuid",),
    lambda row: row.guest_id,
)

UNCLAIMED: Lookup[Voucher] = Lookup(
    "unclaimed",
    VOUCHERS,
    # As many of each offer's oldest as there are claims of it in the batch; none is looked for where the counter
    # says that there is none: 100,000 codes that are just being staged would all be walked over.
    f"""SELECT p.* FROM unnest({{keys}}, {{counts}}) AS k (offer_id, wanted)
         CROSS JOIN LATERAL (
            SELECT c.unclaimed FROM offer_counters c WHERE c.event_id = $1 AND c.id = k.offer_id LIMIT 1) c
         CROSS JOIN LATERAL (
            SELECT {_SELECT} FROM vouchers v {GUEST}
             WHERE v.event_id = $1 AND v.offer_id = k.offer_id AND v.poolable AND v.uses = 0 AND {PUBLISHED}
             ORDER BY v.id LIMIT least(k.wanted, c.unclaimed)) p""",  # constants
    ("uuid",),
    lambda row: row.offer_id if row.unclaimed else None,
)

VOUCHER_BY_REDEMPTION: Lookup[Voucher] = Lookup(
    "voucher_by_redemption",
    VOUCHERS,
    _probe(
        "id",
        """(SELECT w.* FROM (SELECT r.voucher_id FROM redemptions r WHERE r.event_id = $1 AND r.id = k.id LIMIT 1) r
             CROSS JOIN LATERAL (
                   SELECT * FROM vouchers w WHERE w.event_id = $1 AND w.id = r.voucher_id LIMIT 1) w) v""",
    ),
    ("uuid",),
)

BATCHES: Table[Batch] = Table(
    "voucher_batches",
    Batch,
    {"id": "uuid", "seq": "bigint", "created_at": "timestamptz"},
    updates=("seq",),
    reveals=True,
)

BATCH_BY_ID: Lookup[Batch] = Lookup(
    "batch_by_id",
    BATCHES,
    """SELECT b.id, b.seq, b.created_at FROM unnest({keys}) AS k (id) CROSS JOIN LATERAL (
              SELECT * FROM voucher_batches v WHERE v.event_id = $1 AND v.id = k.id LIMIT 1) b""",
    ("uuid",),
)


class Void(Row, frozen=True):
    """Why a voucher was ended, in somebody's words."""

    id: UUID
    reason: str
    at: datetime
    actor_id: UUID | None


VOIDS: Table[Void] = Table(
    "voucher_voids", Void, {"id": "uuid", "reason": "text", "at": "timestamptz", "actor_id": "uuid"}
)
