"""The rules of the door, pure: the same cases are the scanner's offline rules."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from dibs_realtime.events.model import EventStatus
from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Lookup, Table
from dibs_realtime.offers.model import Offer, OfferStatus
from dibs_realtime.vouchers.model import VOUCHER_BY_CODE, VOUCHER_BY_ID, Voucher

RefusalReason = Literal[
    "unknown_code",
    "voided",
    "event_not_open",
    "offer_paused",
    "not_claimed",
    "wrong_gate",
    "not_yet_valid",
    "expired",
    "already_redeemed",
    "leased",
    "insufficient_uses",
    "online_only",
]
"""In the order in which they are looked for. `online_only` is said by doors that judged alone, never by the server."""
Outcome = Literal["accepted_as_is", "guest_informed", "dismissed"]
"""What was made of a conflict: the admission stands, the guest was spoken to, or it was none after all."""
ReversalReason = Literal["already_reversed", "not_yours", "too_late"]

OWN_REVERSAL_WITHIN = timedelta(minutes=15)
"""How long after the server received it a door may take back its own redemption."""
LATE_AFTER = timedelta(hours=12)
"""An offline admission that arrives later than this is looked at by a person."""


class Standing(Row, frozen=True):
    """The status of the event and of the offer that the scan is judged by."""

    event: EventStatus
    offer: OfferStatus


def judge(
    voucher: Voucher | None,
    offer: Offer | None,
    standing: Standing,
    gate_id: UUID | None,
    units: int,
    at: datetime,
    *,
    lent: bool = False,
) -> RefusalReason | None:
    """Return the first reason against redeeming `units` of the voucher at the gate at that time, or None.

    lent: another device holds the voucher's uses. Windows include their start and exclude their end.
    web/src/lib/offline/rules.ts is the same rule; `make vectors` records the cases that both must pass.
    """
    if voucher is None or offer is None:
        return "unknown_code"
    if voucher.dead:
        return "voided"
    if standing.event != "open":
        return "event_not_open"
    if standing.offer == "paused":
        return "offer_paused"
    if offer.claimable and voucher.guest_id is None:
        return "not_claimed"
    if offer.gate_ids and gate_id not in offer.gate_ids:
        return "wrong_gate"
    if offer.redeem_from is not None and at < offer.redeem_from:
        return "not_yet_valid"
    if offer.redeem_until is not None and at >= offer.redeem_until:
        return "expired"
    if voucher.uses >= voucher.max_uses:
        return "already_redeemed"
    if lent:
        return "leased"
    if voucher.uses + units > voucher.max_uses:
        return "insufficient_uses"
    return None


def gate_of_scan(wanted: UUID | None, own: UUID | None, deleted: Mapping[UUID, bool], *, alone: bool) -> UUID | None:
    """Return the gate that a scan counts at: the one asked for, else the device's own; None: nowhere in particular.

    deleted: every gate that the event ever had, and whether it is gone. A gate that is gone counts only for a door that
    judged alone: it may have stood there before.
    """
    gate_id = wanted or own
    if gate_id is None or gate_id not in deleted:
        return None
    return None if deleted[gate_id] and not alone else gate_id


class Redemption(Row, frozen=True):
    """Units of one voucher that were used at one door."""

    id: UUID
    seq: int
    voucher_id: UUID
    offer_id: UUID
    gate_id: UUID | None
    device_id: UUID | None
    actor_type: str
    actor_id: UUID
    units: int
    redeemed_at: datetime
    received_at: datetime
    offline: bool
    reversed_at: datetime | None
    local: dict[str, Any] | None = None
    """What the door said that judged alone; it may name somebody and stays off the ledger."""


def judge_reversal(redemption: Redemption, actor_id: UUID, *, any_time: bool, now: datetime) -> ReversalReason | None:
    """Return the reason against taking a redemption back, or None. `any_time`: a manager asks."""
    if redemption.reversed_at is not None:
        return "already_reversed"
    if any_time:
        return None
    if redemption.actor_id != actor_id:
        return "not_yours"
    if now - redemption.received_at > OWN_REVERSAL_WITHIN:
        return "too_late"
    return None


class Attempt(Row, frozen=True):
    """A scan that was refused, kept apart from the ledger. `at`: when the server heard of it."""

    id: UUID
    at: datetime
    scanned_at: datetime
    reason: str
    voucher_id: UUID | None
    offer_id: UUID | None
    gate_id: UUID | None
    device_id: UUID | None
    actor_type: str
    actor_id: UUID
    actor_label: str
    units: int
    offline: bool
    local: dict[str, Any] | None


class Conflict(Row, frozen=True):
    """What a door did offline and the server would not have done; a person settles it."""

    id: UUID
    key: str
    reason: str
    voucher_id: UUID | None
    sides: list[dict[str, Any]]
    opened_at: datetime
    resolved_at: datetime | None
    resolution: dict[str, Any] | None


REDEMPTIONS: Table[Redemption] = Table(
    "redemptions",
    Redemption,
    {
        "id": "uuid",
        "seq": "bigint",
        "voucher_id": "uuid",
        "offer_id": "uuid",
        "gate_id": "uuid",
        "device_id": "uuid",
        "actor_type": "text",
        "actor_id": "uuid",
        "units": "integer",
        "redeemed_at": "timestamptz",
        "received_at": "timestamptz",
        "offline": "boolean",
        "reversed_at": "timestamptz",
        "local": "jsonb",
    },
    updates=("reversed_at",),
)
_COLUMNS = REDEMPTIONS.column_list("r.")

_OF_ID = f"(SELECT {_COLUMNS} FROM redemptions r WHERE r.event_id = $1 AND r.id = {{id}} LIMIT 1) p"  # constants

REDEMPTION_BY_ID: Lookup[Redemption] = Lookup(
    "redemption_by_id",
    REDEMPTIONS,
    f"SELECT p.* FROM unnest({{keys}}) AS k (id) CROSS JOIN LATERAL {_OF_ID.format(id='k.id')}",
    ("uuid",),
)


def _last_of(vouchers: Lookup[Voucher]) -> Lookup[Redemption]:
    """Return the look-up of the last redemption of each voucher that another one finds."""
    sql = f"""SELECT p.* FROM {{found}} v CROSS JOIN LATERAL {_OF_ID.format(id="v.last_redemption_id")}
               WHERE v.last_redemption_id IS NOT NULL"""  # constants
    return Lookup(f"last_redemption_of_{vouchers.name}", REDEMPTIONS, sql, (), of=vouchers)


LAST_OF_CODE = _last_of(VOUCHER_BY_CODE)
LAST_OF_VOUCHER = _last_of(VOUCHER_BY_ID)

REDEMPTION_BY_KEY: Lookup[Redemption] = Lookup(
    "redemption_by_key",
    REDEMPTIONS,
    f"""SELECT p.* FROM unnest({{keys}}) AS k (key)
         CROSS JOIN LATERAL (SELECT (w.answer ->> 'redemption_id')::uuid AS id FROM verdicts w
                              WHERE w.event_id = $1 AND w.scope = 'door' AND w.key = k.key
                                AND w.answer ->> 'redemption_id' IS NOT NULL LIMIT 1) v
         CROSS JOIN LATERAL {_OF_ID.format(id="v.id")}""",  # constants
    ("text",),
)

ATTEMPTS: Table[Attempt] = Table(
    "attempts",
    Attempt,
    {
        "id": "uuid",
        "at": "timestamptz",
        "scanned_at": "timestamptz",
        "reason": "text",
        "voucher_id": "uuid",
        "offer_id": "uuid",
        "gate_id": "uuid",
        "device_id": "uuid",
        "actor_type": "text",
        "actor_id": "uuid",
        "actor_label": "text",
        "units": "integer",
        "offline": "boolean",
        "local": "jsonb",
    },
)

CONFLICTS: Table[Conflict] = Table(
    "conflicts",
    Conflict,
    {
        "id": "uuid",
        "key": "text",
        "reason": "text",
        "voucher_id": "uuid",
        "sides": "jsonb",
        "opened_at": "timestamptz",
        "resolved_at": "timestamptz",
        "resolution": "jsonb",
    },
    updates=("resolved_at", "resolution"),
)


def _conflict_of(column: str) -> str:
    return f"""SELECT c.id, c.key, c.reason, c.voucher_id, c.sides, c.opened_at, c.resolved_at, c.resolution
         FROM unnest({{keys}}) AS k (key) CROSS JOIN LATERAL (
              SELECT * FROM conflicts f WHERE f.event_id = $1 AND f.{column} = k.key LIMIT 1) c"""


CONFLICT_BY_KEY: Lookup[Conflict] = Lookup(
    "conflict_by_key", CONFLICTS, _conflict_of("key"), ("text",), lambda row: row.key
)

CONFLICT_BY_ID: Lookup[Conflict] = Lookup("conflict_by_id", CONFLICTS, _conflict_of("id"), ("uuid",))
