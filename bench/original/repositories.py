"""Redeeming as the original system is written: repositories on the unit of work, which writes what has changed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from bench.original.models import Redemption, Voucher, now
from bench.original.redeem import UNKNOWN, Redeem, accepted, refused_by, state, used
from bench.original.schemas import Verdict
from bench.original.security import Staff
from dibs_realtime.kit.ids import new_id


class Repository:
    """The rows of one kind in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session


class Vouchers(Repository):
    """The vouchers."""

    async def locked(self, event_id: UUID, code: str) -> Voucher | None:
        """Return the voucher with its offer and its event, its row locked until the transaction ends."""
        statement = (
            select(Voucher)
            .where(Voucher.event_id == event_id, Voucher.code == code)
            .options(joinedload(Voucher.offer, innerjoin=True), joinedload(Voucher.event, innerjoin=True))
            .with_for_update(of=Voucher)
        )
        return (await self._session.scalars(statement)).one_or_none()


class Redemptions(Repository):
    """The redemptions."""

    async def of_key(self, event_id: UUID, key: str) -> Redemption | None:
        """Return what was redeemed under the key, with its voucher and offer."""
        statement = (
            select(Redemption)
            .where(Redemption.event_id == event_id, Redemption.idempotency_key == key)
            .options(joinedload(Redemption.voucher).joinedload(Voucher.offer))
        )
        return (await self._session.scalars(statement)).one_or_none()

    def add(self, redemption: Redemption) -> None:
        """Have it written with the transaction."""
        self._session.add(redemption)


class RedeemByRepositories(Redeem):
    """One query and what the unit of work writes."""

    async def _judge(self, session: AsyncSession, staff: Staff, code: str, key: str) -> Verdict:
        voucher = await Vouchers(session).locked(staff.event_id, code)
        if voucher is None:
            return UNKNOWN
        refusal = refused_by(voucher.event.status, voucher.offer.status)
        if refusal is not None:
            return refusal
        if voucher.uses >= voucher.max_uses:
            # Has this key counted already? Only asked here: with uses left the unique key tells.
            replay = await self._replay(session, staff.event_id, key)
            return replay or used(voucher, voucher.offer.title)
        voucher.uses += 1
        redemption = Redemption(
            id=new_id(),
            event_id=staff.event_id,
            voucher_id=voucher.id,
            idempotency_key=key,
            redeemed_by=staff.id,
            redeemed_at=now(),
        )
        Redemptions(session).add(redemption)
        return accepted(redemption.id, redemption.redeemed_at, state(voucher, voucher.offer.title, voucher.uses))

    async def _replay(self, session: AsyncSession, event_id: UUID, key: str) -> Verdict | None:
        found = await Redemptions(session).of_key(event_id, key)
        if found is None:
            return None
        shown = state(found.voucher, found.voucher.offer.title, found.voucher.uses)
        return accepted(found.id, found.redeemed_at, shown, replayed=True)
