"""How often one may try to sign in, to register, or to use a link."""

from dataclasses import dataclass
from datetime import datetime

from dibs_realtime.kit import problems
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

    async def guess_link(self, address: str, now: datetime) -> Attempt:
        """Count the use of a link; `take_back` it when the link is good. Raises Problem 429."""
        return await self._limits.count(self._per_address, address, now)

    async def verify(self, password: str, stored: str | None, account: str, address: str, now: datetime) -> bool:
        """Verify a password as `Passwords.verify` does; only a wrong one stays counted.

        account: whatever tells the account apart. Raises Problem 429 before anything is verified, and 503.
        """
        attempts: list[Attempt] = []
        try:
            attempts.append(await self._limits.count(self._per_account, f"{account} {address}", now))
            attempts.append(await self._limits.count(self._per_address, address, now))
            right = await self._passwords.verify(password, stored)
        except problems.Problem:
            await self.take_back(*attempts)
            raise
        if right:
            await self.take_back(*attempts)
        return right

    async def take_back(self, *attempts: Attempt) -> None:
        """Uncount what was no failure."""
        for attempt in attempts:
            await self._limits.take_back(attempt)
