"""The command of the door: redeem a voucher, online or as a door judged it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.doors.model import check_device, device_of
from dibs_realtime.events.model import GATES, STATUS_HISTORY, event_of, status_at, stopped_since
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import VERDICT_BY_KEY, VERDICTS, KeyedCommand, Lane, Verdict
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import OFFERS
from dibs_realtime.redemptions import conflicts, leases, recording
from dibs_realtime.redemptions.case import Case, Scan
from dibs_realtime.redemptions.model import (
    LAST_OF_CODE,
    LAST_OF_VOUCHER,
    LATE_AFTER,
    REDEMPTION_BY_KEY,
    REDEMPTIONS,
    Standing,
    gate_of_scan,
    judge,
)
from dibs_realtime.redemptions.render import last_use, uses_of, verdict_shape
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import VOUCHER_BY_CODE, VOUCHERS, Voucher
from dibs_realtime.vouchers.render import voucher_shape

SCOPE = "door"
"""The doors' keys are unique in the whole event."""
PREVIOUS_TOLD = ("already_redeemed", "insufficient_uses")
"""Refusals that say where, when and by which device the voucher was used."""


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
            reads.append(Read(LAST_OF_CODE, scan.code))  # and with it the voucher
        elif scan.voucher_id is not None:
            reads.append(Read(LAST_OF_VOUCHER, scan.voucher_id))
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
        gate_id = scan.gate_id or own
        gate = view.get(GATES, gate_id) if gate_id is not None else None
        if gate is not None:
            known = {gate.id: gate.deleted}
            gate = gate if gate_of_scan(scan.gate_id, own, known, alone=scan.local is not None) is not None else None
        at = now
        if scan.local is not None and scan.scanned_at is not None:
            # Between the first pairing and now, whatever the door's clock said.
            earliest = device.first_paired_at if device is not None and device.first_paired_at else now
            at = min(max(scan.scanned_at, earliest), now)
        return Case(
            scan=scan,
            key=self.key,
            new_id=self.new_id,
            conflict_id=self.conflict_id,
            actor=self.actor if device is None else Actor(self.actor.type, self.actor.id, device.label),
            device_id=self.device_id,
            device=device,
            voucher=voucher,
            offer=view.get(OFFERS, voucher.offer_id) if voucher is not None else None,
            gate=gate,
            at=at,
        )

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
            recording.keep_attempt(view, case, answer["reason"])
        elif answer["reason"] is not None:
            if local is not None:
                answer["conflict_id"] = recording.open_conflict(view, case, answer["reason"], answer["previous"])
            recording.keep_attempt(view, case, answer["reason"])
        else:
            recording.redeem(view, case, answer, self.lease_for)
            beside = self._doubt(view, case)
            if beside is not None:
                answer["conflict_id"] = recording.open_conflict(view, case, beside, None)
        return answer

    def _doubt(self, view: View, case: Case) -> str | None:
        """Return why a person should look at what a door did alone although it is recorded as it was."""
        if self.scan.local is None:
            return None
        if view.now - case.at > LATE_AFTER:
            return "late"
        # The door's clock was wrong, and the time decided.
        if case.clock_suspect and self._depends_on_time(view, case):
            return "clock"
        return None

    def _depends_on_time(self, view: View, case: Case) -> bool:
        """Return whether a window has ended, or the event or the offer was stopped, since the door says it happened."""
        offer = case.offer
        assert offer is not None  # the voucher was redeemed
        # Also where it went on after that: the guest may have come in between.
        return not offer.redeems_at(view.now) or stopped_since(view, (self.event_id, offer.id), case.at)

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
            if is_reversed and redemption is not None and redemption.offline:
                return answer  # this very admission was brought in before, and taken back by somebody who saw it
            reason = "reversed" if is_reversed else "turned_away"
        conflict_id = recording.open_conflict(view, case, reason, answer["previous"])
        changed = {**answer, "conflict_id": str(conflict_id)}
        view.put(VERDICTS, replace(known, answer=changed))
        return changed
