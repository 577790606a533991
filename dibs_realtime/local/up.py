"""`dibs up`: everything on one machine with nothing installed."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from dibs_realtime import settings
from dibs_realtime.local.certificate import addresses, ensure_certificate
from dibs_realtime.local.demo import demo
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.migrate import migrate
from dibs_realtime.processes.ports import check_free, is_loopback_url
from dibs_realtime.processes.reloading import Reloader
from dibs_realtime.processes.stopping import stop_signals
from dibs_realtime.processes.supervisor import supervise
from dibs_realtime.processes.workers import workers
from dibs_realtime.settings import Settings


@click.command("up")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port to listen on. [default: 8080]")
@click.option("--host", help="The address to listen on. [default: this machine alone; with --tls all networks]")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where the data are kept. [default: .dibs]")
@click.option("--workers", "count", type=click.IntRange(1, 256), help="Server processes. [default: 1]")
@click.option("--tls", is_flag=True, help="HTTPS with a certificate of its own, so that phones may use their camera.")
@click.option("--demo", "with_demo", is_flag=True, help="Seed a party and simulate a live night on it.")
@click.option("--reload", "with_reload", is_flag=True, hidden=True, help="Start anew when the code changes.")
def up_command(
    port: int | None,
    host: str | None,
    data_dir: Path | None,
    count: int | None,
    *,
    tls: bool,
    with_demo: bool,
    with_reload: bool,
) -> None:
    """Start PostgreSQL, Redis and the server on this machine, nothing installed before. Ctrl-C stops it."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    given = {"port": port, "host": host, "data_dir": data_dir, "workers": count}
    forced = {name: value for name, value in given.items() if value is not None}
    console = Console(highlight=False, soft_wrap=True)
    # The servers' addresses come later; everything else is checked before a file is written.
    servers = LocalServers(_load(forced, tls=tls).data_dir)
    with stop_signals(), ExitStack() as running:
        servers.hold()
        running.callback(servers.stop)
        configured = _load(forced, tls=tls, servers=servers)
        check_free(configured.host, configured.port)
        console.print(f"Starting on {servers.folder} …")
        servers.announce(configured.public_url)
        servers.start()
        asyncio.run(migrate(servers.database_url))
        environment = settings.environment(configured)
        team = running.enter_context(workers(configured.workers, environment))
        _tell(console, configured)
        if with_demo:
            scheme = "https" if configured.tls_certificate else "http"
            base_url = f"{scheme}://localhost:{configured.port}"
            running.enter_context(demo(base_url, configured.tls_certificate, servers.folder))
        running.callback(console.print, "\nStopping …")
        supervise(
            [servers.postgres, servers.redis, *team],
            every_tick=Reloader(team).check if with_reload else None,
        )
    console.print(f"Stopped. Your data are in {servers.folder}")


def _load(forced: Mapping[str, Any], *, tls: bool, servers: LocalServers | None = None) -> Settings:
    """Return the settings; without `servers` their addresses and what is kept in their folder are made up."""
    own: dict[str, Any] = {
        "database_url": "postgresql://",
        "database_writer_url": None,
        "database_replica_url": None,
        "database_prepared_statements": True,
        "redis_url": "unix://",
        "redis_ca": None,
    }
    fallback: dict[str, Any] = {"secret_key": "-" * 32, "host": "0.0.0.0" if tls else "127.0.0.1"}  # noqa: S104  # wanted
    if servers:
        own |= {"database_url": servers.database_url, "redis_url": servers.redis_url}
        fallback["secret_key"] = servers.secret_key()
        if tls:
            own["tls_certificate"], own["tls_key"] = ensure_certificate(servers.folder / "tls")
    known = settings.load(forced={**own, **forced}, fallback={**fallback, "public_url": "http://localhost"})
    seen_as = next(iter(addresses()), "localhost") if tls else "localhost"
    scheme = "https" if tls or known.tls_certificate else "http"
    fallback["public_url"] = f"{scheme}://{f'[{seen_as}]' if ':' in seen_as else seen_as}:{known.port}"
    return settings.load(forced={**own, **forced}, fallback=fallback)


def _tell(console: Console, configured: Settings) -> None:
    places = Table.grid(padding=(0, 3))
    for what, path in (
        ("Organizers", "/app/"),
        ("Doors", "/door/"),
        ("Start page", "/"),
        ("For programs", "/api/docs"),
    ):
        places.add_row(f"  {what}", f"{configured.public_url}{path}")
    console.print("\n[bold]Party Dibs is running.[/bold] Open:")
    console.print(places)
    if configured.tls_certificate and not is_loopback_url(configured.public_url):
        console.print("  Browsers warn once, because the certificate is this machine's own: go on all the same.")
    console.print("Ctrl-C stops it.\n")
