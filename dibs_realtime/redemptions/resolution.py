"""The command that settles a conflict."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from dibs_realtime.events.model import EVENT_COUNTERS, EventCounter
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import Command
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.table import Read
from dibs_realtime.ledger.view import View
from dibs_realtime.redemptions.model import CONFLICT_BY_ID, CONFLICTS, Conflict, Outcome


@dataclass(frozen=True)
class ResolveConflict(Command[Conflict]):
    """Settle a conflict with an outcome and a reason. Repeating it changes nothing."""

    event_id: UUID
    actor: Actor
    conflict_id: UUID
    outcome: Outcome
    reason: str

    def reads(self) -> Iterable[Read]:
        """Ask for the conflict."""
        yield Read(CONFLICT_BY_ID, self.conflict_id)

    def decide(self, view: View) -> Conflict:
        """Close it and count one open conflict less."""
        conflict = view.get(CONFLICTS, self.conflict_id)
        if conflict is None:
            raise problems.not_found()
        if conflict.resolved_at is not None:
            return conflict
        resolution = {"outcome": self.outcome, "reason": self.reason}
        after = replace(conflict, resolved_at=view.now, resolution=resolution)
        view.put(CONFLICTS, after)
        counter = view.get(EVENT_COUNTERS, view.event_id) or EventCounter(view.event_id, 0)
        view.put(EVENT_COUNTERS, replace(counter, open_conflicts=counter.open_conflicts - 1))
        view.append(
            Draft(
                "conflict.resolved",
                self.actor,
                voucher_id=conflict.voucher_id,
                data={"conflict_id": conflict.id, "resolution": resolution},
            )
        )
        return after
