"""`dibs user`: organizers without mail, by single-use links."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from dibs_realtime.accounts.links import PasswordLinks, UnknownAccountError
from dibs_realtime.accounts.model import RESET_LINK, SETUP_LINK
from dibs_realtime.accounts.repository import EmailTakenError
from dibs_realtime.accounts.schemas import email_address
from dibs_realtime.commands.server import data_option, opened, settings_of_server
from dibs_realtime.kit.clock import utc_now

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


@user_command.command("create")
@_email
@click.option("--name", help="What others see. [default: what is before the @]")
@data_option
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
@data_option
def reset_command(email: str, data_dir: Path | None) -> None:
    """Print a link with which the account's holder chooses a new password, once. All its sessions end then."""
    try:
        link = asyncio.run(_link(data_dir, lambda links: links.for_forgotten_password(email, utc_now())))
    except UnknownAccountError:
        raise click.ClickException(f"{email} has no account. `dibs user create {email}` makes one.") from None
    _tell(link, RESET_LINK.days)


async def _link(data_dir: Path | None, make: MakeLink) -> str:
    configured = settings_of_server(data_dir)
    async with opened(configured, readers=1) as database:
        return await make(PasswordLinks(database, configured.public_url))


def _tell(link: str, days: int) -> None:
    click.echo(f"Good once, within {days} day{'s' if days > 1 else ''}. Hand it over in private:")
    click.echo(link)
