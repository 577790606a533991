"""Sessions as a node knows them: verified ones in memory, records in Redis, the truth in PostgreSQL."""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from dibs_realtime.accounts import queries
from dibs_realtime.accounts.caller import Caller, Device, Guest, User
from dibs_realtime.accounts.model import ACCESS, AT_THE_DOOR, CONFIRMED, Kind, Revocation, Session
from dibs_realtime.accounts.records import Record, SessionRecords
from dibs_realtime.accounts.repository import SessionRepository, add_revocations, forget_the_past
from dibs_realtime.accounts.revocations import RevocationFeed
from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Connection, Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.tasks import end
from dibs_realtime.kit.together import Together
from dibs_realtime.kit.tokens import BadTokenError, Claims, Tokens

_log = logging.getLogger(__name__)

MOST_KNOWN = 50_000
FEW = 4
"""Sessions that are looked up at the same moment: more are a crowd."""
TRUST_SECONDS = 0.8
"""How old the news may be for a record in Redis to count: a session that ended since may still have one."""
BLIND_SECONDS = 5.0
"""Without news for so long nobody is let in: who was sent away meanwhile is not known."""
TIDY_SECONDS = 3600.0
_ENDED = "This session has ended. Sign in again."


class SessionDirectory:
    """Begins, checks and ends sessions. One instance a node.

    A session that ended is on the node's denylist within a second and stays there for as long as its tokens
    could be used; the list is looked at before anything else, so no cache can bring a session back.
    """

    def __init__(self, database: Database, redis: Redis, tokens: Tokens, clock: Clock) -> None:
        self._database = database
        self._records = SessionRecords(redis)
        self._tokens = tokens
        self._clock = clock
        self._known: OrderedDict[UUID, tuple[Caller, datetime]] = OrderedDict()
        self._denied: dict[UUID, datetime] = {}
        self._listeners: list[Callable[[Revocation], None]] = []
        self._feed = RevocationFeed(database, redis, self._hear)
        self._tidying: asyncio.Task[None] | None = None
        self._reading = Together(self._read)
        self._looking = 0

    async def open(self) -> None:
        """Read which sessions have ended and listen for more. Raises Problem 503 when PostgreSQL is away."""
        began = time.monotonic()
        self._denied.update(await queries.denied_sessions(self._database, self._clock()))
        self._feed.start(began)
        self._tidying = asyncio.create_task(self._tidy(), name="tidy sessions")

    async def close(self) -> None:
        """Stop listening."""
        await self._feed.stop()
        await end(self._tidying)

    @property
    def is_current(self) -> bool:
        """Whether PostgreSQL has told the news of late: else nobody is let in."""
        return self._feed.lag <= BLIND_SECONDS

    def on_revoked(self, listener: Callable[[Revocation], None]) -> None:
        """Have `listener` called with every revocation, of whichever node, once and soon."""
        self._listeners.append(listener)

    # ── who calls ──

    async def authenticate(self, token: str, now: datetime) -> Caller:
        """Return whose token this is. Raises Problem 401, or 503 when PostgreSQL is needed and away."""
        try:
            claims = self._tokens.read(token, now)
        except BadTokenError:
            raise problems.unauthorized("This token is not valid, or no longer.") from None
        if claims.session_id in self._denied:
            raise problems.unauthorized(_ENDED)
        if not self.is_current:
            raise problems.unavailable()
        known = self._known.get(claims.session_id)
        return known[0] if known is not None and now < known[1] else await self._look_up(claims, now)

    async def ended(self, session_ids: Sequence[UUID], now: datetime) -> set[UUID]:
        """Return which of these were revoked or have expired, which is no news. Raises Problem 503."""
        return await queries.dead_sessions(self._database, list(session_ids), now)

    async def _look_up(self, claims: Claims, now: datetime) -> Caller:
        self._looking += 1
        try:
            return await self._looked_up(claims, now)
        finally:
            self._looking -= 1

    async def _looked_up(self, claims: Claims, now: datetime) -> Caller:
        # A session may have ended while its record stayed. Fresh news tells; without it PostgreSQL is asked. Where many
        # come at once (a node has just started, an offer opens), one statement for all of them is quicker than a
        # record for each.
        alone = self._looking <= FEW
        record = await self._records.get(claims.session_id) if alone and self._feed.lag < TRUST_SECONDS else None
        if record is None or now >= record.until:
            session = await self._reading.ask(claims.session_id)
            if session is None or not session.is_alive(now):
                raise problems.unauthorized(_ENDED)
            until = min(session.expires_at, now + CONFIRMED)
            record = Record(session.kind, session.subject_id, session.event_id, until)
            if alone:
                await self._records.put(session.id, record, now)
        is_theirs = record == Record(claims.kind, claims.subject_id, claims.event_id, record.until)
        if not is_theirs or claims.session_id in self._denied:  # it may have ended while we looked
            raise problems.unauthorized(_ENDED)
        caller = _caller(claims)
        self._known[claims.session_id] = caller, record.until
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return caller

    async def _read(self, session_ids: Sequence[UUID]) -> dict[UUID, Session]:
        async with self._database.reading() as connection:
            return {session.id: session for session in await SessionRepository(connection).these(session_ids)}

    async def _stored(self, session_id: UUID) -> Session | None:
        async with self._database.reading() as connection:
            return await SessionRepository(connection).get(session_id)

    # ── beginnings ──

    async def create_session(
        self,
        connection: Connection,
        kind: Kind,
        subject_id: UUID,
        event_id: UUID | None,
        now: datetime,
        expires_at: datetime,
        user_agent: str = "",
    ) -> Session:
        """Begin a session within the caller's transaction."""
        session = Session(
            id=new_id(),
            created_at=now,
            updated_at=now,
            kind=kind,
            subject_id=subject_id,
            event_id=event_id,
            user_agent=_printable(user_agent),
            refresh_generation=0,
            refresh_salt=secrets.token_bytes(16),
            refreshed_at=None,
            expires_at=expires_at,
            revoked_at=None,
        )
        await SessionRepository(connection).add(session)
        return session

    def access_token(self, session: Session, now: datetime) -> str:
        """Return a token of the session: an organizer's for 15 minutes, others' for as long as the session lives."""
        # An event may be moved, and the tokens that its guests and doors hold cannot: their session says when it ends.
        is_user = session.kind == "user"
        end = min(now + ACCESS, session.expires_at) if is_user else max(now + AT_THE_DOOR, session.expires_at)
        return self._tokens.issue(Claims(session.kind, session.subject_id, session.id, session.event_id, end), now)

    async def long_token(self, session_id: UUID, now: datetime) -> str:
        """Return a token of a device's or guest's session. Raises Problem 401 when it has ended, and 503."""
        session = await self._stored(session_id)
        if session is None or not session.is_alive(now):
            raise problems.unauthorized(_ENDED)
        return self.access_token(session, now)

    async def follow_event(
        self, connection: Connection, event_id: UUID, expires_at: datetime, at_least: timedelta
    ) -> None:
        """Let an event's devices and guests be signed in until then; nodes notice within `CONFIRMED`."""
        await SessionRepository(connection).follow_event(event_id, expires_at, at_least)

    # ── ends ──
    # What is written in a transaction is announced after its commit; if that fails, the news is still read
    # within half a second.

    async def revoke_session(self, connection: Connection, session_id: UUID, reason: str) -> list[Revocation]:
        """End a session within the caller's transaction; return what to `announce` after the commit."""
        return await SessionRepository(connection).revoke(session_id, reason, self._clock())

    async def revoke_sessions_of(
        self, connection: Connection, subject_id: UUID, reason: str, *, but: UUID | None = None
    ) -> list[Revocation]:
        """End all sessions of an account, device or guest except `but`; otherwise like `revoke_session`."""
        return await SessionRepository(connection).revoke_of(subject_id, reason, self._clock(), but)

    async def revoke_sessions_in(self, connection: Connection, event_id: UUID, reason: str) -> list[Revocation]:
        """End the sessions of all devices and guests of an event; otherwise like `revoke_session`."""
        return await SessionRepository(connection).revoke_of_event(event_id, reason, self._clock())

    async def note_member_change(
        self, connection: Connection, event_id: UUID, user_id: UUID, reason: str
    ) -> list[Revocation]:
        """Note within the caller's transaction that a member joined, left or has another role; announce it later."""
        news = [Revocation(new_id(), "member", reason, event_id=event_id, user_id=user_id)]
        await add_revocations(connection, news)
        return news

    async def announce(self, revocations: Iterable[Revocation]) -> None:
        """Make committed revocations known: here at once, on other nodes within a second whatever happens."""
        news = list(revocations)
        await self._feed.tell(news)
        await self._records.remove([r.session_id for r in news if r.session_id is not None])

    async def revoke(self, session_id: UUID, reason: str) -> None:
        """End a session now. Raises Problem 503."""
        async with self._database.transaction() as connection:
            news = await self.revoke_session(connection, session_id, reason)
        await self.announce(news)

    def _hear(self, revocation: Revocation) -> None:
        if revocation.session_id is not None:
            self._denied[revocation.session_id] = revocation.until or self._clock() + timedelta(days=1)
            self._known.pop(revocation.session_id, None)
        for listener in self._listeners:
            try:
                listener(revocation)
            except Exception:  # noqa: BLE001  # the others must hear of it too
                _log.exception("a listener failed", extra={"revocation": str(revocation.id)})

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            now = self._clock()
            self._denied = {session_id: until for session_id, until in self._denied.items() if until > now}
            try:
                async with self._database.reading() as connection:
                    await forget_the_past(connection, now)
            except Exception as error:  # noqa: BLE001  # another node does it, or this one in an hour
                _log.warning("expired sessions cannot be deleted now", extra={"error": type(error).__name__})


def _caller(claims: Claims) -> Caller:
    if claims.kind == "user":
        return User(claims.subject_id, claims.session_id)
    assert claims.event_id is not None  # devices and guests have one
    if claims.kind == "device":
        return Device(claims.subject_id, claims.event_id, claims.session_id)
    return Guest(claims.subject_id, claims.event_id, claims.session_id)


def _printable(user_agent: str) -> str:
    return "".join(c for c in user_agent.encode("utf-8", "replace").decode() if c.isprintable())[:300]
