"""`dibs serve`, on servers that run already."""

import asyncio
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import asyncpg
import psutil
import pytest

from dibs_realtime.local.servers import LocalServers
from dibs_realtime.migrate import migrate
from tests.support.ports import free_port

from .running import SECONDS, alive, dibs, environment, family, kill, kill_tree, wait_until


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServers]:
    with LocalServers(tmp_path_factory.mktemp("serve"), {"fsync": "off"}) as running:
        asyncio.run(migrate(running.database_url))
        yield running


def settings(servers: LocalServers, port: int) -> dict[str, str]:
    return {
        "database_url": servers.database_url,
        "redis_url": servers.redis_url,
        "secret_key": servers.secret_key(),
        "public_url": f"http://localhost:{port}",
        "port": str(port),
    }


@contextmanager
def started(
    servers: LocalServers, port: int, folder: Path, *arguments: str, stderr: IO[bytes] | None = None
) -> Iterator[psutil.Popen]:
    process = psutil.Popen(
        [sys.executable, "-m", "dibs_realtime", "serve", *arguments],
        cwd=folder,
        env=environment(**settings(servers, port)),
        stdin=subprocess.DEVNULL,
        stderr=stderr,
    )
    try:
        yield process
    finally:
        kill_tree(process)


@contextmanager
def serving(
    servers: LocalServers, port: int, folder: Path, *arguments: str, stderr: IO[bytes] | None = None
) -> Iterator[psutil.Popen]:
    with started(servers, port, folder, *arguments, stderr=stderr) as process:
        wait_until(lambda: is_ready(port) or process.poll() is not None)
        assert process.poll() is None
        yield process


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_stop(
    servers: LocalServers, tmp_path: Path, workers: str, number: signal.Signals
) -> None:
    with serving(servers, free_port(), tmp_path, "--workers", workers) as process:
        children = alive(family(process))
        assert len(children) == (3 if workers == "3" else 0)
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        assert not alive(children)


def test_a_process_that_dies_is_replaced_and_orphans_end(servers: LocalServers, tmp_path: Path) -> None:
    port = free_port()
    with serving(servers, port, tmp_path, "--workers", "2") as process:
        first, second = alive(family(process))
        kill([first])
        wait_until(lambda: len(set(alive(family(process))) - {first}) == 2)
        assert alive([second])
        team = family(process)
        process.kill()
        process.wait()
        if sys.platform == "linux":
            wait_until(lambda: not alive(team))
            assert not is_ready(port)


def test_a_hangup_replaces_the_processes_one_by_one_and_nothing_is_refused(
    servers: LocalServers, tmp_path: Path
) -> None:
    port = free_port()
    with serving(servers, port, tmp_path, "--workers", "2") as process:
        old = alive(family(process))
        assert len(old) == 2
        most = set(old)
        process.send_signal(signal.SIGHUP)
        while alive(old):
            # At any moment somebody takes connections; one that waited for a process just ended is made once more.
            assert any(is_ready(port) for _ in range(3))
            left = alive(old)  # before the new ones: whoever goes meanwhile has been replaced
            new = set(alive(family(process))) - set(old)
            assert len(new) + len(left) >= 2
            most |= new
        wait_until(lambda: len(alive(family(process))) == 2)
        most |= set(alive(family(process)))
        assert len(most) == 4
        assert process.poll() is None


def test_a_hangup_while_the_processes_start_is_heard(servers: LocalServers, tmp_path: Path) -> None:
    port = free_port()
    with started(servers, port, tmp_path, "--workers", "2") as process:
        wait_until(lambda: len(alive(family(process))) == 2 or process.poll() is not None)
        first = alive(family(process))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: process.poll() is not None or not alive(first))
        assert process.poll() is None
        wait_until(lambda: len(alive(family(process))) == 2)
        assert is_ready(port)


def test_what_cannot_start_replaces_nobody(servers: LocalServers, tmp_path: Path) -> None:
    """The database lost its schema: a new process refuses to start, those that run go on."""
    said = tmp_path / "said"
    with (
        said.open("wb") as output,
        serving(servers, free_port(), tmp_path, "--workers", "2", stderr=output) as process,
    ):
        wait_until(lambda: len(alive(family(process))) == 2)
        team = alive(family(process))
        asyncio.run(_on(servers.database_url, "ALTER TABLE alembic_version RENAME TO hidden"))
        try:
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: "did not start (exit code 1). The others stay as they are." in said.read_text())
            assert alive(family(process)) == team
        finally:
            asyncio.run(_on(servers.database_url, "ALTER TABLE hidden RENAME TO alembic_version"))


async def _on(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken(servers: LocalServers, tmp_path: Path, workers: str) -> None:
    port = free_port()
    with serving(servers, port, tmp_path, "--workers", "2"):
        ended = dibs("serve", "--workers", workers, folder=tmp_path, settings=settings(servers, port))
    assert ended.returncode == 1
    assert ended.stderr == f"Error: Port {port} on 127.0.0.1 is taken by another program. Take another with --port.\n"
