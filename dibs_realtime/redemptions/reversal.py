"""The command that takes a redemption back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.doors.model import check_device, device_of, labelled
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import KeyedCommand, Lane
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Lookup, Read
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import record
from dibs_realtime.redemptions.model import REDEMPTION_BY_ID, REDEMPTIONS, Redemption, judge_reversal
from dibs_realtime.redemptions.render import uses_of
from dibs_realtime.vouchers.model import VOUCHER_BY_REDEMPTION, VOUCHERS, Voucher
from dibs_realtime.vouchers.render import voucher_shape

_SIBLINGS: Lookup[Redemption] = Lookup(
    "redemptions_beside",
    REDEMPTIONS,
    f"""SELECT {REDEMPTIONS.column_list("p.")} FROM unnest({{keys}}) AS k (id)
         CROSS JOIN LATERAL (SELECT r.voucher_id FROM redemptions r WHERE r.event_id = $1 AND r.id = k.id LIMIT 1) v
         CROSS JOIN LATERAL (
               SELECT * FROM redemptions s WHERE s.event_id = $1 AND s.voucher_id = v.voucher_id
                ORDER BY s.seq OFFSET 0) p""",  # constants
    ("uuid",),
    lambda row: row.voucher_id,
)


@dataclass(frozen=True)
class Reverse(KeyedCommand[dict[str, Any]]):
    """Take back one redemption, all its units. `any_time`: a manager asks."""

    event_id: UUID
    actor: Actor
    key: str
    redemption_id: UUID
    reason: str
    any_time: bool
    lane: Lane = Lane.DOOR

    @property
    def scope(self) -> str:
        return "reversal"

    def fingerprint(self, view: View) -> str:
        return str(self.redemption_id)

    def reads(self) -> Iterable[Read]:
        yield from super().reads()
        yield Read(REDEMPTION_BY_ID, self.redemption_id)
        yield Read(VOUCHER_BY_REDEMPTION, self.redemption_id)
        yield Read(_SIBLINGS, self.redemption_id)

    def decide(self, view: View) -> dict[str, Any]:
        if self.actor.type == "device" and self.actor.id is not None:
            check_device(device_of(view, self.actor.id))
        if view.get(REDEMPTIONS, self.redemption_id) is None:
            raise problems.not_found()
        return super().decide(view)

    def act(self, view: View) -> Mapping[str, Any]:
        redemption, voucher = self._both(view)
        actor_id = self.actor.id or self.event_id
        reason = judge_reversal(redemption, actor_id, any_time=self.any_time, now=view.now)
        if reason is not None:
            return {"reason": reason, "seq": None, "voucher": uses_of(voucher)}
        view.put(REDEMPTIONS, replace(redemption, reversed_at=view.now))
        uses = voucher.uses - redemption.units
        others = [r for r in view.select(_SIBLINGS, voucher.id) if r.reversed_at is None]
        after = replace(
            voucher,
            uses=uses,
            state=voucher.state if voucher.dead else voucher.state_with(uses),
            last_redemption_id=others[-1].id if others else None,
            updated_at=view.now,
        )
        view.put(VOUCHERS, after)
        counts = {"redeemed_units": -redemption.units}
        if after.unclaimed:
            counts["unclaimed"] = 1
        seq = record(
            view,
            Draft(
                "redemption.reversed",
                labelled(view, self.actor),
                offer_id=voucher.offer_id,
                voucher_id=voucher.id,
                gate_id=redemption.gate_id,
                data={"redemption_id": redemption.id, "units": redemption.units, "reason": self.reason},
                counts=counts,
            ),
        )
        return {"reason": None, "seq": seq, "voucher": uses_of(after)}

    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> dict[str, Any]:
        _, voucher = self._both(view)
        return {
            "verdict": "reversed" if answer["reason"] is None else "refused",
            "reason": answer["reason"],
            "replayed": replayed,
            "voucher": {**voucher_shape(view, voucher, whole_code=False), **answer["voucher"]},
            "seq": answer["seq"],
        }

    def _both(self, view: View) -> tuple[Redemption, Voucher]:
        redemption = view.get(REDEMPTIONS, self.redemption_id)
        assert redemption is not None
        voucher = view.get(VOUCHERS, redemption.voucher_id)
        assert voucher is not None  # vouchers are never deleted
        return redemption, voucher
