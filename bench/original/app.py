"""The application: settings from the environment, one engine, one Redis client, one route."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from bench.original.repositories import RedeemByRepositories
from bench.original.schemas import RedeemRequest, Verdict
from bench.original.security import Sessions, Staff
from bench.original.statements import RedeemByStatements

POOL = 20


@dataclass(frozen=True, slots=True)
class OriginalSettings:
    """Where the two servers are, and what signs the tokens. `database_url` starts with `postgresql://`.

    by_hand: redeem by hand-written statements.
    """

    database_url: str
    redis_url: str
    secret_key: str
    by_hand: bool = False

    @classmethod
    def load(cls) -> "OriginalSettings":
        """Read `ORIGINAL_*` variables. Raises KeyError where one is missing."""
        named = (os.environ[f"ORIGINAL_{name}"] for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"))
        return cls(*named, by_hand=os.environ.get("ORIGINAL_BY_HAND") == "1")

    @property
    def sqlalchemy_url(self) -> str:
        """The same database for SQLAlchemy's asyncpg dialect."""
        return self.database_url.replace("postgresql://", "postgresql+asyncpg://", 1)


def create_app() -> FastAPI:
    """Return the application."""
    settings = OriginalSettings.load()
    engine = create_async_engine(settings.sqlalchemy_url, pool_size=POOL, max_overflow=0, pool_timeout=30)
    redis: Redis = Redis.from_url(settings.redis_url, max_connections=256)
    sessions = Sessions(redis, settings.secret_key)
    way = RedeemByStatements if settings.by_hand else RedeemByRepositories
    redeem = way(async_sessionmaker(engine, expire_on_commit=False), redis)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()
        await redis.aclose()

    app = FastAPI(title="The original stack", lifespan=lifespan)

    async def staff(event_id: UUID, authorization: Annotated[str | None, Header()] = None) -> Staff:
        return await sessions.admit(authorization, event_id)

    @app.post("/events/{event_id}/redemptions")
    async def redemptions(request: RedeemRequest, caller: Annotated[Staff, Depends(staff)]) -> Verdict:
        return await redeem(caller, request)

    @app.get("/healthz")
    async def healthz(_: Request) -> dict[str, str]:
        return {"status": "ok"}

    return app
