import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs_realtime.accounts.schemas import PasswordChoice
from dibs_realtime.accounts.use_cases import Origin
from dibs_realtime.commands.server import settings_of_server
from dibs_realtime.commands.user import user_command
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.problems import Problem
from dibs_realtime.local.postgres import SOCKET_NAME
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.settings import SettingsError

from .node import PASSWORD, Node, SetClock

Dibs = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def dibs(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run `dibs user …` beside this test's loop; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": database_url, "REDIS_URL": "unix:///nowhere", "SECRET_KEY": "x" * 40,
        "PUBLIC_URL": "https://party.example",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"DIBS_{name}", value)

    async def run(*arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, user_command, arguments)
        return result.exit_code, result.output

    return run


def link_in(output: str) -> str:
    (line,) = [line for line in output.splitlines() if line.startswith("https://")]
    return line


async def choose(node: Node, link: str) -> None:
    choice = PasswordChoice(token=link.rsplit("/", 1)[1], password=PASSWORD)
    await node.accounts.choose_password(choice, Origin("192.0.2.1", ""))


async def test_create_and_reset(dibs: Dibs, node: Node, clock: SetClock):
    clock.now = utc_now()
    code, output = await dibs("create", "Ben@PARTY.example", "--name", "Ben")
    assert code == 0, output
    await choose(node, link_in(output))
    row = await node.database.fetchrow("SELECT email, name FROM users")
    assert tuple(row) == ("Ben@party.example", "Ben")

    code, output = await dibs("create", "ben@party.example")
    assert code == 1
    assert "dibs user reset" in output
    code, output = await dibs("reset", "ben@party.example")
    assert code == 0, output
    link = link_in(output)
    await choose(node, link)
    with pytest.raises(Problem):
        await choose(node, link)


async def test_what_cannot_be_done_is_told_in_one_line(dibs: Dibs):
    code, output = await dibs("reset", "nobody@party.example")
    assert (code, len(output.splitlines())) == (1, 1)
    code, output = await dibs("create", "nonsense")
    assert code == 2
    assert "no e-mail address" in output


async def test_it_finds_a_running_dibs_up(dibs: Dibs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Without a database in the settings, the one in the folder."""
    monkeypatch.delenv("DIBS_DATABASE_URL")
    monkeypatch.delenv("DIBS_PUBLIC_URL")
    _, output = await dibs("create", "ben@party.example")
    assert "DIBS_DATABASE_URL is not set" in str(output) or output == ""

    servers = LocalServers(tmp_path / "party")
    servers.folder.mkdir()
    servers.postgres.sockets.mkdir(parents=True, exist_ok=True)  # elsewhere, where the folder's path is long
    (servers.postgres.sockets / SOCKET_NAME).touch()
    servers.announce("https://192.168.1.7:9443")
    settings = settings_of_server(Path("party"))
    assert settings.database_url == servers.database_url
    assert settings.public_url == "https://192.168.1.7:9443"

    monkeypatch.setenv("DIBS_PUBLIC_URL", "https://party.example")
    assert settings_of_server(Path("party")).public_url == "https://party.example"


async def test_another_database_is_not_reached_where_a_dibs_up_is(
    dibs: Dibs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    del dibs  # its environment
    monkeypatch.delenv("DIBS_PUBLIC_URL")
    servers = LocalServers(tmp_path / ".dibs")
    servers.folder.mkdir()
    servers.postgres.sockets.mkdir(parents=True, exist_ok=True)  # elsewhere, where the folder's path is long
    (servers.postgres.sockets / SOCKET_NAME).touch()
    servers.announce("https://192.168.1.7:9443")
    with pytest.raises(SettingsError, match="DIBS_PUBLIC_URL is not set"):
        settings_of_server(None)
