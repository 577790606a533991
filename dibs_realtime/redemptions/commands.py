"""The command of the door: redeem a voucher, online or as a door judged it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dibs_realtime.doors.model import Device, check_device, device_of, labelled
from dibs_realtime.events.model import GATES, STATUS_HISTORY, event_of, status_at
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import VERDICTS, KeyedCommand, Lane, Verdict
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import OFFERS, Offer, record
from dibs_realtime.redemptions import conflicts
from dibs_realtime.redemptions.model import (
    ATTEMPTS,
    LAST_OF_CODE,
    LAST_OF_VOUCHER,
    LATE_AFTER,
    REDEMPTIONS,
    Attempt,
    Redemption,
    Standing,
    judge,
)
from dibs_realtime.redemptions.render import gate_name, last_use, uses_of, verdict_shape
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import VOUCHER_BY_CODE, VOUCHER_BY_ID, VOUCHERS, Voucher
from dibs_realtime.vouchers.render import voucher_shape

SCOPE = "door"
"""The doors' keys are unique in the whole event."""
PREVIOUS_TOLD = ("already_redeemed", "insufficient_uses")
"""Refusals that say where, when and by which device the voucher was used."""


@dataclass(frozen=True)
class Scan:
    """What a door asks. `code` is normalised (None with `voucher_id`, or when what was scanned cannot be a code)."""

    code: str | None
    raw_digest: str
    voucher_id: UUID | None
    gate_id: UUID | None
    units: int
    dry_run: bool
    scanned_at: datetime | None
    local: LocalJudgement | None


@dataclass(frozen=True)
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

    @property
    def scope(self) -> str:
        return SCOPE

    def reads(self) -> Iterable[Read]:
        yield from super().reads()
        if self.scan.code is not None:
            yield Read(VOUCHER_BY_CODE, self.scan.code)
            yield Read(LAST_OF_CODE, self.scan.code)
        elif self.scan.voucher_id is not None:
            yield Read(VOUCHER_BY_ID, self.scan.voucher_id)
            yield Read(LAST_OF_VOUCHER, self.scan.voucher_id)
        if self.scan.local is not None:
            yield Read(STATUS_HISTORY, self.event_id)
            yield from conflicts.reads(self.key)

    def fingerprint(self, view: View) -> str:
        # A voucher found by its id counts as its code: a door may ask once with the one and once with the other.
        voucher = self._voucher(view) if self.scan.voucher_id is not None else None
        return f"{codes.digest(voucher.code) if voucher else self.scan.raw_digest}:{self.scan.units}"

    def decide(self, view: View) -> dict[str, Any]:
        scan, device = self.scan, self._device(view)
        check_device(device)
        known = self.stored(view)
        if known is None:
            if scan.voucher_id is not None and device is not None and not device.can_search:
                raise problems.forbidden("This device may not search: scan the code.")
            if (
                device is not None
                and device.gate_locked
                and scan.local is None
                and scan.gate_id
                not in (
                    None,
                    device.gate_id,
                )
            ):
                raise problems.forbidden("This device is locked to its gate.")
            if scan.gate_id is not None and self._gate_id(view) is None:
                raise problems.unprocessable("This is no gate of this event.", loc=("body", "gate_id"))
            if not scan.dry_run:
                return super().decide(view)
            return self.render(view, self._judged(view), replayed=False)
        answer = known.answer
        if scan.local is not None and not scan.dry_run:
            answer = self._open_conflict_of_refusal(view, known)
        return self.render(view, answer, replayed=True)

    def act(self, view: View) -> Mapping[str, Any]:
        answer = dict(self._judged(view))
        scan, voucher = self.scan, self._voucher(view)
        local = scan.local
        if local is not None and local.verdict == "refused":
            # The guest was turned away: whatever the server thinks of it, nothing is redeemed.
            answer["reason"] = local.reason
            if local.reason in PREVIOUS_TOLD:
                answer["previous"] = last_use(view, voucher)
            self._keep_attempt(view, answer, voucher)
            return answer
        if answer["reason"] is not None:
            if local is not None:
                answer["conflict_id"] = self._open_conflict(view, answer["reason"], voucher, answer["previous"])
            self._keep_attempt(view, answer, voucher)
            return answer
        assert voucher is not None
        answer |= self._redeem(view, voucher)
        if local is not None and view.now - self._at(view) > LATE_AFTER:
            answer["conflict_id"] = self._open_conflict(view, "late", voucher, None)
        return answer

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

    def _voucher(self, view: View) -> Voucher | None:
        if self.scan.code is not None:
            return view.first(VOUCHER_BY_CODE, self.scan.code)
        return view.get(VOUCHERS, self.scan.voucher_id)

    def _device(self, view: View) -> Device | None:
        return device_of(view, self.device_id) if self.device_id is not None else None

    def _gate_id(self, view: View) -> UUID | None:
        device = self._device(view)
        gate_id = self.scan.gate_id or (device.gate_id if device else None)
        gate = view.get(GATES, gate_id) if gate_id is not None else None
        # A door that judged alone may have stood at a gate that was deleted since.
        return None if gate is None or (gate.deleted and self.scan.local is None) else gate.id

    def _at(self, view: View) -> datetime:
        """When the scan happened: now, or for a local judgement `scanned_at` between the first pairing and now."""
        if self.scan.local is None or self.scan.scanned_at is None:
            return view.now
        device = self._device(view)
        earliest = device.first_paired_at if device and device.first_paired_at else view.now
        return min(max(self.scan.scanned_at, earliest), view.now)

    def _standing(self, view: View, offer: Offer | None, at: datetime) -> Standing:
        event_status, offer_status = event_of(view).status, offer.status if offer else "active"
        if self.scan.local is None:
            return Standing(event_status, offer_status)
        return Standing(
            status_at(view, self.event_id, at, event_status),  # type: ignore[arg-type]  # an event's rows hold event statuses
            status_at(view, offer.id, at, offer_status) if offer else offer_status,  # type: ignore[arg-type]  # likewise
        )

    def _judged(self, view: View) -> dict[str, Any]:
        voucher = self._voucher(view)
        offer = view.get(OFFERS, voucher.offer_id) if voucher else None
        at = self._at(view)
        reason = judge(voucher, offer, self._standing(view, offer, at), self._gate_id(view), self.scan.units, at)
        return {
            "reason": reason,
            "redemption_id": None,
            "seq": None,
            "redeemed_at": None,
            "voucher_id": voucher.id if voucher else None,
            "voucher": uses_of(voucher),
            "previous": last_use(view, voucher) if reason in PREVIOUS_TOLD else None,
            "conflict_id": None,
            "actor_id": self.actor.id,
            "gate": gate_name(view, self._gate_id(view)),
            "device": labelled(view, self.actor).label if self.device_id else None,
        }

    # ── what is done ──

    def _redeem(self, view: View, voucher: Voucher) -> dict[str, Any]:
        units, at, gate_id = self.scan.units, self._at(view), self._gate_id(view)
        offline = self.scan.local is not None
        uses = voucher.uses + units
        after = replace(
            voucher, uses=uses, state=voucher.state_with(uses), last_redemption_id=self.new_id, updated_at=view.now
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
            data |= {"received_at": view.now, "clock_suspect": self._clock_suspect(at)}
        seq = record(
            view,
            Draft(
                "voucher.redeemed",
                labelled(view, self.actor),
                voucher.offer_id,
                voucher.id,
                gate_id,
                data=data,
                counts=counts,
            ),
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
                received_at=view.now,
                offline=offline,
                reversed_at=None,
            ),
        )
        return {"redemption_id": self.new_id, "seq": seq, "redeemed_at": at, "voucher": uses_of(after)}

    def _clock_suspect(self, at: datetime) -> bool:
        local = self.scan.local
        assert local is not None
        return local.clock_suspect or (self.scan.scanned_at is not None and self.scan.scanned_at != at)

    def _keep_attempt(self, view: View, answer: Mapping[str, Any], voucher: Voucher | None) -> None:
        attempt = Attempt(
            id=self.new_id,
            at=view.now,
            reason=answer["reason"],
            voucher_id=voucher.id if voucher else None,
            offer_id=voucher.offer_id if voucher else None,
            gate_id=self._gate_id(view),
            device_id=self.device_id,
            actor_type=self.actor.type,
            actor_id=self.actor.id or self.event_id,
            actor_label=labelled(view, self.actor).label,
            units=self.scan.units,
            offline=self.scan.local is not None,
            local=self.scan.local.model_dump(mode="json") if self.scan.local else None,
        )
        view.put(ATTEMPTS, attempt)
        view.notify(conflicts.scan_notice(self.event_id, attempt))

    def _open_conflict(
        self, view: View, reason: str, voucher: Voucher | None, previous: Mapping[str, Any] | None
    ) -> UUID:
        assert self.scan.local is not None
        return conflicts.open_conflict(
            view,
            self.conflict_id,
            self.key,
            reason,
            voucher,
            self._gate_id(view),
            [
                {
                    "side": "door",
                    "device_id": self.device_id,
                    "device": labelled(view, self.actor).label,
                    "staff": self.scan.local.staff,
                    "gate_id": self._gate_id(view),
                    "scanned_at": self._at(view),
                    "clock_suspect": self._clock_suspect(self._at(view)),
                    "units": self.scan.units,
                    "received_at": view.now,
                },
                {"side": "server", "reason": reason, "previous": previous},
            ],
        )

    def _open_conflict_of_refusal(self, view: View, known: Verdict) -> Mapping[str, Any]:
        """Open the conflict of a key whose refusal was stored and that comes back as an admission."""
        assert self.scan.local is not None
        answer = known.answer
        if self.scan.local.verdict != "accepted" or answer["reason"] is None or answer["conflict_id"]:
            return answer
        conflict_id = self._open_conflict(view, answer["reason"], self._voucher(view), answer["previous"])
        changed = {**answer, "conflict_id": str(conflict_id)}
        view.put(VERDICTS, replace(known, answer=changed))
        return changed
