"""`dibs up --demo`: a party that is simulated on the running server, from a process of its own."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from signal import SIGTERM

import click

from dibs_realtime.processes.child import Child

STOP_SECONDS = 5.0


@click.command("demo", hidden=True)
@click.argument("base_url")
@click.option("--certificate", type=click.Path(path_type=Path), help="Trust this certificate.")
def demo_command(base_url: str, certificate: Path | None) -> None:
    """Seed a party on the server at BASE_URL and simulate a live night on it."""
    # By name: what runs through the public interfaces only is above this layer.
    demo = import_module("dibs_realtime.simulate.demo")
    asyncio.run(demo.run(base_url, certificate=certificate))


@contextmanager
def demo(base_url: str, certificate: Path | None) -> Iterator[None]:
    """Let the demo run until it or the block ends."""
    trust = ["--certificate", str(certificate)] if certificate else []
    child = Child([sys.executable, "-m", "dibs_realtime", "demo", base_url, *trust])
    try:
        yield
    finally:
        child.stop((SIGTERM, STOP_SECONDS))
