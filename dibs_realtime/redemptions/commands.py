"""The command of the door: redeem a voucher, online or as a door judged it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.doors.model import Device, check_device, device_of
from dibs_realtime.events.model import GATES, STATUS_HISTORY, Gate, event_of, status_at
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import VERDICT_BY_KEY, VERDICTS, KeyedCommand, Lane, Verdict
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import Row, replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import OFFERS, Offer, record
from dibs_realtime.redemptions import conflicts, leases
from dibs_realtime.redemptions.model import (
    ATTEMPTS,
    LAST_OF_CODE,
    LAST_OF_VOUCHER,
    LATE_AFTER,
    REDEMPTION_BY_KEY,
    REDEMPTIONS,
    Attempt,
    Redemption,
    Standing,
    gate_of_scan,
    judge,
)
from dibs_realtime.redemptions.render import last_use, other_side, uses_of, verdict_shape
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import VOUCHER_BY_CODE, VOUCHER_BY_ID, VOUCHERS, Lease, Voucher
from dibs_realtime.vouchers.render import voucher_shape

SCOPE = "door"
"""The doors' keys are unique in the whole event."""
PREVIOUS_TOLD = ("already_redeemed", "insufficient_uses")
"""Refusals that say where, when and by which device the voucher was used."""


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
    """What a scan is judged by. `at`: when it happened. `gate`: None where the door stands at none that counts."""

    voucher: Voucher | None
    offer: Offer | None
    device: Device | None
    gate: Gate | None
    at: datetime

    @property
    def gate_id(self) -> UUID | None:
        """The gate's id."""
        return self.gate.id if self.gate is not None else None


@dataclass(eq=False, slots=True)
class Redeem(KeyedCommand[dict[str, Any]]):
    """Redeem at the door. `new_id` is the redemption's, attempt's or conflict's id should there be one.

    The answer is `RedemptionVerdict` as a dict without `message`.
    """

    event_id: UUID
    actor: Actor
    device_id: UUID | None
    key: str
    scan: Scan
    new_id: UUID
    conflict_id: UUID
    lane: Lane = Lane.DOOR
    lease_for: timedelta = leases.LEASE_FOR

    @property
    def scope(self) -> str:
        return SCOPE

    def reads(self) -> Iterable[Read]:
        scan = self.scan
        reads = [Read(VERDICT_BY_KEY, (SCOPE, self.key))]
        if scan.code is not None:
            reads += (Read(VOUCHER_BY_CODE, scan.code), Read(LAST_OF_CODE, scan.code))
        elif scan.voucher_id is not None:
            reads += (Read(VOUCHER_BY_ID, scan.voucher_id), Read(LAST_OF_VOUCHER, scan.voucher_id))
        if scan.local is not None:
            reads += (
                Read(STATUS_HISTORY, self.event_id),
                Read(REDEMPTION_BY_KEY, self.key),
                *conflicts.reads(self.key),
            )
        return reads

    def fingerprint(self, view: View) -> str:
        # A voucher found by its id counts as its code: a door may ask once with the one and once with the other.
        voucher = self._voucher(view) if self.scan.voucher_id is not None else None
        return f"{codes.digest(voucher.code) if voucher else self.scan.raw_digest}:{self.scan.units}"

    def decide(self, view: View) -> dict[str, Any]:
        case = self._case(view)
        check_device(case.device)
        known = self.stored(view)
        if known is not None:
            answer = known.answer
            if self.scan.local is not None and not self.scan.dry_run:
                answer = self._open_conflict_of_answer(view, case, known)
            return self.render(view, answer, replayed=True)
        self._check(case)
        answer = self._judged(view, case)
        if not self.scan.dry_run:
            answer = self._acted(view, case, answer)
            self.store(view, answer)
        return self.render(view, answer, replayed=False)

    def act(self, view: View) -> Mapping[str, Any]:
        case = self._case(view)
        return self._acted(view, case, self._judged(view, case))

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> dict[str, Any]:
        voucher_id = answer["voucher_id"]  # a text where the answer was read back
        voucher = (
            view.get(VOUCHERS, voucher_id if isinstance(voucher_id, UUID) else UUID(voucher_id)) if voucher_id else None
        )
        shape = voucher_shape(view, voucher, whole_code=False) if voucher else None
        return verdict_shape(
            answer, shape, actor_id=self.actor.id, now=view.now, replayed=replayed, dry_run=self.scan.dry_run
        )

    # ── what is judged ──

    def _case(self, view: View) -> Case:
        scan, now = self.scan, view.now
        voucher = self._voucher(view)
        device = device_of(view, self.device_id) if self.device_id is not None else None
        own = device.gate_id if device is not None else None
        gate = view.get(GATES, scan.gate_id or own)
        if gate is not None:
            known = {gate.id: gate.deleted}
            gate = gate if gate_of_scan(scan.gate_id, own, known, alone=scan.local is not None) is not None else None
        at = now
        if scan.local is not None and scan.scanned_at is not None:
            # Between the first pairing and now, whatever the door's clock said.
            earliest = device.first_paired_at if device is not None and device.first_paired_at else now
            at = min(max(scan.scanned_at, earliest), now)
        return Case(voucher, view.get(OFFERS, voucher.offer_id) if voucher is not None else None, device, gate, at)

    def _voucher(self, view: View) -> Voucher | None:
        if self.scan.code is not None:
            return view.first(VOUCHER_BY_CODE, self.scan.code)
        return view.get(VOUCHERS, self.scan.voucher_id)

    def _check(self, case: Case) -> None:
        """Raise Problem 403 or 422 for what this door may not ask, or cannot."""
        scan, device = self.scan, case.device
        # A door that judged alone may have lost a right since: what it did is no less done.
        if device is not None and scan.voucher_id is not None and not device.can_search and scan.local is None:
            raise problems.forbidden("This device may not search: scan the code.")
        if scan.gate_id is None:
            return
        if device is not None and device.gate_locked and scan.local is None and scan.gate_id != device.gate_id:
            raise problems.forbidden("This device is locked to its gate.")
        if case.gate is None:
            raise problems.unprocessable("This is no gate of this event.", loc=("body", "gate_id"))

    def _standing(self, view: View, case: Case) -> Standing:
        event_status, offer = event_of(view).status, case.offer
        offer_status = offer.status if offer is not None else "active"
        if self.scan.local is None:
            return Standing(event_status, offer_status)
        return Standing(
            status_at(view, self.event_id, case.at, event_status),  # type: ignore[arg-type]  # an event's rows hold event statuses
            status_at(view, offer.id, case.at, offer_status) if offer else offer_status,  # type: ignore[arg-type]  # likewise
        )

    def _judged(self, view: View, case: Case) -> dict[str, Any]:
        voucher, gate = case.voucher, case.gate
        # What a door did alone has happened: there the uses that are left decide, and not who held them.
        lent = self.scan.local is None and leases.is_lent_to_another(view, voucher, case.offer, self.device_id)
        standing = self._standing(view, case)
        reason = judge(voucher, case.offer, standing, case.gate_id, self.scan.units, case.at, lent=lent)
        return {
            "reason": reason,
            "redemption_id": None,
            "seq": None,
            "redeemed_at": None,
            "voucher_id": voucher.id if voucher is not None else None,
            "voucher": uses_of(voucher),
            "previous": last_use(view, voucher) if reason in PREVIOUS_TOLD else None,
            "conflict_id": None,
            "leased_until": None,
            "actor_id": self.actor.id,
            "gate": gate.name if gate is not None else None,
            "device": case.device.label if case.device is not None else None,
        }

    # ── what is done ──

    def _acted(self, view: View, case: Case, answer: dict[str, Any]) -> dict[str, Any]:
        local, voucher = self.scan.local, case.voucher
        if local is not None and local.verdict == "refused":
            # The guest was turned away: whatever the server thinks of it, nothing is redeemed.
            answer["reason"] = local.reason
            if local.reason in PREVIOUS_TOLD:
                answer["previous"] = last_use(view, voucher)
            self._keep_attempt(view, case, answer["reason"])
        elif answer["reason"] is not None:
            if local is not None:
                answer["conflict_id"] = self._open_conflict(view, case, answer["reason"], answer["previous"])
            self._keep_attempt(view, case, answer["reason"])
        else:
            assert voucher is not None
            self._redeem(view, case, voucher, answer)
            beside = self._doubt(view, case)
            if beside is not None:
                answer["conflict_id"] = self._open_conflict(view, case, beside, None)
        return answer

    def _doubt(self, view: View, case: Case) -> str | None:
        """Return why a person should look at what a door did alone although it is recorded as it was."""
        if self.scan.local is None:
            return None
        if view.now - case.at > LATE_AFTER:
            return "late"
        # The door's clock was wrong, and the time decided.
        if self._clock_suspect(case.at) and case.offer is not None and not case.offer.redeems_at(view.now):
            return "clock"
        return None

    def _redeem(self, view: View, case: Case, voucher: Voucher, answer: dict[str, Any]) -> None:
        units, at, gate_id, now = self.scan.units, case.at, case.gate_id, view.now
        offline = self.scan.local is not None
        uses = voucher.uses + units
        after = replace(
            voucher,
            uses=uses,
            state=voucher.state_with(uses),
            last_redemption_id=self.new_id,
            updated_at=now,
            lease=self._lease(view, case, voucher, uses),
        )
        counts = {"redeemed_units": units}
        if voucher.unclaimed:
            counts["unclaimed"] = -1
        data: dict[str, Any] = {
            "redemption_id": self.new_id,
            "units": units,
            "uses": uses,
            "max_uses": voucher.max_uses,
            "redeemed_at": at,
            "offline": offline,
        }
        if offline:
            data |= {"received_at": now, "clock_suspect": self._clock_suspect(at)}
        lease = after.lease
        if lease is not None and lease != voucher.lease:
            data["lease"] = {"device_id": lease.device_id, "until": lease.until}
        seq = record(
            view,
            Draft("voucher.redeemed", self._actor(case), voucher.offer_id, voucher.id, gate_id, data, counts),
        )
        view.put(VOUCHERS, after)
        view.put(
            REDEMPTIONS,
            Redemption(
                id=self.new_id,
                seq=seq,
                voucher_id=voucher.id,
                offer_id=voucher.offer_id,
                gate_id=gate_id,
                device_id=self.device_id,
                actor_type=self.actor.type,
                actor_id=self.actor.id or self.event_id,
                units=units,
                redeemed_at=at,
                received_at=now,
                offline=offline,
                reversed_at=None,
                local=self.scan.local.model_dump(mode="json") if self.scan.local is not None else None,
            ),
        )
        answer["redemption_id"], answer["seq"], answer["redeemed_at"] = self.new_id, seq, at
        answer["voucher"] = uses_of(after)
        if lease is not None and lease.device_id == self.device_id:
            answer["leased_until"] = lease.until

    def _lease(self, view: View, case: Case, voucher: Voucher, uses: int) -> Lease | None:
        """Return to whom the rest of the uses is lent now: a device's online scan lends it to that device."""
        offer, device = case.offer, case.device
        if uses >= voucher.max_uses:
            return None
        if offer is None or offer.offline != "lease" or device is None or self.scan.local is not None:
            return voucher.lease
        return Lease(device.id, device.session_id, view.now + self.lease_for)

    def _actor(self, case: Case) -> Actor:
        device = case.device
        return self.actor if device is None else Actor(self.actor.type, self.actor.id, device.label)

    def _clock_suspect(self, at: datetime) -> bool:
        local = self.scan.local
        assert local is not None
        return local.clock_suspect or (self.scan.scanned_at is not None and self.scan.scanned_at != at)

    def _keep_attempt(self, view: View, case: Case, reason: str) -> None:
        voucher, local = case.voucher, self.scan.local
        attempt = Attempt(
            id=self.new_id,
            at=view.now,
            reason=reason,
            voucher_id=voucher.id if voucher else None,
            offer_id=voucher.offer_id if voucher else None,
            gate_id=case.gate_id,
            device_id=self.device_id,
            actor_type=self.actor.type,
            actor_id=self.actor.id or self.event_id,
            actor_label=self._actor(case).label,
            units=self.scan.units,
            offline=local is not None,
            local=local.model_dump(mode="json") if local else None,
        )
        view.put(ATTEMPTS, attempt)
        view.notify(conflicts.scan_notice(self.event_id, attempt))

    def _open_conflict(self, view: View, case: Case, reason: str, previous: Mapping[str, Any] | None) -> UUID:
        local = self.scan.local
        assert local is not None
        door = {
            "side": "door",
            "device_id": self.device_id,
            "device": self._actor(case).label,
            "staff": local.staff,
            "gate_id": case.gate_id,
            "gate": case.gate.name if case.gate is not None else None,
            "verdict": local.verdict,
            "scanned_at": case.at,
            "device_time": local.device_time,
            "clock_offset_ms": local.clock_offset_ms,
            "clock_suspect": self._clock_suspect(case.at),
            "units": self.scan.units,
            "received_at": view.now,
        }
        server = {"side": "server", "reason": reason, "previous": previous, **other_side(view, case.voucher)}
        return conflicts.open_conflict(
            view, self.conflict_id, self.key, reason, case.voucher, case.gate_id, [door, server]
        )

    def _open_conflict_of_answer(self, view: View, case: Case, known: Verdict) -> Mapping[str, Any]:
        """Open the conflict of a key whose answer was stored, where the door that never saw it did something else."""
        local, answer = self.scan.local, known.answer
        assert local is not None
        reason = answer["reason"]
        if answer["conflict_id"] or (reason is not None and local.verdict == "refused"):
            return answer
        if reason is None:
            redemption = view.get(REDEMPTIONS, UUID(str(answer["redemption_id"])))
            is_reversed = redemption is not None and redemption.reversed_at is not None
            if is_reversed != (local.verdict == "accepted"):
                return answer
            reason = "reversed" if is_reversed else "turned_away"
        conflict_id = self._open_conflict(view, case, reason, answer["previous"])
        changed = {**answer, "conflict_id": str(conflict_id)}
        view.put(VERDICTS, replace(known, answer=changed))
        return changed
