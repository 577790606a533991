"""The use case of a voucher's page: what somebody sees who has nothing but its code."""

from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.limits import FailureWindow, Limits
from dibs_realtime.vouchers import codes, queries
from dibs_realtime.vouchers.schemas import PublicVoucher


class PublicLookup:
    """Finds vouchers by generated codes. Only misses count against an address: a whole venue may share one."""

    def __init__(self, database: Database, limits: Limits, misses: FailureWindow, clock: Clock) -> None:
        self._database = database
        self._limits = limits
        self._misses = misses
        self._clock = clock

    async def find(self, written: str, address: str) -> PublicVoucher:
        """Return the voucher. Raises Problem 404, or 429 after too many codes that nobody has."""
        async with self._limits.attempt(self._clock(), (self._misses, address)) as attempt:
            code = codes.normalise(written)
            found = await queries.public_voucher(self._database, code) if code is not None else None
            if found is None:
                attempt.fail()
                raise problems.not_found()
            return found
