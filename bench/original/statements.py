"""The same by hand: statements instead of a unit of work.

Nobody writes a whole system so; it tells how far this stack can be driven.
"""

from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bench.original.models import Event, Offer, Redemption, Voucher, now
from bench.original.redeem import UNKNOWN, Redeem, accepted, refused_by, state, used
from bench.original.schemas import Verdict
from bench.original.security import Staff
from dibs_realtime.kit.ids import new_id

# All that the judgement needs in one round trip; only the voucher is locked.
_LOCKED = (
    select(Voucher, Offer.title, Offer.status, Event.status)
    .join(Offer, Offer.id == Voucher.offer_id)
    .join(Event, Event.id == Voucher.event_id)
    .where(Voucher.event_id == bindparam("event_id"), Voucher.code == bindparam("code"))
    .with_for_update(of=Voucher)
)
_BY_KEY = (
    select(Redemption.id, Redemption.redeemed_at, Voucher, Offer.title)
    .join(Voucher, Voucher.id == Redemption.voucher_id)
    .join(Offer, Offer.id == Voucher.offer_id)
    .where(Redemption.event_id == bindparam("event_id"), Redemption.idempotency_key == bindparam("key"))
)
_vouchers = cast("Table", Voucher.__table__)
_INSERT = insert(cast("Table", Redemption.__table__))
_USE = (
    update(_vouchers)
    .where(_vouchers.c.id == bindparam("voucher_id"))
    .values(uses=_vouchers.c.uses + 1, updated_at=bindparam("at"))
)


class RedeemByStatements(Redeem):
    """Three round trips between begin and commit."""

    async def _judge(self, session: AsyncSession, staff: Staff, code: str, key: str) -> Verdict:
        row = (await session.execute(_LOCKED, {"event_id": staff.event_id, "code": code})).one_or_none()
        if row is None:
            return UNKNOWN
        voucher, title, offer_status, event_status = row
        refusal = refused_by(event_status, offer_status)
        if refusal is not None:
            return refusal
        if voucher.uses >= voucher.max_uses:
            # Has this key counted already? Only asked here: with uses left the unique key tells.
            replay = await self._replay(session, staff.event_id, key)
            return replay or used(voucher, title)
        redemption_id, at = new_id(), now()
        await session.execute(
            _INSERT,
            {
                "id": redemption_id,
                "created_at": at,
                "updated_at": at,
                "event_id": staff.event_id,
                "voucher_id": voucher.id,
                "idempotency_key": key,
                "redeemed_by": staff.id,
                "redeemed_at": at,
            },
        )
        await session.execute(_USE, {"voucher_id": voucher.id, "at": at})
        return accepted(redemption_id, at, state(voucher, title, voucher.uses + 1))

    async def _replay(self, session: AsyncSession, event_id: UUID, key: str) -> Verdict | None:
        row = (await session.execute(_BY_KEY, {"event_id": event_id, "key": key})).one_or_none()
        if row is None:
            return None
        redemption_id, redeemed_at, voucher, title = row
        return accepted(redemption_id, redeemed_at, state(voucher, title, voucher.uses), replayed=True)
