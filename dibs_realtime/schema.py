"""Which schema this release needs, and whether the database has it. Servers ask this; Alembic stays out."""

from pathlib import Path

import asyncpg

_PACKAGED = Path(__file__).with_name("_migrations")
MIGRATIONS = _PACKAGED if _PACKAGED.exists() else Path(__file__).parents[1] / "migrations"


class SchemaError(Exception):
    """The database lacks the schema that is needed, or cannot be asked. One line for whoever starts us."""


def revisions() -> list[str]:
    """Return the revisions this release knows, oldest first; each is the number that its files begin with."""
    return sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.sql"))


async def check(database_url: str) -> None:
    """Raise SchemaError when the database lacks what this release needs.

    A database that is ahead is fine: migrations suit the release before them, so that nodes can be replaced
    one by one.
    """
    try:
        # Nothing stays prepared: a pooler may hand the connection to somebody else.
        connection = await asyncpg.connect(database_url, timeout=10, statement_cache_size=0)
        try:
            found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        finally:
            await connection.close()
    except asyncpg.UndefinedTableError:
        found = None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SchemaError(f"The database does not answer: {error or type(error).__name__}.") from error
    *older, newest = revisions()
    if found is None or found in older:
        has = f"is at revision {found}" if found else "is empty"
        raise SchemaError(f"The database {has}, this release needs {newest}. Run `dibs migrate` first.")
