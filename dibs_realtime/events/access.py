"""Who may do what on an event."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from aiohttp import web

from dibs_realtime.accounts.caller import Caller, Device, Guest, User
from dibs_realtime.accounts.model import Revocation
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.events.members import queries
from dibs_realtime.events.members.model import Role
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.together import Together

ROLE_SECONDS = 30.0
"""How long a role is remembered; a change ends that at once."""
MOST_ROLES = 20_000

# An owner may what a manager may, a manager what a viewer and a door may.
_MAY: dict[str, frozenset[Role]] = {
    "O": frozenset({"owner"}),
    "M": frozenset({"owner", "manager"}),
    "V": frozenset({"owner", "manager", "viewer"}),
    "D": frozenset({"owner", "manager", "door"}),
}


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a route or message is for: any account, members with one of `roles`, devices, guests, or anybody."""

    anybody: bool
    account: bool
    roles: frozenset[Role]
    device: bool
    guest: bool

    @staticmethod
    @lru_cache(maxsize=256)
    def parse(letters: str) -> "Who":
        """Read the contract's letters, parted by spaces: `U O M V D dev G -`. Raises ValueError for others."""
        known = set(letters.split())
        if not known or known - {"U", "O", "M", "V", "D", "dev", "G", "-"}:
            raise ValueError(f"{letters!r} says nobody")
        roles = frozenset[Role]().union(*(_MAY[letter] for letter in known & _MAY.keys()))
        return Who("-" in known, "U" in known, roles, "dev" in known, "G" in known)

    def admits_kind(self, caller: Caller) -> bool:
        """Return whether callers of this kind are ever admitted."""
        if isinstance(caller, Device):
            return self.device
        if isinstance(caller, Guest):
            return self.guest
        return self.account or bool(self.roles)


class Gatekeeper:
    """Admits callers: 401 without a good token, 403 for a kind or a role that may not, 404 for a foreign event."""

    def __init__(self, sessions: SessionDirectory, database: Database, clock: Clock) -> None:
        self._sessions = sessions
        self._database = database
        self._clock = clock
        self._roles: OrderedDict[tuple[UUID, UUID], tuple[Role, float]] = OrderedDict()
        self._changes = 0
        self._reading = Together(self._read)
        sessions.on_revoked(self._hear)

    async def admit(self, request: web.Request, who: str, event_id: UUID | None) -> Caller | None:
        """Return who sends the request (None: nobody who is signed in). Raises Problem 401, 403, 404 or 503."""
        wanted = Who.parse(who)
        token = _bearer(request.headers.get("Authorization"))
        if wanted.anybody:
            return await self._if_good(token)
        if token is None:
            raise problems.unauthorized()
        caller = await self._sessions.authenticate(token, self._clock())
        await self.authorise(caller, who, event_id)
        return caller

    async def authorise(self, caller: Caller | None, who: str, event_id: UUID | None) -> None:
        """Let the caller pass or raise Problem 401, 403, 404 or 503.

        Without an event only the kind is looked at: the handler knows the event later and asks again.
        """
        wanted = Who.parse(who)
        if wanted.anybody:
            return
        if caller is None:
            raise problems.unauthorized()
        if not wanted.admits_kind(caller):
            raise problems.forbidden()
        if event_id is None:
            return
        if not isinstance(caller, User):
            if caller.event_id != event_id:
                raise problems.not_found()
        elif wanted.roles:
            role = await self.role_of(caller, event_id)
            if role is None:
                raise problems.not_found()
            if role not in wanted.roles:
                raise problems.forbidden()

    async def role_of(self, caller: Caller | None, event_id: UUID) -> Role | None:
        """Return the account's role in the event; None for everybody else. Raises Problem 503."""
        if not isinstance(caller, User):
            return None
        key = (event_id, caller.user_id)
        known = self._roles.get(key)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        # What is read may be older than a change that is heard while it is read. Nobody's role is not remembered:
        # whoever joins is in at once.
        changes = self._changes
        role = await self._reading.ask(key)
        if role is not None and changes == self._changes:
            self._roles[key] = (role, time.monotonic() + ROLE_SECONDS)
            if len(self._roles) > MOST_ROLES:
                self._roles.popitem(last=False)
        return role

    async def _read(self, asked: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Role]:
        return await queries.roles(self._database, asked)

    async def _if_good(self, token: str | None) -> Caller | None:
        if token is None:
            return None
        try:
            return await self._sessions.authenticate(token, self._clock())
        except problems.Problem:
            return None

    def _hear(self, revocation: Revocation) -> None:
        if revocation.event_id is not None and revocation.user_id is not None:
            self._changes += 1
            self._roles.pop((revocation.event_id, revocation.user_id), None)


def _bearer(header: str | None) -> str | None:
    """Return the token of an `Authorization` header, or None."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None
