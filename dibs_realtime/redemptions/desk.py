"""The use case of the door: from a request, over REST or a socket alike, to a verdict."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.caller import Caller, Device, User
from dibs_realtime.events.actors import actor_of
from dibs_realtime.kit import problems
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.parsing import parse_part
from dibs_realtime.ledger.command import Lane
from dibs_realtime.ledger.routing import Submits
from dibs_realtime.redemptions.case import Scan
from dibs_realtime.redemptions.commands import Redeem
from dibs_realtime.redemptions.leases import LEASE_FOR
from dibs_realtime.redemptions.messages import message
from dibs_realtime.redemptions.reversal import Reverse
from dibs_realtime.redemptions.schemas import RedeemRequest, ReversalRequest
from dibs_realtime.vouchers import codes

_log = logging.getLogger(__name__)

RoleOf = Callable[[Caller, UUID], Awaitable[str | None]]
"""Answers a member's role in an event; None for everybody else."""


class DoorDesk:
    """Redeems and reverses."""

    def __init__(self, ledger: Submits, role_of: RoleOf, lease_for: timedelta = LEASE_FOR) -> None:
        self._ledger = ledger
        self._role_of = role_of
        self._lease_for = lease_for

    async def redeem(
        self, caller: Caller, event_id: UUID, request: RedeemRequest, language: str, *, lane: Lane = Lane.DOOR
    ) -> dict[str, Any]:
        """Return `RedemptionVerdict` as a dict. Raises Problem 403, 404, 422 or 503."""
        device_id = caller.device_id if isinstance(caller, Device) else None
        if request.local is not None and device_id is None:
            raise problems.unprocessable("Only devices judge alone.", loc=("body", "local"))
        code = codes.read(request.code) if request.code is not None else None
        digested = code or request.code or str(request.voucher_id)
        command = Redeem(
            event_id=event_id,
            actor=actor_of(caller, "Door staff"),
            device_id=device_id,
            key=request.idempotency_key,
            scan=Scan(
                code=code,
                raw_digest=codes.digest(digested),
                voucher_id=request.voucher_id,
                gate_id=request.gate_id,
                units=request.units,
                dry_run=request.dry_run,
                scanned_at=request.scanned_at,
                local=request.local,
            ),
            new_id=(fresh := new_id()),
            conflict_id=new_id() if request.local is not None else fresh,
            lane=lane,
            lease_for=self._lease_for,
        )
        verdict = await self._ledger.submit(command)
        verdict["message"] = message(verdict["reason"], language)
        return verdict

    async def redeem_batch(
        self, caller: Caller, event_id: UUID, items: Sequence[Any], language: str
    ) -> list[dict[str, Any]]:
        """Return one verdict or `{"problem": …}` an item, in order; a bad item stops no other."""
        # The tasks start in order, and the ledger's lane keeps it: two items on one voucher are judged as they
        # happened.
        tasks = [asyncio.create_task(self._one(caller, event_id, item, language)) for item in items]
        return list(await asyncio.gather(*tasks))

    async def manages(self, caller: Caller, event_id: UUID) -> bool:
        """Return whether the caller manages the event."""
        role = await self._role_of(caller, event_id) if isinstance(caller, User) else None
        return role in ("owner", "manager")

    async def reverse(
        self, caller: Caller, event_id: UUID, redemption_id: UUID, request: ReversalRequest
    ) -> dict[str, Any]:
        """Return `ReversalVerdict` as a dict. Raises Problem 404, 422 or 503."""
        any_time = await self.manages(caller, event_id)
        return await self._ledger.submit(
            Reverse(
                event_id=event_id,
                actor=actor_of(caller, "Organizer" if any_time else "Door staff"),
                key=request.idempotency_key,
                redemption_id=redemption_id,
                reason=request.reason,
                any_time=any_time,
            )
        )

    async def _one(self, caller: Caller, event_id: UUID, item: Any, language: str) -> dict[str, Any]:
        try:
            request = parse_part(RedeemRequest, item, "item")
            return await self.redeem(caller, event_id, request, language, lane=Lane.UPLOAD)
        except problems.Problem as raised:
            problem = raised
        except Exception:  # noqa: BLE001  # the other items were decided: their answers must not be lost with it
            _log.exception("an item of a batch failed", extra={"event_id": str(event_id)})
            problem = problems.Problem(500, "This is our fault.", slug="fault")
        request_id = str(new_id())
        return {"problem": problem.body(f"urn:uuid:{request_id}", request_id)}
