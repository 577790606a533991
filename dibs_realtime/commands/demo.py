"""`dibs demo`: what `dibs up --demo` runs beside the server, in a process of its own."""

import asyncio
from pathlib import Path

import click

from dibs_realtime.simulate import demo


@click.command("demo", hidden=True)
@click.argument("base_url")
@click.option("--certificate", type=click.Path(path_type=Path), help="Trust this certificate.")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where the demo's account is kept.")
def demo_command(base_url: str, certificate: Path | None, data_dir: Path | None) -> None:
    """Seed a party on the server at BASE_URL and simulate a live night on it."""
    asyncio.run(demo.run(base_url, certificate=certificate, data_dir=data_dir))
