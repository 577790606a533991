"""`python -m bench`: everything started, measured side by side, stopped; one table, JSON and a picture beside it."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import machine, report
from bench.live.talk import TalkError
from bench.organizer import PreparationError
from bench.parts import PARTS
from bench.processes import ServerError
from bench.rows import FULL, QUICK, Form, Row
from bench.run import MeasurementError
from bench.stage import Stage
from bench.usage import wait_until_quiet
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.processes.child import ChildError
from dibs_realtime.processes.stopping import stop_signals

INTERRUPTED = 130


@click.command("bench")
@click.option("--full", is_flag=True, help="All parts, with more and longer rounds: about 20 minutes.")
@click.option("--check", is_flag=True, help="Exit with 1 when a bar is missed.")
@click.option("--only", type=click.Choice(list(PARTS)), multiple=True, help="This part alone; may be given again.")
@click.option("--rounds", type=click.IntRange(1, 50), help="Repetitions of each measurement.")
@click.option("--patience", type=click.FloatRange(0), default=0, help="Seconds to wait for a quiet machine.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=report.RESULTS, help="Where to write.")
def main(*, full: bool, check: bool, only: tuple[str, ...], rounds: int | None, patience: float, path: Path) -> None:
    """Measure Party Dibs against what people would take instead."""
    console = Console(highlight=False)
    form = replace(FULL if full else QUICK, **({"rounds": rounds} if rounds else {}))
    names = only or tuple(name for name, part in PARTS.items() if full or part.is_quick)
    rows: list[Row] | None = None
    with stop_signals():
        try:
            rows = bench(console, form, names, patience, path)
        except (ChildError, ServerError, PreparationError, MeasurementError, TalkError) as error:
            raise click.ClickException(str(error)) from error
    if rows is None:
        sys.exit(INTERRUPTED)
    if check and not all(row.is_met for row in rows):
        sys.exit(1)


def bench(console: Console, form: Form, names: tuple[str, ...], patience: float, path: Path) -> list[Row]:
    """Run the parts, print the table and write JSON and picture. Each part has servers of its own."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    rows: list[Row] = []
    done: list[str] = []
    described: dict[str, object] = {}
    report.FOLDER.mkdir(exist_ok=True)
    try:
        with Progress(*columns, console=console, refresh_per_second=2) as progress:
            task = progress.add_task("", total=len(names))

            def tell(text: str) -> None:
                progress.update(task, description=text)

            for name in names:
                tell(f"{name}: waiting for a quiet machine" if patience else name)
                wait_until_quiet(patience)
                with ExitStack() as running:
                    # Not the system's folder for temporary files: that may be memory, on which fsync costs nothing.
                    temporary = tempfile.TemporaryDirectory(dir=report.FOLDER, prefix="run-")
                    folder = Path(running.enter_context(temporary))
                    folder.chmod(0o711)  # PostgreSQL may run as somebody else, who must get through
                    servers = running.enter_context(LocalServers(folder / "servers"))
                    described = asyncio.run(machine.describe(servers.database_url))
                    stage = Stage(servers, folder)
                    stage.begin()
                    rows += PARTS[name].measure(stage, form, tell)
                done.append(name)
                progress.advance(task)
    finally:
        if rows:  # also when a later part failed: what was measured was measured
            is_whole = len(done) == len(names)
            report.show(console, rows, described)
            report.save(path, rows, described, form, is_whole=is_whole)
            console.print(f"Every measurement{'' if is_whole else ' that was made'}: {path}", style="dim")
    return rows


if __name__ == "__main__":
    main()
