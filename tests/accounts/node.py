"""One node: what app.py composes, as far as accounts and members go."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from aiohttp import web
from prometheus_client import CollectorRegistry

from dibs_realtime.accounts.attempts import AttemptRules, Attempts
from dibs_realtime.accounts.links import PasswordLinks
from dibs_realtime.accounts.model import Kind, Session
from dibs_realtime.accounts.routes import routes as account_routes
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.accounts.use_cases import Accounts
from dibs_realtime.events.access import Gatekeeper
from dibs_realtime.events.members.model import Role
from dibs_realtime.events.members.routes import routes as member_routes
from dibs_realtime.events.members.use_cases import Members
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.address import Addresses
from dibs_realtime.kit.http.binding import bind
from dibs_realtime.kit.http.middleware import HttpFigures, middleware
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.limits import Limits
from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.tokens import Tokens
from tests.support.waiting import PATIENCE

SECRET = "a secret of the tests, long enough to be one"
PUBLIC_URL = "https://party.example"
PASSWORD = "correct horse battery"


class SetClock:
    """A clock that goes when it is told to, so that limits can be tested to the millisecond."""

    def __init__(self) -> None:
        self.now = utc_now().replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        """Move it: `clock.forward(minutes=15)`."""
        self.now += timedelta(**duration)


class Node:
    def __init__(self, database_url: str, redis_url: str, clock: SetClock, rules: AttemptRules | None = None) -> None:
        self.clock = clock
        self.database = Database(database_url, readers=4, writers=1)
        self.redis = Redis(redis_url, timeout=PATIENCE)  # one that is slow is there all the same
        self.tokens = Tokens(SECRET)
        self.passwords = Passwords(rounds=1, memory_kib=8, parallelism=1)
        self.limits = Limits(self.redis, SECRET)
        self.sessions = SessionDirectory(self.database, self.redis, self.tokens, clock)
        self.gatekeeper = Gatekeeper(self.sessions, self.database, clock)
        self.accounts = Accounts(
            database=self.database,
            sessions=self.sessions,
            tokens=self.tokens,
            passwords=self.passwords,
            attempts=Attempts(self.limits, self.passwords, rules or AttemptRules()),
            clock=clock,
        )
        self.links = PasswordLinks(self.database, PUBLIC_URL)
        self.members = Members(self.database, self.sessions, PUBLIC_URL, clock)

    async def open(self) -> None:
        await self.database.open()
        await self.redis.open()
        await self.sessions.open()

    async def close(self) -> None:
        await self.sessions.close()
        await self.redis.close()
        await self.database.close()
        self.passwords.close()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[middleware(HttpFigures(CollectorRegistry()), self.clock)])
        everything = [*account_routes(self.accounts), *member_routes(self.members), *_probes()]
        bind(app, everything, self.gatekeeper, Addresses(()))
        return app

    async def session(
        self,
        kind: Kind = "user",
        subject_id: UUID | None = None,
        event_id: UUID | None = None,
        lifetime: timedelta = timedelta(days=30),
    ) -> tuple[Session, str]:
        """Begin a session; return it and its token."""
        now = self.clock()
        async with self.database.transaction() as connection:
            session = await self.sessions.create_session(
                connection, kind, subject_id or new_id(), event_id, now, now + lifetime
            )
        return session, self.sessions.access_token(session, now)

    async def event(self, owner_id: UUID) -> UUID:
        """Make an event; return its id."""
        event_id, now = new_id(), self.clock()
        await self.database.execute(
            """INSERT INTO events (id, slug, name, timezone, starts_at, ends_at, created_at, updated_at)
               VALUES ($1, $2, 'A party', 'Europe/Vilnius', $3, $4, $3, $3)""",
            event_id, f"party-{event_id.hex[-12:]}", now, now + timedelta(hours=8),
        )  # fmt: skip
        await self.add_member(event_id, owner_id, "owner")
        return event_id

    async def add_member(self, event_id: UUID, user_id: UUID, role: Role) -> None:
        await self.database.execute(
            "INSERT INTO members (event_id, user_id, role, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)",
            event_id, user_id, role, self.clock(),
        )  # fmt: skip

    async def user(self, email: str = "ana@party.example") -> tuple[UUID, str]:
        """Make an account without a password; return its id and a token."""
        await self.links.for_new_account(email, email.partition("@")[0], self.clock())
        user_id = await self.database.fetchval("SELECT id FROM users WHERE lower(email) = lower($1)", email)
        _, token = await self.session(subject_id=user_id)
        return user_id, token


Start = Callable[..., Awaitable[Node]]


def probe_path(who: str) -> str:
    return "/probe-" + ("anybody" if who == "-" else who.replace(" ", "."))


def _probes() -> Routes:
    """Routes for every kind of caller, to ask the gatekeeper over HTTP."""
    r = Routes("probes", base="")
    for who in ("O", "M", "V", "D", "V D dev", "dev", "G", "U", "-"):

        async def probe(call: Call) -> web.Response:
            return web.json_response({"caller": type(call.caller).__name__})

        r.get(probe_path(who), who=who)(probe)
        r.get(f"{probe_path(who)}/{{event_id}}", who=who)(probe)
    return r
