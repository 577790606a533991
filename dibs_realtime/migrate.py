"""Brings the database to the current schema. The revisions are plain SQL files; Alembic knows which have run.

Any number of nodes may do this at once, and beside a running release: one works while the others wait for it,
and a statement gives up after a few seconds of waiting for a table lock (everybody would queue behind it) and
is tried again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import click
from alembic import command as alembic, op
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import NullPool
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from dibs_realtime import settings
from dibs_realtime.schema import MIGRATIONS, SchemaError, revisions

LOCK_KEY = 7_234_108_442_911  # any number that nothing else in the database uses
WAIT_SECONDS = 600.0  # for another node that migrates
TABLE_LOCK_TRIES = 10
_SESSION = {
    "application_name": "dibs migrate",
    "lock_timeout": "3s",
    "statement_timeout": "10min",
    "idle_in_transaction_session_timeout": "10min",
}


async def migrate(database_url: str) -> None:
    """Bring the database to the newest schema of this release; nothing happens when it is there already.

    Raises SchemaError.
    """
    try:
        async with _only_node(database_url):
            for tries_left in reversed(range(TABLE_LOCK_TRIES)):
                try:
                    await _upgrade(database_url)
                except (DBAPIError, asyncpg.PostgresError) as error:
                    if not tries_left or not _is_lock_timeout(error):
                        raise
                    await asyncio.sleep(2)
                else:
                    return
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        raise SchemaError(f"The database could not be migrated: {_reason(error)}") from error


def run_sql(revision_file: str) -> None:
    """Run the SQL file beside a revision's Python file, in its transaction; it may hold many statements."""
    sql = Path(revision_file).with_suffix(".sql").read_text("utf-8")
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # the driver opens the transaction with the first statement that it sees
    driver: Any = bind.connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(sql))


@click.command("migrate", help="Bring the database to the current schema. Several nodes may do it at once.")
def migrate_command() -> None:
    """Migrate the database of the settings."""
    asyncio.run(migrate(settings.load().database_url))
    click.echo(f"The database is at revision {revisions()[-1]}.")


@asynccontextmanager
async def _only_node(database_url: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(
        database_url, server_settings={"application_name": "dibs migrate"}, statement_cache_size=0
    )
    try:
        if await connection.fetchval("SELECT pg_backend_pid()") != connection.get_server_pid():
            raise SchemaError(
                "A pooler stands between. Give `dibs migrate` the database's own address in DIBS_DATABASE_URL:"
                " it holds a lock for as long as it works."
            )
        # Asked again and again instead of waited for: a statement that waits is an open transaction, and
        # CREATE INDEX CONCURRENTLY waits for those.
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY):
            if asyncio.get_running_loop().time() > deadline:
                raise SchemaError("Another node has been migrating the database for too long. Look after it first.")
            await asyncio.sleep(0.1)
        yield
    finally:
        await connection.close()  # gives the lock free


async def _upgrade(database_url: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(database_url, server_settings=_SESSION),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade_on)
    finally:
        await engine.dispose()


def _upgrade_on(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        alembic.upgrade(config, "head")
    except CommandError as error:
        raise SchemaError(
            f"The database is of another release; this one knows revisions up to {revisions()[-1]}: {error}"
        ) from error


def _is_lock_timeout(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == asyncpg.LockNotAvailableError.sqlstate


def _reason(error: Exception) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0] or type(error).__name__
