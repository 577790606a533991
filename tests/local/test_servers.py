"""The servers themselves, without the `dibs` command around them."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
import redis

from dibs_realtime.local.account import Account
from dibs_realtime.local.folder import LONGEST_SOCKET_PATH, LocalError
from dibs_realtime.local.leftovers import working
from dibs_realtime.local.postgres import LocalPostgres
from dibs_realtime.local.redis import LocalRedis
from dibs_realtime.local.servers import LocalServers

from .running import wait_until

ROOT = os.geteuid() == 0
Abandon = Callable[[LocalPostgres | LocalRedis], None]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished cluster that is stopped: each test starts a copy of it."""
    folder = tmp_path_factory.mktemp("cluster") / "postgres"
    with LocalPostgres(folder, {"fsync": "off"}) as postgres:
        postgres.ensure_database()
    return folder


@pytest.fixture
def folder(cluster: Path, tmp_path: Path) -> Path:
    shutil.copytree(cluster, tmp_path / "postgres")
    return tmp_path / "postgres"


async def ask(postgres: LocalPostgres, sql: str) -> object:
    connection = await asyncpg.connect(postgres.url())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@pytest.fixture
def abandon() -> Iterator[Abandon]:
    """Leave a server running with nobody who knows of it."""
    children = []

    def leave(server: LocalPostgres | LocalRedis) -> None:
        children.append(server._child)
        server._child = None
        server._held.release()

    yield leave
    for child in children:
        child.stop()


async def test_data_stay_and_it_is_durable_and_private(folder: Path) -> None:
    with LocalPostgres(folder) as postgres:
        await ask(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
        for name, wanted in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "max_connections": "200",
            "jit": "off",
            "server_encoding": "UTF8",
        }.items():
            assert await ask(postgres, f"SHOW {name}") == wanted, name
        assert (Path(postgres.sockets) / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0
    assert postgres.pid is None
    assert not working("postgres", postgres.data)
    with LocalPostgres(folder) as postgres:
        assert await ask(postgres, "SELECT n FROM kept") == 7


async def test_the_log_tells_nothing_of_rows(folder: Path) -> None:
    with LocalPostgres(folder) as postgres:
        await ask(postgres, "CREATE TABLE guests (email text UNIQUE)")
        await ask(postgres, "INSERT INTO guests VALUES ('planted@party.example')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(postgres, "INSERT INTO guests VALUES ('planted@party.example')")
        with pytest.raises(asyncpg.DataError):
            await ask(postgres, "SELECT 'planted'::int")
    assert "planted" not in (folder / "postgres.log").read_text()


async def test_recovers_after_a_power_cut(folder: Path) -> None:
    postgres = LocalPostgres(folder)
    postgres.start()
    try:
        await ask(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
        postgres.kill()
        assert (postgres.data / "postmaster.pid").exists()
        postgres.start()
        assert await ask(postgres, "SELECT n FROM kept") == 7
    finally:
        postgres.stop()


def test_a_pid_that_is_anybodys_now_is_no_obstacle(folder: Path) -> None:
    postgres = LocalPostgres(folder)
    postgres.start()
    pid_file = postgres.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.kill()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        (postgres.sockets / ".s.PGSQL.5432.lock").write_text("\n".join([str(stranger.pid), *lines[1:6]]) + "\n")
        with postgres:
            assert asyncio.run(ask(postgres, "SELECT 1")) == 1
        assert stranger.poll() is None
    finally:
        stranger.communicate(b"\n")


async def test_a_server_left_behind_is_stopped(folder: Path, abandon: Abandon) -> None:
    # As after a kill -9 where the kernel does not tell children: a server that nobody owns.
    postgres = LocalPostgres(folder)
    postgres.start()
    await ask(postgres, "CREATE TABLE kept AS SELECT 7 AS n")
    old = postgres.pid
    abandon(postgres)
    with LocalPostgres(folder) as successor:
        assert successor.pid != old
        assert old not in working("postgres", successor.data)
        assert await ask(successor, "SELECT n FROM kept") == 7


async def test_a_half_made_cluster_is_made_anew(cluster: Path, tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    shutil.copytree(cluster / "data", folder / "data.new", ignore=shutil.ignore_patterns("global", "PG_VERSION"))
    with LocalPostgres(folder, {"fsync": "off"}) as postgres:
        postgres.ensure_database()
        assert await ask(postgres, "SELECT 1") == 1
    assert not (folder / "data.new").exists()


def test_data_of_another_major_version_are_left_alone(folder: Path) -> None:
    (folder / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(LocalError, match=r"are of PostgreSQL 12, this release brings \d+.*pg_dump"):
        LocalPostgres(folder).start()


def test_what_keeps_it_from_starting_is_told(folder: Path) -> None:
    postgres = LocalPostgres(folder, {"shared_buffers": "a lot"})
    with pytest.raises(LocalError, match=r"did not start .*shared_buffers") as caught:
        postgres.start()
    assert "\n" not in str(caught.value)
    assert postgres.pid is None


async def test_a_path_too_long_for_a_socket(cluster: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    assert len(str(deep)) > LONGEST_SOCKET_PATH
    shutil.copytree(cluster, deep / "postgres")
    with LocalServers(deep) as servers:
        assert len(servers.database_url) < 140
        assert servers.postgres.sockets.stat().st_mode & 0o077 == 0
        assert await ask(servers.postgres, "SELECT 1") == 1
        with closing(redis.Redis.from_url(servers.redis_url)) as client:
            assert client.ping()
    assert not servers.postgres.sockets.exists()


@pytest.mark.skipif(not ROOT, reason="only root can choose another account")
def test_a_stand_in_account_for_root(cluster: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account(f"user:{nobody.pw_uid}:{nobody.pw_gid}", nobody.pw_uid, nobody.pw_gid)
    with tempfile.TemporaryDirectory() as room:
        Path(room).chmod(0o711)
        shutil.copytree(cluster, Path(room) / "postgres")
        with LocalPostgres(Path(room) / "postgres", account=account) as postgres:
            assert asyncio.run(ask(postgres, "SELECT 1")) == 1
            assert postgres.data.stat().st_uid == nobody.pw_uid


@pytest.mark.skipif(not ROOT, reason="only root can choose another account")
def test_a_stand_in_account_that_cannot_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = pwd.getpwnam("nobody")
    folder.parent.chmod(0o700)
    monkeypatch.setattr("dibs_realtime.local.account._any_ordinary_user", lambda: None)
    monkeypatch.setattr("dibs_realtime.local.account._system_account", lambda: nobody)
    with pytest.raises(LocalError, match=r"must not run as root.*nobody.*Permission denied") as caught:
        LocalPostgres(folder).start()
    assert "\n" not in str(caught.value)


def test_one_folder_one_user(tmp_path: Path) -> None:
    told = pytest.raises(LocalError, match=rf"process {os.getpid()}\) runs on the folder .*redis\.")
    with LocalRedis(tmp_path / "redis"), told:
        LocalRedis(tmp_path / "redis").start()
    with LocalRedis(tmp_path / "redis"):
        pass


async def test_redis_comes_and_goes_on_one_address(tmp_path: Path) -> None:
    server = LocalRedis(tmp_path / "redis")
    url = server.url
    server.start()
    try:
        with closing(redis.Redis.from_url(url)) as client:
            client.set("a", 1)
            server.stop()
            with pytest.raises(redis.ConnectionError):
                client.ping()
            server.start()
            assert client.get("a") is None
            server.kill()
            server.start()
            assert client.ping()
            assert server.url == url
        with closing(redis.Redis.from_url(url, socket_timeout=0.2, retry=None)) as client:
            server.pause()
            with pytest.raises(redis.TimeoutError):
                client.ping()
            server.resume()
            wait_until(lambda: answers(url))
    finally:
        server.stop()
    assert not working("valkey-server", tmp_path / "redis")


def answers(url: str) -> bool:
    with closing(redis.Redis.from_url(url, socket_timeout=1)) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def test_redis_left_behind_is_ended(tmp_path: Path, abandon: Abandon) -> None:
    first = LocalRedis(tmp_path / "redis")
    first.start()
    old = first.pid
    abandon(first)
    with LocalRedis(tmp_path / "redis") as second:
        assert working("valkey-server", tmp_path / "redis") == [second.pid] != [old]
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(second.url.removeprefix("unix://"))  # elsewhere, where the folder's path is too long for one


async def test_servers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from dibs_realtime.local.servers import LocalServers;"
        "LocalServers(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(tmp_path / "party"))
    assert await process.wait() == -9
    if sys.platform == "linux":
        wait_until(lambda: not working("postgres", tmp_path / "party" / "postgres" / "data"))
        wait_until(lambda: not working("valkey-server", tmp_path / "party" / "redis"))
    with LocalServers(tmp_path / "party") as servers:
        assert await ask(servers.postgres, "SELECT 1") == 1
