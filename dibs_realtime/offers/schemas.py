"""Offers on the wire."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from dibs_realtime.kit.wire import LongText, Moment, Name, Omissible, Utc, Wire
from dibs_realtime.offers.model import OfferStatus, OfflineRule

Quantity = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
Limit = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Uses = Annotated[int, Field(ge=1, le=1_000, strict=True)]
GateIds = Annotated[list[UUID], Field(max_length=200)]


class OfferResource(Wire):
    """An offer as entries and snapshots hold it, without its figures."""

    id: UUID
    event_id: UUID
    title: str
    description: str
    quantity: int | None
    claimable: bool
    per_guest_limit: int | None
    max_uses: int
    claim_from: Utc | None
    claim_until: Utc | None
    redeem_from: Utc | None
    redeem_until: Utc | None
    gate_ids: list[UUID]
    status: OfferStatus
    offline: OfflineRule
    version: int
    created_at: Utc
    updated_at: Utc


class OfferOut(OfferResource):
    """An offer and its figures. `remaining`: how many more people can still get one; null: no limit."""

    issued: int
    claimed: int
    redeemed_units: int
    voided: int
    released: int
    unclaimed: int
    places: int
    remaining: int | None


class _Windows(Wire):
    claim_from: Moment | None = None
    claim_until: Moment | None = None
    redeem_from: Moment | None = None
    redeem_until: Moment | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for word in ("claim", "redeem"):
            start, end = getattr(self, f"{word}_from"), getattr(self, f"{word}_until")
            if start is not None and end is not None and end <= start:
                raise ValueError(f"{word}_until must be after {word}_from")
        return self


class NewOffer(_Windows):
    """A new offer."""

    title: Name
    description: LongText = ""
    quantity: Quantity | None = None
    claimable: Annotated[bool, Field(strict=True)]
    per_guest_limit: Limit | None = None
    max_uses: Uses = 1
    gate_ids: GateIds = Field(default_factory=list)
    status: OfferStatus = "active"
    offline: OfflineRule = "allow"


class OfferPatch(_Windows):
    """What to change of an offer; what is left out stays, null clears what may be empty."""

    title: Omissible[Name] = None
    description: Omissible[LongText] = None
    quantity: Quantity | None = None
    claimable: Omissible[Annotated[bool, Field(strict=True)]] = None
    per_guest_limit: Limit | None = None
    max_uses: Omissible[Uses] = None
    gate_ids: Omissible[GateIds] = None
    status: Omissible[OfferStatus] = None
    offline: Omissible[OfflineRule] = None
