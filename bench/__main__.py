"""`python -m bench`: everything started, measured side by side, stopped; one table, and JSON beside it."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import asyncpg
import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import machine, report, targets
from bench.figures import BARS, Rounds, figure
from bench.organizer import PreparationError
from bench.processes import ServerError
from bench.run import CONNECTIONS, WARM_SECONDS, Measurement, MeasurementError, measure
from bench.usage import wait_until_quiet
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.processes.child import ChildError, pause
from dibs_realtime.processes.stopping import stop_signals

VOUCHERS = 100_000
CODES_A_ROUND = 33_000
CONSTANT_CODES = 150_000
SETTLE_SECONDS = 0.5
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often each target is measured, how long each time, and how long to wait for a quiet machine in all (s)."""

    rounds: int
    seconds: float
    patience: float


@click.command("bench")
@click.option("--full", is_flag=True, help="More and longer rounds.")
@click.option("--check", is_flag=True, help="Exit with 1 when a bar is missed.")
@click.option("--rounds", type=click.IntRange(1, 50), help="Repetitions of each target.  [3; 9 with --full]")
@click.option("--seconds", type=click.FloatRange(1, 60), help="Length of a repetition.  [5; 8 with --full]")
@click.option("--patience", type=click.FloatRange(0), default=0, help="Seconds to wait for a quiet machine.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=report.RESULTS, help="Where to write.")
def main(*, full: bool, check: bool, rounds: int | None, seconds: float | None, patience: float, path: Path) -> None:
    """Measure redemptions on one hot event against the original stack and a constant answer."""
    console = Console(highlight=False)
    schedule = Schedule(rounds or (9 if full else 3), seconds or (8.0 if full else 5.0), patience)
    met: bool | None = None
    with stop_signals():
        try:
            met = bench(console, schedule, path)
        except (ChildError, ServerError, PreparationError, MeasurementError) as error:
            raise click.ClickException(str(error)) from error
    if met is None:
        sys.exit(INTERRUPTED)
    if check and not met:
        sys.exit(1)


def bench(console: Console, schedule: Schedule, path: Path) -> bool:
    """Run everything, print the table and write the JSON. Returns whether every bar is met."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    vouchers = VOUCHERS * -(-CODES_A_ROUND * schedule.rounds // VOUCHERS)
    with ExitStack() as running, Progress(*columns, console=console, refresh_per_second=2) as progress:
        task = progress.add_task("Starting PostgreSQL and Redis", total=3 + 3 * schedule.rounds)
        report.FOLDER.mkdir(exist_ok=True)
        # Not the system's folder for temporary files: that may be memory, on which fsync costs nothing.
        temporary = tempfile.TemporaryDirectory(dir=report.FOLDER, prefix="run-")
        folder = Path(running.enter_context(temporary))
        folder.chmod(0o711)  # PostgreSQL may run as somebody else, who must get through
        servers = running.enter_context(LocalServers(folder / "servers"))
        described = asyncio.run(machine.describe(servers.database_url))
        progress.update(task, advance=1, description="Preparing the original stack")
        everything = [running.enter_context(targets.original(servers, folder, VOUCHERS))]
        progress.update(task, advance=1, description=f"Preparing Party Dibs: {vouchers:,} vouchers")
        ours, event = running.enter_context(targets.ours(servers, folder, vouchers))
        everything += [ours, running.enter_context(targets.constant(servers, folder, event, CONSTANT_CODES))]
        asyncio.run(_settle(servers))
        progress.advance(task)
        rounds = _rounds(schedule, everything, servers, partial(progress.update, task))
    figures = [figure(bar, rounds) for bar in BARS]
    settings = {
        **asdict(schedule),
        "warm_seconds": WARM_SECONDS,
        "connections": CONNECTIONS,
        "vouchers": vouchers,
    }
    report.show(console, figures, rounds, described)
    report.save(path, figures, rounds, described, settings)
    console.print(f"Every measurement: {path}", style="dim")
    return all(each.is_met for each in figures)


def _rounds(
    schedule: Schedule, everything: list[targets.Target], servers: LocalServers, tell: Callable[..., None]
) -> Rounds:
    """Measure one target after the other, again and again: what slows the machine for a while slows them all."""
    processes = {"postgres": _pid(servers.postgres.pid), "redis": _pid(servers.redis.pid)}
    patience = schedule.patience
    rounds: list[dict[str, Measurement]] = []
    for number in range(1, schedule.rounds + 1):
        done: dict[str, Measurement] = {}
        for target in everything:
            tell(description=f"Round {number} of {schedule.rounds}: {target.name}")
            patience -= wait_until_quiet(patience)
            codes = CONSTANT_CODES if target.name == "constant" else CODES_A_ROUND
            done[target.name] = measure(target, processes, schedule.seconds, codes)
            tell(advance=1)
            pause(SETTLE_SECONDS)
        rounds.append(done)
    return rounds


async def _settle(servers: LocalServers) -> None:
    """Tidy up after the preparation, as PostgreSQL itself does in the hours before the doors open."""
    for url in (servers.postgres.url(targets.ORIGINAL_DATABASE), servers.database_url):
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()


def _pid(pid: int | None) -> int:
    assert pid is not None
    return pid


if __name__ == "__main__":
    main()
