"""Guests and their claims on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from dibs_realtime.accounts.schemas import Email
from dibs_realtime.claims.model import ClaimReason
from dibs_realtime.kit.wire import IdempotencyKey, Name, Text, Utc, Wire
from dibs_realtime.vouchers.schemas import VoucherOut


class ClaimRequest(Wire):
    """A guest calls dibs."""

    idempotency_key: IdempotencyKey


class ClaimVerdict(Wire):
    """The answer to a claim. A refusal is an answer, not an error."""

    verdict: Literal["claimed", "refused"]
    reason: ClaimReason | None
    replayed: bool
    voucher: VoucherOut | None
    remaining: int | None


class NewGuest(Wire):
    """A guest signs in to an event; which of these are asked for is the event's choice."""

    name: Name | None = None
    email: Email | None = None
    access_code: Annotated[Text, StringConstraints(max_length=64)] | None = None


class GuestOut(Wire):
    """A guest as they see themselves."""

    id: UUID
    event_id: UUID
    name: str | None
    email: str | None
    created_at: Utc


class GuestSession(Wire):
    """A guest and the token of this device. `event_slug`: where the event's page is."""

    guest: GuestOut
    event_slug: str
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme, no secret
    expires_at: Utc


class GuestLink(Wire):
    """A single-use address that opens my wallet on another device."""

    url: str
    expires_at: Utc


class OpenLink(Wire):
    """The token out of a wallet link."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class PublicOffer(Wire):
    """A claimable offer as guests see it. `remaining` null: no limit."""

    id: UUID
    title: str
    description: str
    status: Literal["active", "paused"]
    claim_from: Utc | None
    claim_until: Utc | None
    redeem_from: Utc | None
    redeem_until: Utc | None
    per_guest_limit: int | None
    max_uses: int
    quantity: int | None
    claimed: int
    redeemed: int
    remaining: int | None


class PublicEvent(Wire):
    """An open or closed event as guests see it."""

    id: UUID
    slug: str
    name: str
    description: str
    venue: str
    timezone: str
    starts_at: Utc
    ends_at: Utc
    status: Literal["open", "closed"]
    guest_access: Literal["open", "access_code"]
    guest_name: Literal["off", "optional", "required"]
    offers: list[PublicOffer]


class PublicPage(PublicEvent):
    """The same with its address, which is what to share. Voucher codes lie beside it: `…/v/{code}`."""

    url: str


class WalletVoucher(VoucherOut):
    """A voucher in the guest's wallet."""

    event_id: UUID
    updated_at: Utc
