"""The composition root: from settings to a running application. Everything is made here once and handed down."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry

from dibs_realtime.accounts.attempts import AttemptRules, Attempts
from dibs_realtime.accounts.routes import routes as account_routes
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.accounts.use_cases import Accounts
from dibs_realtime.claims.desk import GuestDesk
from dibs_realtime.claims.repository import GuestRepository
from dibs_realtime.claims.routes import routes as guest_routes
from dibs_realtime.dashboard.queries import RESIDENT
from dibs_realtime.dashboard.routes import routes as dashboard_routes
from dibs_realtime.doors.pairing import PairingOffice
from dibs_realtime.doors.repository import PairingRepository, PresenceRepository
from dibs_realtime.doors.routes import device_routes, gate_routes
from dibs_realtime.events.access import Gatekeeper
from dibs_realtime.events.members.routes import routes as member_routes
from dibs_realtime.events.members.use_cases import Members
from dibs_realtime.events.repository import EventRepository
from dibs_realtime.events.routes import routes as event_routes
from dibs_realtime.kit.clock import Clock, utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.address import Addresses
from dibs_realtime.kit.http.binding import bind
from dibs_realtime.kit.http.middleware import HttpFigures, middleware
from dibs_realtime.kit.http.routes import Route
from dibs_realtime.kit.limits import FailureWindow, Limits, TokenBucket
from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.tokens import Tokens
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.offers.routes import routes as offer_routes
from dibs_realtime.redemptions.desk import DoorDesk
from dibs_realtime.redemptions.routes import routes as redemption_routes
from dibs_realtime.settings import Settings

LARGEST_BODY = 21 * 1024 * 1024
"""A CSV of 20 MB and its framing; each route has its own, smaller limit."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of, for those who look inside: tests, benchmarks, the documents."""

    settings: Settings
    clock: Clock
    registry: CollectorRegistry
    database: Database
    redis: Redis
    sessions: SessionDirectory
    gatekeeper: Gatekeeper
    addresses: Addresses
    ledger: Ledger
    routes: tuple[Route, ...]


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Compose the application. It connects when it starts and lets go when it is cleaned up."""
    registry = CollectorRegistry()
    database = Database(settings.database_url, replica_url=settings.database_replica_url)
    redis = Redis(settings.redis_url)
    tokens = Tokens(settings.secret_key)
    passwords = Passwords()
    limits = Limits(redis, settings.secret_key)
    sessions = SessionDirectory(database, redis, tokens, clock)
    gatekeeper = Gatekeeper(sessions, database, clock)
    addresses = Addresses(settings.trusted_proxies)
    ledger = Ledger(database, clock, RESIDENT)

    accounts = Accounts(
        database=database,
        sessions=sessions,
        tokens=tokens,
        passwords=passwords,
        attempts=Attempts(
            limits,
            passwords,
            AttemptRules(
                settings.login_failures_per_account,
                settings.login_failures_per_address,
                settings.registrations_per_address,
            ),
        ),
        clock=clock,
    )
    members = Members(database, sessions, settings.public_url, clock)
    office = PairingOffice(
        PairingRepository(database), sessions, ledger, limits, settings.pairing_failures_per_address, clock
    )
    guests = GuestDesk(
        ledger,
        GuestRepository(database, sessions),
        sessions,
        limits,
        TokenBucket("guests", settings.guest_burst, settings.guests_per_second),
        FailureWindow("access-code", settings.login_failures_per_address, 600),
        clock,
    )
    doors = DoorDesk(ledger, gatekeeper.role_of)
    presence = PresenceRepository(database)

    routes: tuple[Route, ...] = (
        *account_routes(accounts),
        *event_routes(database, ledger, EventRepository(database), clock),
        *member_routes(members),
        *gate_routes(database, ledger),
        *offer_routes(database, ledger),
        *guest_routes(guests, database, settings.public_url),
        *device_routes(database, ledger, office, presence, settings.public_url, clock),
        *redemption_routes(doors, ledger, database, clock),
        *dashboard_routes(database, clock),
    )
    app = web.Application(middlewares=[middleware(HttpFigures(registry))], client_max_size=LARGEST_BODY)
    app[PARTS] = Parts(
        settings, clock, registry, database, redis, sessions, gatekeeper, addresses, ledger, routes
    )  # fmt: skip
    bind(app, routes, gatekeeper, addresses)
    app.cleanup_ctx.extend(_lifetimes(database, redis, sessions, passwords))
    return app


def _lifetimes(
    database: Database, redis: Redis, sessions: SessionDirectory, passwords: Passwords
) -> Iterable[Callable[[web.Application], AsyncIterator[None]]]:
    async def stores(_app: web.Application) -> AsyncIterator[None]:
        await database.open()
        await redis.open()
        await sessions.open()
        yield
        await sessions.close()
        await redis.close()
        await database.close()
        passwords.close()

    return [stores]
