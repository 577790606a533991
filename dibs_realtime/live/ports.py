"""What the hub needs from the other slices. The composition root hands it in, so that nothing here imports upward."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from dibs_realtime.accounts.caller import Caller, Guest
from dibs_realtime.claims.schemas import PublicEvent, WalletVoucher
from dibs_realtime.dashboard.schemas import Snapshot
from dibs_realtime.doors.book.queries import States
from dibs_realtime.ledger.queries import Stretch
from dibs_realtime.redemptions.schemas import RedeemRequest


class Ending(Protocol):
    """A session that ended, or a member whose role changed."""

    @property
    def reason(self) -> str:
        """Why, in one of our words."""

    @property
    def session_id(self) -> UUID | None:
        """The session that ended."""

    @property
    def event_id(self) -> UUID | None:
        """The event in which a role changed."""

    @property
    def user_id(self) -> UUID | None:
        """Whose role it was."""


class Sessions(Protocol):
    """The directory of sessions (accounts)."""

    async def authenticate(self, token: str, now: datetime) -> Caller:
        """Return who holds this token. Raises Problem 401 or 503."""

    async def ended(self, session_ids: Sequence[UUID], now: datetime) -> set[UUID]:
        """Return which of these sessions are over, expired ones included. Raises Problem 503."""


Authorise = Callable[[Caller | None, str, UUID | None], Awaitable[None]]
"""Takes (caller, who in the contract's letters, event). Raises Problem 401, 403, 404 or 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Plain functions of other slices; each raises Problem 503 when PostgreSQL is away.

    snapshot(event_id): the state right after the ledger's last entry. Raises Problem 404.
    entries_after(event_id, seq, limit): consecutive entries and the head, of one moment. Raises Problem 404.
    heads(event_ids): epoch and last seq of those that exist.
    redeem(caller, event_id, request, language): `RedemptionVerdict`, also as a dict.
    claim(guest, offer_id, idempotency_key): `ClaimVerdict`, also as a dict.
    public_event(slug): an open or closed event with its claimable offers; None: there is none.
    counts(event_id): the event's `status`, and by id of its `offers` `{status, claimed, redeemed, remaining}`.
    door_states(event_id, voucher_ids): how those vouchers stand that are in the door's book.
    guest_vouchers(event_id, voucher_ids, guest_ids): those vouchers that belong to those guests, and whose.
    """

    sessions: Sessions
    authorise: Authorise
    snapshot: Callable[[UUID], Awaitable[Snapshot]]
    entries_after: Callable[[UUID, int, int], Awaitable[Stretch]]
    heads: Callable[[Collection[UUID]], Awaitable[Mapping[UUID, tuple[UUID, int]]]]
    redeem: Callable[[Caller, UUID, RedeemRequest, str], Awaitable[Any]]
    claim: Callable[[Guest, UUID, str], Awaitable[Any]]
    public_event: Callable[[str], Awaitable[PublicEvent | None]]
    counts: Callable[[UUID], Awaitable[Mapping[str, Any]]]
    door_states: Callable[[UUID, Collection[UUID]], Awaitable[States]]
    guest_vouchers: Callable[
        [UUID, Collection[UUID], Collection[UUID]], Awaitable[Sequence[tuple[UUID, WalletVoucher]]]
    ]
