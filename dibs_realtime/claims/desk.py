"""The use cases of guests: sign in, call dibs, give back, carry the wallet to another device."""

import hmac
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.caller import Guest as GuestCaller
from dibs_realtime.accounts.model import Session
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.claims.commands import ClaimVoucher, ReleaseVoucher
from dibs_realtime.claims.repository import Guest, GuestRepository
from dibs_realtime.claims.schemas import GuestOut, GuestSession, NewGuest
from dibs_realtime.events.actors import actor_of
from dibs_realtime.events.tokens import token_end
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.limits import Limits, TokenBucket
from dibs_realtime.ledger.editing import render
from dibs_realtime.ledger.routing import Submits
from dibs_realtime.vouchers import codes

LINK_VALID_FOR = timedelta(minutes=10)


class GuestDesk:
    """Serves guests."""

    def __init__(
        self,
        ledger: Submits,
        repository: GuestRepository,
        sessions: SessionDirectory,
        limits: Limits,
        new_guests: TokenBucket,
        wrong_access_codes: TokenBucket,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._repository = repository
        self._sessions = sessions
        self._limits = limits
        self._new_guests = new_guests
        self._wrong_access_codes = wrong_access_codes
        self._clock = clock

    async def sign_in(self, slug: str, wanted: NewGuest, address: str, user_agent: str) -> GuestSession:
        """Make a guest of the event. Raises Problem 403 (wrong access code), 404, 422, 429."""
        now = self._clock()
        door = await self._repository.door(slug)
        if door is None:
            raise problems.not_found()
        if door.guest_access == "access_code":
            given = (wanted.access_code or "").strip()
            is_right = hmac.compare_digest(given.encode(), (door.access_code or "").encode())
            # Only wrong ones count, and only in this event: a venue's crowd comes from one address, typos among it. One
            # question for both, so that a refusal tells nothing of the code and many at once cannot slip through.
            guesses = f"{door.event_id} {address}"
            await self._limits.take(self._wrong_access_codes, guesses, now, keep=is_right)
            if not is_right:
                raise problems.forbidden("This event asks for its access code.")
        await self._limits.take(self._new_guests, address, now)
        if door.guest_name == "required" and wanted.name is None:
            raise problems.unprocessable("This event asks for a name.", loc=("body", "name"))
        # Where no name is asked for none is kept.
        name = wanted.name if door.guest_name != "off" else None
        guest = Guest(new_id(), door.event_id, name, wanted.email, now)
        session = await self._repository.add(guest, token_end(door.ends_at, now), user_agent)
        return self._signed_in(guest, session, door.slug, now)

    async def claim(self, caller: GuestCaller, offer_id: UUID, key: str) -> dict[str, Any]:
        """Return `ClaimVerdict` as a dict. Raises Problem 404, 422 or 503."""
        command = ClaimVoucher(
            event_id=caller.event_id,
            actor=actor_of(caller),
            key=key,
            offer_id=offer_id,
            guest_id=caller.guest_id,
            new_id=new_id(),
            new_code=codes.generate(),
        )
        return await self._ledger.submit(command)

    async def release(self, caller: GuestCaller, voucher_id: UUID) -> dict[str, Any]:
        """Give a voucher back; return it as `VoucherOut`. Raises Problem 404 or 409."""
        command = ReleaseVoucher(caller.event_id, actor_of(caller), caller.guest_id, voucher_id)
        return await self._ledger.submit(command)

    async def link(self, caller: GuestCaller) -> tuple[str, datetime]:
        """Return the token of a new wallet link and when it ends."""
        now = self._clock()
        token = await self._repository.add_link(caller.event_id, caller.guest_id, now, now + LINK_VALID_FOR)
        return token, now + LINK_VALID_FOR

    async def open_link(self, token: str, address: str, user_agent: str) -> GuestSession:
        """Trade a wallet link for a session. Raises Problem 404 for a wrong, used or expired one."""
        now = self._clock()
        await self._limits.take(self._new_guests, address, now)
        taken = await self._repository.take_link(token, now, user_agent)
        if taken is None:
            raise problems.not_found("This link was used already or is too old. Make a new one.")
        return self._signed_in(*taken, now)

    def _signed_in(self, guest: Guest, session: Session, slug: str, now: datetime) -> GuestSession:
        return GuestSession(
            guest=render(GuestOut, guest),
            event_slug=slug,
            access_token=self._sessions.access_token(session, now),
            expires_at=session.expires_at,
        )
