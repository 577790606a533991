"""Pairing: how a phone becomes a device of an event."""

import hashlib
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.doors.commands import MarkPaired
from dibs_realtime.doors.model import Device
from dibs_realtime.doors.repository import PairingRepository
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.limits import FailureWindow, Limits
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.vouchers import codes

CODE_LENGTH = 8
VALID_FOR = timedelta(minutes=15)
ASK_AGAIN_WITHIN = timedelta(seconds=60)
"""A phone whose answer was lost may ask again with its nonce for so long."""


def new_code() -> str:
    """Return a new pairing code: 40 random bits."""
    return codes.generate()[:CODE_LENGTH]


def digest(code: str) -> bytes:
    """Return the hash under which a code (as typed) is kept."""
    return hashlib.sha256(codes.folded(code).encode("utf-8", "replace")).digest()


def _wrong_code() -> problems.Problem:
    return problems.not_found("This pairing code is wrong, used or too old. Ask for a new one.")


class PairingOffice:
    """Hands out pairing codes and trades them for device tokens."""

    def __init__(
        self,
        repository: PairingRepository,
        sessions: SessionDirectory,
        ledger: Ledger,
        limits: Limits,
        wrong_codes_a_minute: int,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._sessions = sessions
        self._ledger = ledger
        self._limits = limits
        self._rule = FailureWindow("pairing", wrong_codes_a_minute, 60)
        self._clock = clock

    async def code_for(self, event_id: UUID, device_id: UUID) -> tuple[str, datetime]:
        """Return a new code for the device and when it ends; its earlier codes are void."""
        now, code = self._clock(), new_code()
        await self._repository.add(digest(code), event_id, device_id, now, now + VALID_FOR)
        return code, now + VALID_FOR

    async def end_sessions(self, event_id: UUID, device_id: UUID, reason: str) -> None:
        """End every session that speaks for the device, on every node, and void the codes that would begin one."""
        await self._repository.end_sessions(event_id, device_id, reason, self._sessions)

    async def pair(self, code: str, nonce: str, address: str, user_agent: str) -> tuple[UUID, Device, str]:
        """Trade a code for a token. Returns the event, the device and the token.

        The same code and nonce within a minute answer the same session again. Raises Problem 404 for a wrong, used or
        expired code and 429 after too many wrong ones from this address.
        """
        now = self._clock()
        nonce_hash = hashlib.sha256(nonce.encode()).digest()
        async with self._limits.attempt(now, (self._rule, address)) as attempt:
            pairing = await self._repository.take(
                digest(code), nonce_hash, now, now - ASK_AGAIN_WITHIN, user_agent, self._sessions
            )
            if pairing is None:
                attempt.fail()
                raise _wrong_code()
        token = await self._token(pairing.session_id, now)
        device = await self._ledger.submit(MarkPaired(pairing.event_id, pairing.device_id, pairing.session_id))
        return pairing.event_id, device, token

    async def _token(self, session_id: UUID, now: datetime) -> str:
        try:
            return await self._sessions.long_token(session_id, now)
        except problems.Problem as problem:
            if problem.status != HTTPStatus.UNAUTHORIZED:
                raise
            # The device was ended, or paired anew, at that very moment.
            raise _wrong_code() from None
