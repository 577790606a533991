"""The `dibs` command. Each subcommand lives beside what it does and is loaded when it is wanted."""

from importlib import import_module
from typing import Any

import click

from dibs_realtime.kit.database import UnfitError
from dibs_realtime.processes.child import ChildError
from dibs_realtime.schema import SchemaError
from dibs_realtime.settings import SettingsError

COMMANDS = {
    "up": "dibs_realtime.local.up:up_command",
    "serve": "dibs_realtime.serving:serve_command",
    "migrate": "dibs_realtime.migrate:migrate_command",
    "import": "dibs_realtime.commands.import_codes:import_command",
    "user": "dibs_realtime.commands.user:user_command",
    "simulate": "dibs_realtime.commands.simulate:simulate_command",
    "demo": "dibs_realtime.commands.demo:demo_command",
    "bench": "bench.__main__:main",
    "api-docs": "dibs_realtime.commands.api_docs:api_docs_command",
}
"""Name → `module:click command`. A new command is one line here."""


class _BadSettings(click.ClickException):
    exit_code = 2


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if not error.name or error.name.startswith("dibs_realtime"):
                raise
            return _absent(cmd_name, error.name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what a person can mend is told in one line."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise _BadSettings(_one_line(error)) from error
        except (ChildError, SchemaError, UnfitError) as error:
            raise click.ClickException(_one_line(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dibs-realtime", prog_name="dibs")
def main() -> None:
    """Party Dibs: the live voucher hub for events."""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _absent(name: str, module: str) -> click.Command:
    """Return what stands in for a command that needs something optional: the benchmarks, or the local servers."""

    def tell() -> None:
        raise click.ClickException(f"`dibs {name}` needs {module}, which is not part of this installation.")

    # Whatever follows the name is taken, so that it is not the options that are complained about.
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=tell, hidden=True, context_settings=settings)
