"""`python -m bench.live`: the rows of the live side alone, as a table and as JSON."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench import machine, report
from bench.live.measuring import PARTS, measure
from bench.live.rows import FULL, QUICK, Row
from bench.live.talk import TalkError
from bench.organizer import PreparationError
from bench.processes import ServerError
from dibs_realtime.kit import json
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.processes.child import ChildError
from dibs_realtime.processes.stopping import stop_signals

RESULTS = report.FOLDER / "live.json"


@click.command("bench.live")
@click.option("--full", is_flag=True, help="5,000 watchers, too, and more and longer rounds.")
@click.option("--check", is_flag=True, help="Exit with 1 when a bar is missed.")
@click.option("--only", type=click.Choice(list(PARTS)), help="One part alone.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=RESULTS, help="Where to write.")
def main(*, full: bool, check: bool, only: str | None, path: Path) -> None:
    """Measure fan-out, idle watchers, restarts and dashboards."""
    console = Console(highlight=False)
    form = FULL if full else QUICK
    report.FOLDER.mkdir(exist_ok=True)
    try:
        with stop_signals(), ExitStack() as running:
            temporary = tempfile.TemporaryDirectory(dir=report.FOLDER, prefix="run-")
            folder = Path(running.enter_context(temporary))
            folder.chmod(0o711)  # PostgreSQL may run as somebody else, who must get through
            servers = running.enter_context(LocalServers(folder / "servers"))
            described = asyncio.run(machine.describe(servers.database_url))
            status = running.enter_context(console.status("starting"))
            rows = measure(servers, folder, form, status.update, only)
    except (ChildError, ServerError, PreparationError, TalkError) as error:
        raise click.ClickException(str(error)) from error
    show(console, rows)
    document = {
        "at": datetime.now(UTC),
        "machine": described,
        "form": asdict(form),
        "rows": [{**asdict(row), "met": row.is_met} for row in rows],
    }
    path.write_bytes(json.dumps(document))
    if check and not all(row.is_met for row in rows):
        sys.exit(1)


def show(console: Console, rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table(title="Live", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    for heading in ("ours", "theirs", "value", "from - to", "bar", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.title,
            f"{row.ours:.3g} {row.unit}",
            "" if row.theirs is None else f"{row.theirs:.3g} {row.unit}",
            Text(f"{row.value:.2f}", style="bold"),
            f"{row.lowest:.3g} - {row.highest:.3g}",
            f"≤ {row.bar:g}",
            Text("met", style="green") if row.is_met else Text("missed", style="bold red"),
        )
    console.print(table)


if __name__ == "__main__":
    main()
