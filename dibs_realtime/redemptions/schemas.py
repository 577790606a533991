"""The door's requests and answers on the wire."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from dibs_realtime.kit.wire import IdempotencyKey, PageQuery, Reason, Text, Utc, Wire
from dibs_realtime.redemptions.model import Outcome, RefusalReason, ReversalReason
from dibs_realtime.vouchers.schemas import VoucherOut

MOST_OFFSET = 8_640_000_000_000_000
"""Milliseconds by which a phone's clock can be wrong: the times that a browser's `Date` can hold."""


class LocalJudgement(Wire):
    """What a door decided alone and has acted on."""

    verdict: Literal["accepted", "refused"]
    reason: RefusalReason | None = None
    device_time: Utc
    clock_offset_ms: Annotated[int, Field(ge=-MOST_OFFSET, le=MOST_OFFSET, strict=True)]
    clock_suspect: Annotated[bool, Field(strict=True)] = False
    staff: Annotated[Text, StringConstraints(max_length=80)] | None = None

    @model_validator(mode="after")
    def _refused_for_a_reason(self) -> Self:
        if (self.verdict == "refused") != (self.reason is not None):
            raise ValueError("a refusal has a reason, an admission has none")
        return self


class RedeemRequest(Wire):
    """A scan. `code` is what the QR held or what was typed; `voucher_id` is for callers who may search."""

    code: Annotated[Text, StringConstraints(min_length=1, max_length=512)] | None = None
    voucher_id: UUID | None = None
    idempotency_key: IdempotencyKey
    gate_id: UUID | None = None
    units: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    dry_run: Annotated[bool, Field(strict=True)] = False
    scanned_at: Utc | None = None
    local: LocalJudgement | None = None

    @model_validator(mode="after")
    def _one_voucher(self) -> Self:
        if (self.code is None) == (self.voucher_id is None):
            raise ValueError("send either code or voucher_id")
        return self


class PreviousUse(Wire):
    """Where, when and by which device the voucher was used."""

    redemption_id: UUID
    redeemed_at: Utc
    gate: str | None
    device: str | None
    seconds_ago: int
    same_device: bool


class RedemptionVerdict(Wire):
    """The answer at the door. A refusal is an answer, not an error."""

    verdict: Literal["accepted", "refused"]
    reason: RefusalReason | None
    message: str
    replayed: bool
    dry_run: bool
    redemption_id: UUID | None
    seq: int | None
    redeemed_at: Utc | None
    voucher: VoucherOut | None
    previous: PreviousUse | None
    conflict_id: UUID | None
    leased_until: Annotated[
        Utc | None, Field(description="Until then the voucher's other uses are lent to the calling device.")
    ]


class RedeemBatch(Wire):
    """What a door did while it was offline, in order; each item stands on its own."""

    items: Annotated[list[Any], Field(min_length=1, max_length=500, description="Redeem requests.")]


class ItemProblem(Wire):
    """An item that could not be taken; the others were."""

    problem: dict[str, Any]


class RedeemBatchResult(Wire):
    """One result an item, in order: a verdict, or the problem of an item that does not validate."""

    results: list[RedemptionVerdict | ItemProblem]


class ReversalRequest(Wire):
    """Take a redemption back."""

    idempotency_key: IdempotencyKey
    reason: Reason


class ReversalVerdict(Wire):
    """Whether it was taken back."""

    verdict: Literal["reversed", "refused"]
    reason: ReversalReason | None
    replayed: bool
    voucher: VoucherOut
    seq: int | None


class ConflictOut(Wire):
    """What a door did alone and the server would have refused, with both sides."""

    id: UUID
    reason: str
    voucher_id: UUID | None
    sides: list[dict[str, Any]]
    opened_at: Utc
    resolved_at: Utc | None
    resolution: dict[str, Any] | None


class ResolutionRequest(Wire):
    """How a conflict was settled."""

    outcome: Outcome
    reason: Reason


class RedemptionQuery(PageQuery):
    """Which redemptions. `voucher_id`: of that voucher only."""

    voucher_id: UUID | None = None


class RedemptionOut(Wire):
    """A redemption in the organizer's list."""

    id: UUID
    seq: int
    voucher_id: UUID
    offer_id: UUID
    gate_id: UUID | None
    device_id: UUID | None
    actor: dict[str, Any]
    units: int
    redeemed_at: Utc
    received_at: Utc
    offline: bool
    reversed_at: Utc | None


class AttemptOut(Wire):
    """A refused scan. `scanned_at` is earlier than `at`, when the server heard of it, where a door judged alone."""

    id: UUID
    at: Utc
    scanned_at: Utc
    reason: RefusalReason
    voucher_id: UUID | None
    offer_id: UUID | None
    gate_id: UUID | None
    device_id: UUID | None
    actor: dict[str, Any]
    units: int
    offline: bool
