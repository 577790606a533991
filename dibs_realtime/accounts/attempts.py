"""How often one may try to sign in, to register, or to use a link."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from dibs_realtime.kit.limits import Attempt, FailureWindow, Limits
from dibs_realtime.kit.passwords import Passwords


@dataclass(frozen=True, slots=True)
class AttemptRules:
    """A whole venue shares an address, and nobody may lock another's account: no rule goes by account alone."""

    per_account: int = 10
    """Failures in 15 minutes of one address on one account."""
    per_address: int = 100
    """Failures in an hour of one address."""
    registrations: int = 60
    """Registrations in an hour from one address."""


class Attempts:
    """Counts attempts, and verifies passwords only where there is one left."""

    def __init__(self, limits: Limits, passwords: Passwords, rules: AttemptRules) -> None:
        self._limits = limits
        self._passwords = passwords
        self._per_account = FailureWindow("login-account", rules.per_account, 15 * 60)
        self._per_address = FailureWindow("login-address", rules.per_address, 60 * 60)
        self._registrations = FailureWindow("register", rules.registrations, 60 * 60)

    async def register(self, address: str, now: datetime) -> None:
        """Count a registration: its answer tells whether an account exists. Raises Problem 429."""
        await self._limits.count(self._registrations, address, now)

    def guess_link(self, address: str, now: datetime) -> AbstractAsyncContextManager[Attempt]:
        """Let a link be used: `fail` when nobody has made it. Raises Problem 429."""
        return self._limits.attempt(now, (self._per_address, address))

    async def verify(self, password: str, stored: str | None, account: str, address: str, now: datetime) -> bool:
        """Verify a password as `Passwords.verify` does; only a wrong one counts.

        account: whatever tells the account apart. Raises Problem 429 before anything is verified, and 503.
        """
        windows = ((self._per_account, f"{account} {address}"), (self._per_address, address))
        async with self._limits.attempt(now, *windows) as attempt:
            right = await self._passwords.verify(password, stored)
            if not right:
                attempt.fail()
            return right
