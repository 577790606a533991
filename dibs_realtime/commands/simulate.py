"""`dibs simulate`: real guests and doors over the public interfaces."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console

from dibs_realtime import settings
from dibs_realtime.simulate.problems import ApiError, UnreachableError
from dibs_realtime.simulate.run import Options, simulate
from dibs_realtime.simulate.stage import StageError


@click.command("simulate")
@click.option("--event", "slug", required=True, metavar="SLUG", help="The event's address.")
@click.option("--guests", type=click.IntRange(1, 1_000_000), default=200, show_default=True)
@click.option("--doors", type=click.IntRange(0, 500), default=4, show_default=True)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 10_000),
    default=20.0,
    show_default=True,
    help="Things that happen a second, of everybody together.",
)
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=60.0, show_default=True, help="How long.")
@click.option(
    "--sockets",
    type=click.IntRange(0, 100_000),
    default=50,
    show_default=True,
    help="Guests who have a socket of their own at the same time; all others use REST.",
)
@click.option("--url", help="The server. [default: DIBS_PUBLIC_URL, or this machine]")
@click.option(
    "--email",
    envvar="DIBS_SIMULATE_EMAIL",
    show_envvar=True,
    help="A manager of the event. Without one only guests come, and nobody redeems.",
)
@click.option("--password", envvar="DIBS_SIMULATE_PASSWORD", show_envvar=True, help="Asked for when it is not given.")
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust this certificate too, such as that of `dibs up --tls`.",
)
@click.option("--seed", type=int, help="Who comes and what goes wrong is drawn from this.")
def simulate_command(
    slug: str,
    guests: int,
    doors: int,
    rate: float,
    seconds: float,
    sockets: int,
    url: str | None,
    email: str | None,
    password: str | None,
    certificate: Path | None,
    seed: int | None,
) -> None:
    """Let guests and doors loose on an event that exists: on the event SLUG, through REST and Socket.IO.

    They make vouchers and devices of their own and leave all others alone. It ends by itself, and in order on
    Ctrl-C. The exit code is 1 when the watcher's view and the server's differ in the end.
    """
    if email is not None and password is None:
        password = click.prompt("Password", hide_input=True)
    options = Options(
        base_url=_url(url),
        slug=slug,
        guests=guests,
        doors=doors,
        rate=rate,
        seconds=seconds,
        sockets=sockets,
        seed=seed,
        email=email,
        password=password,
        certificate=certificate,
    )
    try:
        same = asyncio.run(simulate(options, Console(highlight=False, soft_wrap=True)))
    except (StageError, UnreachableError) as error:
        raise click.ClickException(str(error)) from error
    except ApiError as error:
        raise click.ClickException(f"The server answered {error}") from error
    if not same:
        raise click.exceptions.Exit(1)


def _url(given: str | None) -> str:
    """Return the server's address: what was given, else what the settings say. Raises UsageError, SettingsError."""
    if given is None:
        # What only a server needs is made up.
        fallback: dict[str, Any] = {
            "database_url": "postgresql://",
            "redis_url": "unix://",
            "secret_key": "-" * 32,
            "public_url": "http://localhost",
        }
        known = settings.load(fallback=fallback)
        scheme = "https" if known.tls_certificate else "http"
        return settings.load(fallback={**fallback, "public_url": f"{scheme}://localhost:{known.port}"}).public_url
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise click.UsageError("--url must be an address like https://party.example")
    return given.rstrip("/")
