"""Vouchers on the wire."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from dibs_realtime.kit.wire import PageQuery, Reason, Text, Utc, Wire
from dibs_realtime.vouchers.model import VoucherState

MOST_CODES = 100_000


class VoucherOut(Wire):
    """A voucher. `code` is whole for managers and its owner; everybody else sees its last two characters."""

    id: UUID
    code: str
    state: VoucherState
    offer_id: UUID
    offer_title: str
    uses: int
    max_uses: int
    remaining: int
    guest_name: str | None


class VoucherRecord(VoucherOut):
    """A voucher in the organizer's lists. `guest_email` is for managers; `leased_to` holds its uses until then."""

    batch_id: UUID | None
    guest_email: str | None
    leased_to: UUID | None
    leased_until: Utc | None
    created_at: Utc
    updated_at: Utc


class VoucherQuery(PageQuery):
    """Which vouchers. `q`: a whole code; for managers also a code's beginning or a part of the guest's name."""

    offer_id: UUID | None = None
    state: VoucherState | None = None
    q: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None


class NameQuery(Wire):
    """Whose vouchers a door looks for: a part of the guest's name. Without it nothing is found."""

    q: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class FoundVouchers(Wire):
    """The vouchers that were found, in the order of the guests' names. Codes are masked."""

    items: list[VoucherOut]


class ExportQuery(Wire):
    """What to export, and how. `batch_id`: only what was issued together."""

    format: Literal["csv"] = "csv"
    batch_id: UUID | None = None


class PublicVoucherEvent(Wire):
    """The event of a voucher, for whoever has its code."""

    slug: str
    name: str
    venue: str
    timezone: str
    starts_at: Utc
    ends_at: Utc
    status: Literal["open", "closed"]


class PublicVoucherOffer(Wire):
    """What a voucher gives, for whoever has its code."""

    title: str
    description: str
    claimable: bool
    redeem_from: Utc | None
    redeem_until: Utc | None


class PublicVoucher(Wire):
    """A voucher for whoever has its (generated) code: what it is for and how it stands, not whose it is."""

    event: PublicVoucherEvent
    offer: PublicVoucherOffer
    state: VoucherState
    max_uses: int
    remaining: int


class IssueRequest(Wire):
    """Either `count` generated codes or the organizer's own."""

    offer_id: UUID
    count: Annotated[int, Field(ge=1, le=MOST_CODES, strict=True)] | None = None
    codes: (
        Annotated[list[Annotated[str, StringConstraints(max_length=100)]], Field(min_length=1, max_length=MOST_CODES)]
        | None
    ) = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.count is None) == (self.codes is None):
            raise ValueError("send either count or codes")
        return self


class Issued(Wire):
    """What was issued. `codes` are left out above 1,000."""

    issued: int
    seq: int
    batch_id: UUID
    codes: list[str] | None


RejectReason = Literal[
    "bad_code",
    "duplicate",
    "unknown_offer",
    "bad_max_uses",
    "bad_email",
    "bad_encoding",
    "too_long",
    "over_quantity",
]


class ImportQuery(Wire):
    """How to import. `dry_run`: only tell what would happen."""

    dry_run: bool = False


class Rejected(Wire):
    """A row that did not land. The header is line 1; `code` is as written (null where it cannot be read)."""

    line: int
    code: str | None
    reason: RejectReason


class Imported(Wire):
    """What a CSV brought. `seq` is the last of its entries, one an offer; null when no row landed."""

    imported: int
    seq: int | None
    rejected: list[Rejected]


class VoidRequest(Wire):
    """Why a voucher is ended."""

    reason: Reason
