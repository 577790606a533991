import pytest
from click.testing import CliRunner

from dibs_realtime.cli import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_help_lists_what_people_use() -> None:
    listed = CliRunner().invoke(main, ["--help"]).output
    for name in ("up", "serve", "migrate", "user", "simulate"):
        assert f"\n  {name} " in listed
    assert "\n  demo " not in listed


def test_an_unknown_command() -> None:
    result = CliRunner().invoke(main, ["dance"])
    assert result.exit_code == 2
    assert "No such command 'dance'" in result.output


def test_a_command_whose_parts_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "bench", "not_installed_here.bench:main")
    result = CliRunner().invoke(main, ["bench", "--full", "x"])
    assert result.exit_code == 1
    assert result.output == "Error: `dibs bench` needs not_installed_here, which is not part of this installation.\n"
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0
