import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from dibs_realtime import schema
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.migrate import LOCK_KEY, migrate
from dibs_realtime.schema import MIGRATIONS, SchemaError, check, revisions

from .running import SECONDS, dibs, environment


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    with LocalPostgres(tmp_path_factory.mktemp("migrate"), {"fsync": "off"}) as running:
        yield running


@pytest.fixture
def url(postgres: LocalPostgres, request: pytest.FixtureRequest) -> str:
    name = re.sub(r"\W", "_", request.node.name).lower()
    postgres.ensure_database(name)
    return postgres.url(name)


async def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_an_empty_database_gets_the_newest_schema_once(url: str) -> None:
    await migrate(url)
    tables = await rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert ("events",) in tables
    assert await rows(url, "SELECT version_num FROM alembic_version") == [(revisions()[-1],)]
    await migrate(url)
    assert await rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1") == tables


def test_five_nodes_at_once(url: str, tmp_path: Path) -> None:
    nodes = [
        subprocess.Popen(
            [sys.executable, "-m", "dibs_realtime", "migrate"],
            cwd=tmp_path,
            env=environment(
                database_url=url, redis_url="redis://nowhere", secret_key="k" * 32, public_url="http://localhost"
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(5)
    ]
    for node in nodes:
        said, _ = node.communicate(timeout=SECONDS)
        assert (node.returncode, said) == (0, f"The database is at revision {revisions()[-1]}.\n")
    assert asyncio.run(rows(url, "SELECT count(*) FROM alembic_version")) == [(1,)]


async def test_who_comes_second_waits_and_does_not_hold_a_transaction_open(url: str) -> None:
    first = await asyncpg.connect(url)
    await first.fetchval("SELECT pg_advisory_lock($1)", LOCK_KEY)
    second = asyncio.create_task(migrate(url))
    await asyncio.sleep(0.5)
    assert not second.done()
    # It asks for the lock again and again; what it holds from one question to the next is what would be in the way.
    begun = """
        SELECT xact_start FROM pg_stat_activity
         WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
           AND datname = current_database() AND backend_type = 'client backend'"""
    held = set(await rows(url, begun))
    for _ in range(5):
        await asyncio.sleep(0.2)
        held &= set(await rows(url, begun))
    assert held == set()
    assert not second.done()
    await first.close()
    await second


async def test_a_table_in_use_is_waited_for_in_short_tries(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(url)
    one_more_revision(tmp_path, monkeypatch, "ALTER TABLE events ADD COLUMN later integer")
    busy = await asyncpg.connect(url)
    await busy.execute("BEGIN; SELECT FROM events")
    second = asyncio.create_task(migrate(url))
    await asyncio.sleep(4)  # longer than a try waits for the lock
    assert not second.done()
    # Others are not held up for good by the statement that waits.
    assert await asyncio.wait_for(rows(url, "SELECT count(*) FROM events"), 10) == [(0,)]
    await busy.close()
    await second
    assert await rows(url, "SELECT later FROM events") == []


async def test_a_revision_that_fails_leaves_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(url)
    one_more_revision(
        tmp_path, monkeypatch, "CREATE TABLE half (n integer); SELECT 1 / 0; CREATE TABLE whole (n integer)"
    )
    with pytest.raises(SchemaError, match=r"could not be migrated: .*division by zero") as caught:
        await migrate(url)
    assert "\n" not in str(caught.value)
    assert await rows(url, "SELECT to_regclass('half')") == [(None,)]
    assert await rows(url, "SELECT version_num FROM alembic_version") == [(revisions()[-1],)]


async def test_colons_and_percents_and_many_statements_are_plain_sql(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(url)
    sql = "CREATE TABLE odd AS SELECT '100%% :name %(x)s'::text AS t; -- :comment\nCREATE INDEX ON odd (t);"
    one_more_revision(tmp_path, monkeypatch, sql)
    await migrate(url)
    assert await rows(url, "SELECT t FROM odd") == [("100%% :name %(x)s",)]


async def test_a_database_of_a_newer_release(url: str) -> None:
    await migrate(url)
    await rows(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="of another release"):
        await migrate(url)
    await check(url)  # but a server of the release before still runs on it


async def test_a_server_does_not_start_on_an_old_schema(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SchemaError, match=r"is empty, this release needs \d+\. Run `dibs migrate` first\."):
        await check(url)
    await migrate(url)
    await check(url)
    known = revisions()
    monkeypatch.setattr(schema, "revisions", lambda: [*known, "9000"])
    with pytest.raises(SchemaError, match=f"is at revision {known[-1]}, this release needs 9000"):
        await check(url)


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_database_that_is_away_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    settings = {
        "database_url": "postgresql://dibs:hidden-word@127.0.0.1:1/dibs",
        "redis_url": "redis://127.0.0.1:1",
        "secret_key": "k" * 32,
        "public_url": "http://localhost",
    }
    ended = dibs(command, folder=tmp_path, settings=settings)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The database ")
    assert ended.stderr.count("\n") == 1
    assert "hidden-word" not in ended.stderr


def test_every_revision_has_its_sql_and_they_form_one_line() -> None:
    scripts = sorted(path.stem for path in (MIGRATIONS / "versions").glob("*.py"))
    assert scripts == sorted(path.stem for path in (MIGRATIONS / "versions").glob("*.sql"))
    assert revisions() == [f"{number:04}" for number in range(1, len(scripts) + 1)]


def one_more_revision(folder: Path, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    """Let the release have a revision after its newest."""
    shutil.copytree(MIGRATIONS, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    versions = folder / "migrations" / "versions"
    newest, following = revisions()[-1], f"{len(revisions()) + 1:04}"
    (versions / f"{following}_more.py").write_text(
        "from dibs_realtime.migrate import run_sql\n"
        f"revision, down_revision = {following!r}, {newest!r}\n"
        "def upgrade():\n    run_sql(__file__)\n"
    )
    (versions / f"{following}_more.sql").write_text(sql)
    monkeypatch.setattr("dibs_realtime.migrate.MIGRATIONS", folder / "migrations")
