"""Fills the baseline's database: tables, one open event with one offer, its vouchers by COPY, one session."""

import secrets
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine

from bench.original.app import OriginalSettings
from bench.original.models import Base, now
from bench.original.security import Sessions, Staff
from dibs_realtime.kit.ids import new_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


async def seed(settings: OriginalSettings, count: int) -> tuple[UUID, str, list[str]]:
    """Create the tables in an empty database and fill them.

    Returns the event's id, a door's token and the `count` codes.
    """
    engine = create_async_engine(settings.sqlalchemy_url)
    async with engine.begin() as transaction:
        await transaction.run_sync(Base.metadata.create_all)
    await engine.dispose()
    event_id, offer_id, at = new_id(), new_id(), now()
    codes = new_codes(count)
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute(
            "INSERT INTO events (id, slug, name, status, created_at, updated_at)"
            " VALUES ($1, 'bench', 'Bench', 'open', $2, $2)",
            event_id, at,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO offers (id, event_id, title, status, created_at, updated_at)"
            " VALUES ($1, $2, '1 free drink', 'active', $3, $3)",
            offer_id, event_id, at,
        )  # fmt: skip
        await connection.copy_records_to_table(
            "vouchers",
            columns=["id", "event_id", "offer_id", "code", "uses", "max_uses", "created_at", "updated_at"],
            records=((new_id(), event_id, offer_id, code, 0, 1, at, at) for code in codes),
        )
    finally:
        await connection.close()
    redis: Redis = Redis.from_url(settings.redis_url)
    token = await Sessions(redis, settings.secret_key).create(Staff(new_id(), event_id, "door"))
    await redis.aclose()
    return event_id, token, codes


def new_codes(count: int) -> list[str]:
    """Return that many different codes of ten characters, in no order."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes["".join(secrets.choice(ALPHABET) for _ in range(10))] = None
    return list(codes)
