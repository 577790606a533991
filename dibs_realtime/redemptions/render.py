"""Verdicts as the door sees them: a stored answer joined with what may not be stored, codes' ends and names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dibs_realtime.doors.model import device_of
from dibs_realtime.events.model import GATES
from dibs_realtime.ledger.view import View
from dibs_realtime.redemptions.model import REDEMPTIONS
from dibs_realtime.vouchers.model import Voucher


def verdict_shape(
    answer: Mapping[str, Any],
    voucher: dict[str, Any] | None,
    *,
    actor_id: UUID | None,
    now: datetime,
    replayed: bool,
    dry_run: bool,
) -> dict[str, Any]:
    """Return `RedemptionVerdict` as a dict without `message`.

    actor_id: the device or person who asks now. voucher: `VoucherOut` as it is now; a replay shows its state and
    uses as they were when the key was first answered.
    """
    if replayed and voucher is not None and answer["voucher"] is not None:
        voucher = {**voucher, **answer["voucher"]}
    # An answer that a release before this one stored says nothing of leases.
    leased_until = answer.get("leased_until")
    if leased_until is not None and not _same(answer["actor_id"], actor_id):
        leased_until = None
    return {
        "verdict": "accepted" if answer["reason"] is None else "refused",
        "reason": answer["reason"],
        "replayed": replayed,
        "dry_run": dry_run,
        "redemption_id": answer["redemption_id"],
        "seq": answer["seq"],
        "redeemed_at": answer["redeemed_at"],
        "voucher": voucher,
        "previous": _previous(answer, actor_id, now, replayed=replayed),
        "conflict_id": answer["conflict_id"],
        "leased_until": leased_until,
    }


def uses_of(voucher: Voucher | None) -> dict[str, Any] | None:
    """Return the part of a voucher that an answer keeps."""
    if voucher is None:
        return None
    return {"state": voucher.state, "uses": voucher.uses, "max_uses": voucher.max_uses, "remaining": voucher.remaining}


def last_use(view: View, voucher: Voucher | None) -> dict[str, Any] | None:
    """Return where, when and by which device the voucher was used last, as an answer keeps it."""
    if voucher is None or voucher.last_redemption_id is None:
        return None
    redemption = view.get(REDEMPTIONS, voucher.last_redemption_id)
    if redemption is None:
        view.missed()
        return None
    device = device_of(view, redemption.device_id) if redemption.device_id else None
    return {
        "redemption_id": redemption.id,
        "redeemed_at": redemption.redeemed_at,
        "gate": gate_name(view, redemption.gate_id),
        "device": device.label if device else None,
        "actor_id": redemption.actor_id,
    }


def other_side(view: View, voucher: Voucher | None) -> dict[str, Any]:
    """Return who used the voucher last, as a conflict shows it: with the times as that door and as the server saw them.

    `staff` may name somebody: see `conflicts.open_conflict`.
    """
    if voucher is None or voucher.last_redemption_id is None:
        return {}
    redemption = view.get(REDEMPTIONS, voucher.last_redemption_id)
    if redemption is None:
        view.missed()
        return {}
    device = device_of(view, redemption.device_id) if redemption.device_id else None
    local = redemption.local or {}
    return {
        "device_id": redemption.device_id,
        "device": device.label if device else None,
        "staff": local.get("staff"),
        "gate_id": redemption.gate_id,
        "gate": gate_name(view, redemption.gate_id),
        "redeemed_at": redemption.redeemed_at,
        "received_at": redemption.received_at,
        "device_time": local.get("device_time"),
        "offline": redemption.offline,
        "units": redemption.units,
    }


def gate_name(view: View, gate_id: UUID | None) -> str | None:
    """Return a gate's name, also a deleted one's."""
    gate = view.get(GATES, gate_id) if gate_id is not None else None
    return gate.name if gate else None


def _previous(
    answer: Mapping[str, Any], actor_id: UUID | None, now: datetime, *, replayed: bool
) -> dict[str, Any] | None:
    use = answer["previous"]
    if use is None and replayed and answer["redemption_id"] and not _same(answer["actor_id"], actor_id):
        use = answer  # somebody else's key: that redemption itself is the previous use
    if use is None:
        return None
    redeemed_at = datetime.fromisoformat(str(use["redeemed_at"]))
    return {
        "redemption_id": use["redemption_id"],
        "redeemed_at": use["redeemed_at"],
        "gate": use["gate"],
        "device": use["device"],
        "seconds_ago": max(0, int((now - redeemed_at).total_seconds())),
        "same_device": _same(use["actor_id"], actor_id),
    }


def _same(one: Any, other: Any) -> bool:
    return str(one) == str(other)
