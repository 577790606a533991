"""Conflicts: what a door did alone and the server would have refused. One a key, settled by a person."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from dibs_realtime.events.model import EVENT_COUNTERS, EventCounter
from dibs_realtime.ledger.model import SYSTEM, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.redemptions.model import CONFLICT_BY_KEY, CONFLICTS, Attempt, Conflict
from dibs_realtime.vouchers.model import Voucher


def reads(key: str) -> Iterable[Read]:
    """Return what `open_conflict` needs to have read."""
    yield Read(CONFLICT_BY_KEY, key)


def open_conflict(
    view: View,
    conflict_id: UUID,
    key: str,
    reason: str,
    voucher: Voucher | None,
    gate_id: UUID | None,
    sides: Sequence[Mapping[str, Any]],
) -> UUID:
    """Open the key's conflict, or return the id of the one that it opened before.

    A side's `staff` is what people at the door typed as their name: it stays in the table and off the ledger.
    """
    known = view.first(CONFLICT_BY_KEY, key)
    if known is not None:
        return known.id
    voucher_id = voucher.id if voucher else None
    view.put(
        CONFLICTS,
        Conflict(conflict_id, key, reason, voucher_id, [dict(side) for side in sides], view.now, None, None),
    )
    counter = view.get(EVENT_COUNTERS, view.event_id) or EventCounter(view.event_id, 0)
    view.put(EVENT_COUNTERS, replace(counter, open_conflicts=counter.open_conflicts + 1))
    public = [{name: value for name, value in side.items() if name != "staff"} for side in sides]
    view.append(
        Draft(
            "conflict.opened",
            SYSTEM,
            offer_id=voucher.offer_id if voucher else None,
            voucher_id=voucher_id,
            gate_id=gate_id,
            data={"conflict_id": conflict_id, "reason": reason, "sides": public},
        )
    )
    return conflict_id


def scan_notice(event_id: UUID, attempt: Attempt) -> dict[str, Any]:
    """Return the `scan` message about a refused attempt."""
    return {
        "event_id": event_id,
        "attempt_id": attempt.id,
        "at": attempt.at,
        "scanned_at": attempt.scanned_at,
        "reason": attempt.reason,
        "voucher_id": attempt.voucher_id,
        "offer_id": attempt.offer_id,
        "gate_id": attempt.gate_id,
        "device_id": attempt.device_id,
        "actor": {"type": attempt.actor_type, "id": attempt.actor_id, "label": attempt.actor_label},
        "units": attempt.units,
        "offline": attempt.offline,
    }
