"""The tables, as SQLAlchemy's declarative models."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from dibs_realtime.kit.ids import new_id


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """What every table has."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)


class Event(Base):
    """A gathering."""

    __tablename__ = "events"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[str]


class Offer(Base):
    """What a voucher gives."""

    __tablename__ = "offers"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), index=True)
    title: Mapped[str]
    status: Mapped[str]


class Voucher(Base):
    """One code of one offer."""

    __tablename__ = "vouchers"
    __table_args__ = (UniqueConstraint("event_id", "code"),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offers.id"))
    code: Mapped[str]
    uses: Mapped[int]
    max_uses: Mapped[int]
    event: Mapped[Event] = relationship()
    offer: Mapped[Offer] = relationship()


class Redemption(Base):
    """One accepted redemption; its key is unique in the event."""

    __tablename__ = "redemptions"
    __table_args__ = (UniqueConstraint("event_id", "idempotency_key"),)

    # Its event is its voucher's: a second foreign key would only make every insert lock the event's one row.
    event_id: Mapped[UUID]
    voucher_id: Mapped[UUID] = mapped_column(ForeignKey("vouchers.id"), index=True)
    idempotency_key: Mapped[str]
    redeemed_by: Mapped[UUID]
    redeemed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    voucher: Mapped[Voucher] = relationship()
