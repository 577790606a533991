"""What a case leaves behind: a redemption, a refused attempt, or a conflict for a person to look at."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.ledger.model import Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import record
from dibs_realtime.redemptions import conflicts
from dibs_realtime.redemptions.case import Case
from dibs_realtime.redemptions.model import ATTEMPTS, REDEMPTIONS, Attempt, Redemption
from dibs_realtime.redemptions.render import other_side, uses_of
from dibs_realtime.vouchers.model import VOUCHERS, Lease, Voucher


def redeem(view: View, case: Case, answer: dict[str, Any], lease_for: timedelta) -> None:
    """Redeem the case's voucher and complete the answer. `lease_for`: how long the rest of its uses may be lent."""
    voucher, scan, now = case.voucher, case.scan, view.now
    assert voucher is not None
    offline = scan.local is not None
    uses = voucher.uses + scan.units
    after = replace(
        voucher,
        uses=uses,
        state=voucher.state_with(uses),
        last_redemption_id=case.new_id,
        updated_at=now,
        lease=_lease(view, case, voucher, uses, lease_for),
    )
    counts = {"redeemed_units": scan.units}
    if voucher.unclaimed:
        counts["unclaimed"] = -1
    data: dict[str, Any] = {
        "redemption_id": case.new_id,
        "units": scan.units,
        "uses": uses,
        "max_uses": voucher.max_uses,
        "redeemed_at": case.at,
        "offline": offline,
    }
    if offline:
        data |= {"received_at": now, "clock_suspect": case.clock_suspect}
    lease = after.lease
    if lease is not None and lease != voucher.lease:
        data["lease"] = {"device_id": lease.device_id, "until": lease.until}
    gate_id, actor = case.gate_id, case.actor
    seq = record(view, Draft("voucher.redeemed", actor, voucher.offer_id, voucher.id, gate_id, data, counts))
    view.put(VOUCHERS, after)
    view.put(
        REDEMPTIONS,
        Redemption(
            id=case.new_id,
            seq=seq,
            voucher_id=voucher.id,
            offer_id=voucher.offer_id,
            gate_id=gate_id,
            device_id=case.device_id,
            actor_type=actor.type,
            actor_id=actor.id or view.event_id,
            units=scan.units,
            redeemed_at=case.at,
            received_at=now,
            offline=offline,
            reversed_at=None,
            local=scan.local.model_dump(mode="json") if scan.local is not None else None,
        ),
    )
    answer["redemption_id"], answer["seq"], answer["redeemed_at"] = case.new_id, seq, case.at
    answer["voucher"] = uses_of(after)
    if lease is not None and lease.device_id == case.device_id:
        answer["leased_until"] = lease.until


def keep_attempt(view: View, case: Case, reason: str) -> None:
    """Keep a refused attempt, and tell those who watch."""
    voucher, scan = case.voucher, case.scan
    attempt = Attempt(
        id=case.new_id,
        at=view.now,
        scanned_at=case.at,
        reason=reason,
        voucher_id=voucher.id if voucher else None,
        offer_id=voucher.offer_id if voucher else None,
        gate_id=case.gate_id,
        device_id=case.device_id,
        actor_type=case.actor.type,
        actor_id=case.actor.id or view.event_id,
        actor_label=case.actor.label,
        units=scan.units,
        offline=scan.local is not None,
        local=scan.local.model_dump(mode="json") if scan.local else None,
    )
    view.put(ATTEMPTS, attempt)
    view.notify(conflicts.scan_notice(view.event_id, attempt))


def open_conflict(view: View, case: Case, reason: str, previous: Mapping[str, Any] | None) -> UUID:
    """Open the conflict of what a door did alone, with both sides; return its id."""
    local = case.scan.local
    assert local is not None
    door = {
        "side": "door",
        "device_id": case.device_id,
        "device": case.actor.label,
        "staff": local.staff,
        "gate_id": case.gate_id,
        "gate": case.gate.name if case.gate is not None else None,
        "verdict": local.verdict,
        "scanned_at": case.at,
        "device_time": local.device_time,
        "clock_offset_ms": local.clock_offset_ms,
        "clock_suspect": case.clock_suspect,
        "units": case.scan.units,
        "received_at": view.now,
    }
    server = {"side": "server", "reason": reason, "previous": previous, **other_side(view, case.voucher)}
    sides = [door, server]
    return conflicts.open_conflict(view, case.conflict_id, case.key, reason, case.voucher, case.gate_id, sides)


def _lease(view: View, case: Case, voucher: Voucher, uses: int, lease_for: timedelta) -> Lease | None:
    """Return to whom the rest of the uses is lent now: a device's online scan lends it to that device."""
    offer, device = case.offer, case.device
    if uses >= voucher.max_uses:
        return None
    if offer is None or offer.offline != "lease" or device is None or case.scan.local is not None:
        return voucher.lease
    return Lease(device.id, device.session_id, view.now + lease_for)
