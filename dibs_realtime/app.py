"""The composition root: from settings to a running application. Everything is made here once and handed down."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry

from dibs_realtime import __version__
from dibs_realtime.accounts.attempts import AttemptRules, Attempts
from dibs_realtime.accounts.routes import routes as account_routes
from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.accounts.use_cases import Accounts
from dibs_realtime.claims import queries as guest_queries
from dibs_realtime.claims.commands import ClaimVoucher
from dibs_realtime.claims.desk import GuestDesk
from dibs_realtime.claims.repository import GuestRepository
from dibs_realtime.claims.routes import routes as guest_routes
from dibs_realtime.dashboard.queries import RESIDENT, snapshot
from dibs_realtime.dashboard.routes import routes as dashboard_routes
from dibs_realtime.doors.book import queries as book_queries
from dibs_realtime.doors.book.repository import BookRepository
from dibs_realtime.doors.book.routes import routes as book_routes
from dibs_realtime.doors.book.sealer import Sealer
from dibs_realtime.doors.pairing import PairingOffice
from dibs_realtime.doors.repository import PairingRepository, PresenceRepository
from dibs_realtime.doors.routes import device_routes, gate_routes
from dibs_realtime.doors.searching import search_routes
from dibs_realtime.events.access import Gatekeeper
from dibs_realtime.events.ends import EventEnds
from dibs_realtime.events.members.routes import routes as member_routes
from dibs_realtime.events.members.use_cases import Members
from dibs_realtime.events.repository import EventRepository
from dibs_realtime.events.routes import routes as event_routes
from dibs_realtime.kit.clock import Clock, utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http import openapi
from dibs_realtime.kit.http.address import Addresses
from dibs_realtime.kit.http.binding import bind
from dibs_realtime.kit.http.middleware import HttpFigures, middleware
from dibs_realtime.kit.http.routes import Route
from dibs_realtime.kit.limits import FailureWindow, Limits, TokenBucket
from dibs_realtime.kit.passwords import Passwords
from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.tasks import end
from dibs_realtime.kit.tokens import Tokens
from dibs_realtime.ledger import queries as ledger_queries
from dibs_realtime.ledger.routing import Router
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.live import asyncapi
from dibs_realtime.live.hub import Hub
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.ports import Ports
from dibs_realtime.offers.routes import routes as offer_routes
from dibs_realtime.pages.documents import DOCUMENTS, Documents
from dibs_realtime.pages.folder import built
from dibs_realtime.pages.machine import MetricsDoor
from dibs_realtime.pages.routes import routes as server_routes
from dibs_realtime.pages.site import add_pages
from dibs_realtime.redemptions.commands import Redeem
from dibs_realtime.redemptions.desk import DoorDesk
from dibs_realtime.redemptions.reversal import Reverse
from dibs_realtime.redemptions.routes import routes as redemption_routes
from dibs_realtime.settings import Settings, node_host
from dibs_realtime.vouchers.importing import Importing
from dibs_realtime.vouchers.issuing import Issuing
from dibs_realtime.vouchers.lookup import PublicLookup
from dibs_realtime.vouchers.publishing import Publisher
from dibs_realtime.vouchers.repository import StagingRepository
from dibs_realtime.vouchers.routes import routes as voucher_routes

_log = logging.getLogger(__name__)

SWEEP_SECONDS = 300.0
"""How often codes are cleared away that a process staged and never published, because it died."""
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
    router: Router
    routes: tuple[Route, ...]


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Compose the application. It connects when it starts and lets go when it is cleaned up."""
    registry = CollectorRegistry()
    database = Database(
        settings.database_url,
        writer_url=settings.database_writer_url,
        replica_url=settings.database_replica_url,
        prepared=settings.database_prepared_statements,
    )
    redis = Redis(settings.redis_url, ca=settings.redis_ca)
    tokens = Tokens(settings.secret_key)
    passwords = Passwords()
    limits = Limits(redis, settings.secret_key)
    sessions = SessionDirectory(database, redis, tokens, clock)
    gatekeeper = Gatekeeper(sessions, database, clock)
    addresses = Addresses(settings.trusted_proxies)
    ledger = Ledger(database, clock, RESIDENT)
    router = Router(
        ledger, database, settings.secret_key, node_host(settings), (Redeem, Reverse, ClaimVoucher), registry
    )

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
    events = EventRepository(database, sessions)
    ends = EventEnds(events)
    office = PairingOffice(
        PairingRepository(database), sessions, ledger, limits, settings.pairing_failures_per_address, clock
    )
    guests = GuestDesk(
        router,
        GuestRepository(database, sessions),
        sessions,
        limits,
        TokenBucket("guests", settings.guest_burst, settings.guests_per_second),
        TokenBucket("access-code", settings.access_code_burst, settings.access_codes_per_second),
        clock,
    )
    doors = DoorDesk(router, gatekeeper.role_of, timedelta(minutes=settings.lease_minutes))
    publisher = Publisher(database, ledger, clock)
    lookup = PublicLookup(
        database, limits, FailureWindow("voucher-lookup", settings.lookups_per_address, 60), clock
    )  # fmt: skip
    presence = PresenceRepository(database)

    live_limits = LiveLimits(
        messages_per_second=settings.messages_per_second, messages_burst=2 * settings.messages_per_second
    )
    documents = Documents(
        lambda: openapi.document(app[PARTS].routes, title="Party Dibs", version=__version__),
        lambda: asyncapi.document(__version__, settings.public_url, live_limits),
    )
    routes: tuple[Route, ...] = (
        # The router tries addresses of the same beginning one after the other: the doors' come first.
        *redemption_routes(doors, ledger, database, clock),
        *account_routes(accounts),
        *event_routes(database, ledger, events, ends, clock),
        *member_routes(members),
        *gate_routes(database, ledger),
        *offer_routes(database, ledger),
        *voucher_routes(
            database,
            ledger,
            Issuing(database, publisher),
            Importing(database, publisher),
            lookup,
            gatekeeper.role_of,
            settings.public_url,
        ),
        *guest_routes(guests, database, settings.public_url),
        *device_routes(database, ledger, office, presence, settings.public_url, clock),
        *search_routes(database),
        *book_routes(database),
        *dashboard_routes(database, clock),
        *server_routes(lambda: sessions.is_current, redis, registry, MetricsDoor(settings.metrics_allowed), documents),
    )
    hub = Hub(
        _ports(database, sessions, gatekeeper, doors, guests),
        database,
        redis,
        clock,
        registry,
        limits=live_limits,
        origins=(settings.public_url,),
    )
    sealer = Sealer(BookRepository(database))
    ledger.listen(hub.committed)
    ledger.listen(sealer.committed)
    sessions.on_revoked(hub.ended)
    app = web.Application(middlewares=[middleware(HttpFigures(registry), clock)], client_max_size=LARGEST_BODY)
    app[PARTS] = Parts(
        settings, clock, registry, database, redis, sessions, gatekeeper, addresses, ledger, router, routes
    )  # fmt: skip
    app[DOCUMENTS] = documents
    bind(app, routes, gatekeeper, addresses)
    add_pages(app, built())
    hub.attach(app)
    app.cleanup_ctx.append(_lifetime(database, redis, sessions, passwords, ends, router, sealer, hub))
    app.cleanup_ctx.append(_janitor(publisher.staging, clock))
    app.on_shutdown.append(lambda _: router.leave())
    app.on_shutdown.append(lambda _: hub.close())
    return app


def _ports(
    database: Database, sessions: SessionDirectory, gatekeeper: Gatekeeper, doors: DoorDesk, guests: GuestDesk
) -> Ports:
    return Ports(
        sessions=sessions,
        authorise=gatekeeper.authorise,
        snapshot=partial(snapshot, database),
        entries_after=partial(ledger_queries.entries_after, database),
        heads=partial(ledger_queries.heads, database),
        redeem=doors.redeem,
        claim=guests.claim,
        public_event=partial(guest_queries.public_event, database),
        counts=partial(guest_queries.counts, database),
        door_states=partial(book_queries.states_of, database),
        guest_vouchers=partial(guest_queries.vouchers_of_guests, database),
    )


def _lifetime(
    database: Database,
    redis: Redis,
    sessions: SessionDirectory,
    passwords: Passwords,
    ends: EventEnds,
    router: Router,
    sealer: Sealer,
    hub: Hub,
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def connections(_app: web.Application) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:  # what was opened is closed, also when the next one fails
            stack.callback(passwords.close)
            stack.push_async_callback(database.close)
            await database.open()
            stack.push_async_callback(redis.close)
            await redis.open()
            stack.push_async_callback(sessions.close)
            await sessions.open()
            stack.push_async_callback(ends.close)
            stack.push_async_callback(sealer.close)
            sealer.start()
            stack.push_async_callback(router.close)
            await router.open()
            hub.start()
            yield

    return connections


def _janitor(staging: StagingRepository, clock: Clock) -> Callable[[web.Application], AsyncIterator[None]]:
    async def sweep() -> None:
        while True:
            try:
                await staging.clear_leftovers(clock())
            except Exception:  # noqa: BLE001  # whatever it was, the next round must come
                _log.exception("leftovers cannot be cleared now")
            await asyncio.sleep(SWEEP_SECONDS)

    async def janitor(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(sweep(), name="clear leftovers")
        yield
        await end(task)

    return janitor
