"""What goes over the wire: the same request as Party Dibs', and of its answer what this stack knows."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class RedeemRequest(BaseModel):
    """A door asks to redeem."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=4, max_length=64)
    idempotency_key: str = Field(pattern="^[A-Za-z0-9_-]{16,64}$")


class VoucherState(BaseModel):
    """The voucher after the verdict."""

    id: UUID
    code: str
    state: Literal["issued", "redeemed"]
    offer_id: UUID
    offer_title: str
    uses: int
    max_uses: int
    remaining: int


class Verdict(BaseModel):
    """The answer."""

    verdict: Literal["accepted", "refused"]
    reason: str | None = None
    message: str
    replayed: bool = False
    redemption_id: UUID | None = None
    redeemed_at: datetime | None = None
    voucher: VoucherState | None = None
