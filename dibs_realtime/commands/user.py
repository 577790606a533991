"""`dibs user`: organizers without mail, by single-use links."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from dibs_realtime import schema, settings
from dibs_realtime.accounts.links import PasswordLinks, UnknownAccountError
from dibs_realtime.accounts.model import RESET_LINK, SETUP_LINK
from dibs_realtime.accounts.repository import EmailTakenError
from dibs_realtime.accounts.schemas import email_address
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.problems import Problem
from dibs_realtime.local.postgres import SOCKET_NAME
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.settings import Settings

MakeLink = Callable[[PasswordLinks], Awaitable[str]]


class _EmailAddress(click.ParamType[str]):
    name = "email"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return email_address(value)
        except ValueError as error:
            self.fail(f"{value} is no e-mail address: {error}", param, ctx)


@click.group("user")
def user_command() -> None:
    """Organizers' accounts, without any mail."""


_email = click.argument("email", type=_EmailAddress())
_data = click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    help="The folder of a running `dibs up`. [default: .dibs]",
)


@user_command.command("create")
@_email
@click.option("--name", help="What others see. [default: what is before the @]")
@_data
def create_command(email: str, name: str | None, data_dir: Path | None) -> None:
    """Make an account and print a link with which its holder chooses a password, once."""
    shown = (name or "").strip()[:120] or email.partition("@")[0]
    try:
        link = asyncio.run(_link(data_dir, lambda links: links.for_new_account(email, shown, utc_now())))
    except EmailTakenError:
        raise click.ClickException(
            f"{email} has an account already. `dibs user reset {email}` makes a new link."
        ) from None
    _tell(link, SETUP_LINK.days)


@user_command.command("reset")
@_email
@_data
def reset_command(email: str, data_dir: Path | None) -> None:
    """Print a link with which the account's holder chooses a new password, once. All its sessions end then."""
    try:
        link = asyncio.run(_link(data_dir, lambda links: links.for_forgotten_password(email, utc_now())))
    except UnknownAccountError:
        raise click.ClickException(f"{email} has no account. `dibs user create {email}` makes one.") from None
    _tell(link, RESET_LINK.days)


async def _link(data_dir: Path | None, make: MakeLink) -> str:
    configured = _settings(data_dir)
    await schema.check(configured.database_url)
    database = Database(
        configured.database_url,
        writer_url=configured.database_writer_url,
        prepared=configured.database_prepared_statements,
        readers=1,
        writers=1,
    )
    try:
        await database.open()
        return await make(PasswordLinks(database, configured.public_url))
    except Problem as problem:
        raise click.ClickException(problem.detail) from problem
    finally:
        await database.close()


def _settings(data_dir: Path | None) -> Settings:
    """Return the settings; where no database is set, that of a running `dibs up`. Raises SettingsError."""
    # Neither is used here, and `dibs up` keeps its own.
    fallback: dict[str, Any] = {"redis_url": "unix://", "secret_key": "-" * 32}
    forced = {"data_dir": data_dir} if data_dir is not None else {}
    known = settings.load(
        forced=forced, fallback={**fallback, "database_url": "postgresql://", "public_url": "http://localhost"}
    )
    servers = LocalServers(known.data_dir)
    if (servers.postgres.sockets / SOCKET_NAME).exists():
        fallback["database_url"] = servers.database_url
        scheme = "https" if known.tls_certificate else "http"
        fallback["public_url"] = f"{scheme}://localhost:{known.port}"
    return settings.load(forced=forced, fallback=fallback)


def _tell(link: str, days: int) -> None:
    click.echo(f"Good once, within {days} day{'s' if days > 1 else ''}. Hand it over in private:")
    click.echo(link)
