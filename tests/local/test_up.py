"""`dibs up`, as a person starts it."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import asyncpg
import psutil
import pytest

from dibs_realtime.local.servers import LocalServers
from dibs_realtime.processes.child import launched
from tests.support.ports import free_port

from .running import SECONDS, alive, dibs, kill, kill_tree, up, wait_until


def sql(party: Path, statement: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(LocalServers(party).database_url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def get(url: str, trust: Path | None = None) -> int:
    context = ssl.create_default_context(cafile=str(trust)) if trust else None
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:
        return int(answer.status)


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, "1"), (signal.SIGTERM, "2"), (signal.SIGHUP, "1")])
def test_it_serves_and_stops_cleanly_and_keeps_its_data(tmp_path: Path, number: signal.Signals, workers: str) -> None:
    with up(tmp_path, "--workers", workers) as running:
        assert get(f"http://127.0.0.1:{running.port}/healthz") == 200
        assert f"http://localhost:{running.port}/app/" in running.said
        assert len(running.called("valkey-server")) == 1
        sql(running.data, "CREATE TABLE kept AS SELECT 7 AS n")
        assert LocalServers(running.data).announced_url() == f"http://localhost:{running.port}"
        secret = (running.data / "secret-key").read_text()
        assert running.stop(number) == 0
        assert "Traceback" not in running.said
        assert "Stopped. Your data are in" in running.said
    with up(tmp_path) as again:
        assert sql(again.data, "SELECT n FROM kept") == 7
        assert (again.data / "secret-key").read_text() == secret
        assert (again.data / "secret-key").stat().st_mode & 0o077 == 0


def test_a_second_signal_while_it_stops_changes_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.process.send_signal(signal.SIGINT)
        running.process.send_signal(signal.SIGTERM)
        assert running.stop(signal.SIGINT) == 0
        assert "Traceback" not in running.said


def test_it_can_be_stopped_while_it_starts(tmp_path: Path) -> None:
    with up(tmp_path, until="Starting on") as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(SECONDS) == 0
        assert "Traceback" not in running.said
    with up(tmp_path) as again:
        assert sql(again.data, "SELECT 1") == 1


@pytest.mark.parametrize("whom", ["everything", "the command alone"])
def test_after_a_kill_the_next_start_recovers(tmp_path: Path, whom: str) -> None:
    with up(tmp_path, "--workers", "2") as running:
        sql(running.data, "CREATE TABLE kept AS SELECT 7 AS n")
        tree = running.tree()
        kill(tree if whom == "everything" else [running.process])
        running.process.wait()
    with up(tmp_path, port=running.port) as again:
        assert sql(again.data, "SELECT n FROM kept") == 7
        wait_until(lambda: not alive(tree))


@pytest.mark.parametrize("name", ["postgres", "valkey-server", "python"])
def test_what_falls_over_is_started_again(tmp_path: Path, name: str) -> None:
    with up(tmp_path) as running:
        kill(running.called(name)[:1])
        running.wait_for("Starting it again")
        running.wait_for("runs again.")
        assert sql(running.data, "SELECT 1") == 1
        wait_until(lambda: serves(running.port))
        assert running.stop() == 0


def serves(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/healthz") == 200
    except OSError:
        return False


def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        ended = dibs("up", "--data", str(running.data), "--port", str(free_port()), folder=tmp_path)
        assert ended.returncode == 1
        assert ended.stderr == (
            f"Error: Another `dibs up` (process {running.process.pid}) runs on the folder {running.data}."
            " Stop it first, or take another folder.\n"
        )
        assert get(f"http://127.0.0.1:{running.port}/healthz") == 200


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = dibs("up", "--data", "party", "--port", port, folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == f"Error: Port {port} on 127.0.0.1 is taken by another program. Take another with --port.\n"
    assert not (tmp_path / "party" / "postgres").exists()


def test_a_port_that_another_run_shares_is_taken_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        ended = dibs("up", "--data", "party", "--port", str(taken.getsockname()[1]), folder=tmp_path)
    assert "is taken by another program" in ended.stderr


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "party").write_text("")
    ended = dibs("up", "--data", "party", folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: The folder {tmp_path}/party cannot be used: there is something that is not a folder.\n"
    )


def test_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "party").mkdir(mode=0o500)
    as_ordinary_user: list[str] = []
    if os.geteuid() == 0:  # root may write anywhere, but not as an ordinary user in a namespace
        as_ordinary_user = launched([], folder=tmp_path, run_as="namespace:65534:65534", orphaned=signal.SIGTERM)
    ended = dibs("up", "--data", "party", folder=tmp_path, before=as_ordinary_user)
    assert ended.returncode == 1
    assert ended.stderr == f"Error: The folder {tmp_path}/party cannot be used: permission denied.\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user then")
def test_as_an_ordinary_user(tmp_path: Path) -> None:
    port = free_port()
    process = psutil.Popen(
        launched(
            [sys.executable, "-m", "dibs_realtime", "up", "--data", "party", "--port", str(port)],
            folder=tmp_path,
            run_as="namespace:65534:65534",
            orphaned=signal.SIGTERM,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = ""
        for line in process.stdout:  # it answers a moment before it says so
            said += line
            if "Party Dibs is running" in line:
                break
        wait_until(lambda: serves(port) or process.poll() is not None)
        if process.poll() is None:
            process.terminate()
        rest, _ = process.communicate(timeout=SECONDS)
    finally:
        kill_tree(process)
    assert process.returncode == 0, said + rest
    assert "Party Dibs is running" in said


def test_tls(tmp_path: Path) -> None:
    with up(tmp_path, "--tls") as running:
        certificate = running.data / "tls" / "certificate.pem"
        assert get(f"https://localhost:{running.port}/healthz", trust=certificate) == 200
        assert (running.data / "tls" / "key.pem").stat().st_mode & 0o077 == 0
        assert "https://" in running.said
        first = certificate.read_bytes()
        running.stop()
    with up(tmp_path, "--tls"):
        assert certificate.read_bytes() == first


def test_bad_settings_stop_it_before_a_file_is_written(tmp_path: Path) -> None:
    ended = dibs("up", folder=tmp_path, settings={"public_url": "http://party.example"})
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
