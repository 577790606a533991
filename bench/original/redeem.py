"""The use case: lock the voucher's row, judge, write, commit, publish. Subclasses say how rows are read and written."""

import json
from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.original.models import Voucher
from bench.original.schemas import RedeemRequest, Verdict, VoucherState
from bench.original.security import Staff

if TYPE_CHECKING:
    from redis.asyncio import Redis


class Redeem(ABC):
    """Redeems one voucher a call."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], redis: "Redis") -> None:
        self._sessions = sessions
        self._redis = redis

    async def __call__(self, staff: Staff, request: RedeemRequest) -> Verdict:
        """Return the verdict; an accepted one is committed and published."""
        code = request.code.upper().replace("-", "").replace(" ", "")
        try:
            async with self._sessions.begin() as session:
                verdict = await self._judge(session, staff, code, request.idempotency_key)
        except IntegrityError:  # the same key at the same time: the other one has counted
            async with self._sessions() as session:
                replay = await self._replay(session, staff.event_id, request.idempotency_key)
            if replay is None:
                raise
            return replay
        if verdict.verdict == "accepted" and not verdict.replayed:
            await self._publish(staff.event_id, verdict)
        return verdict

    @abstractmethod
    async def _judge(self, session: AsyncSession, staff: Staff, code: str, key: str) -> Verdict: ...

    @abstractmethod
    async def _replay(self, session: AsyncSession, event_id: UUID, key: str) -> Verdict | None: ...

    async def _publish(self, event_id: UUID, verdict: Verdict) -> None:
        assert verdict.voucher is not None
        assert verdict.redeemed_at is not None
        message: dict[str, Any] = {
            "kind": "voucher.redeemed",
            "voucher_id": str(verdict.voucher.id),
            "offer_id": str(verdict.voucher.offer_id),
            "redemption_id": str(verdict.redemption_id),
            "redeemed_at": verdict.redeemed_at.isoformat(),
            "uses": verdict.voucher.uses,
            "max_uses": verdict.voucher.max_uses,
        }
        await self._redis.publish(f"event:{event_id}", json.dumps(message))


UNKNOWN = Verdict(verdict="refused", reason="unknown_code", message="There is no such code.")


def refused_by(event_status: str, offer_status: str) -> Verdict | None:
    """Return the refusal that does not depend on the voucher, or None."""
    if event_status != "open":
        return Verdict(verdict="refused", reason="event_not_open", message="The event is not open.")
    if offer_status != "active":
        return Verdict(verdict="refused", reason="offer_paused", message="The offer is paused.")
    return None


def used(voucher: Voucher, title: str) -> Verdict:
    """Return the refusal of a voucher without uses left."""
    return Verdict(
        verdict="refused",
        reason="already_redeemed",
        message="This code has been used.",
        voucher=state(voucher, title, voucher.uses),
    )


def accepted(redemption_id: UUID, redeemed_at: datetime, voucher: VoucherState, *, replayed: bool = False) -> Verdict:
    """Return the verdict of a redemption that counts."""
    return Verdict(
        verdict="accepted",
        message="Welcome.",
        replayed=replayed,
        redemption_id=redemption_id,
        redeemed_at=redeemed_at,
        voucher=voucher,
    )


def state(voucher: Voucher, title: str, uses: int) -> VoucherState:
    """Return what a verdict says of the voucher."""
    return VoucherState(
        id=voucher.id,
        code=voucher.code,
        state="issued" if uses < voucher.max_uses else "redeemed",
        offer_id=voucher.offer_id,
        offer_title=title,
        uses=uses,
        max_uses=voucher.max_uses,
        remaining=voucher.max_uses - uses,
    )
