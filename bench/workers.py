"""`python -m bench.workers`: what a second server process brings, on one hot event and on eight.

CPU for one redemption (server and PostgreSQL) and the rate, with one worker and with two on the same port, by turns.
The load generator shares the machine, so on two cores the rate says less than the CPU does.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from bench import report
from bench.load import Plan, Result
from bench.organizer import HotEvent, Organizer
from bench.processes import HOST, Server, free_port, serving
from bench.rows import Form, Row, ratio
from bench.run import CONNECTIONS, WARM_SECONDS, load
from bench.stage import Stage
from bench.targets import Codes
from dibs_realtime import settings
from dibs_realtime.kit import json
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.migrate import migrate
from dibs_realtime.processes.stopping import stop_signals
from dibs_realtime.settings import Settings

EVENTS = (1, 8)
CODES_A_RUN = 40_000
RESULTS = report.FOLDER / "workers.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement: redemptions a second, and microseconds of CPU for each, by process."""

    workers: int
    events: int
    rate: float
    server: float
    postgres: float
    p99: float

    @property
    def cpu(self) -> float:
        """Microseconds of CPU for one redemption, the load generator left out."""
        return self.server + self.postgres


@click.command("workers")
@click.option("--rounds", type=click.IntRange(1, 20), default=3)
@click.option("--seconds", type=click.FloatRange(1, 60), default=4)
@click.option("--json", "path", type=click.Path(path_type=Path), default=RESULTS)
def main(rounds: int, seconds: float, path: Path) -> None:
    """Measure one worker against two."""
    with stop_signals():
        runs = measure(rounds, seconds)
        path.write_bytes(json.dumps([asdict(run) for run in runs]))
        show(runs)


def measure(rounds: int, seconds: float) -> list[Run]:
    """Run everything; each kind once a round, so that what slows the machine slows them all."""
    runs = []
    with ExitStack() as running:
        report.FOLDER.mkdir(exist_ok=True)
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(dir=report.FOLDER, prefix="run-")))
        folder.chmod(0o711)
        servers = running.enter_context(LocalServers(folder / "servers"))
        # A database each: else the two teams would be neighbours and decide for each other.
        teams = {count: running.enter_context(_team(servers, folder, count)) for count in (1, 2)}
        hot = {
            count: asyncio.run(_prepared(server.port, max(EVENTS), rounds * CODES_A_RUN))
            for count, server in teams.items()
        }
        codes = {event.event_id: Codes(event.codes) for events in hot.values() for event in events}
        for _ in range(rounds):
            for events in EVENTS:
                for count, server in teams.items():
                    runs.append(_run(server, count, hot[count][:events], codes, servers, seconds))
    return runs


def part(_stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the row of one hot event; the rates, and eight events, are beside it. The servers are its own."""
    tell("one worker and two, on one event and on eight")
    runs = measure(form.rounds, form.seconds)
    one, two = _of(runs, 1, 1), _of(runs, 1, 2)
    speed = {
        f"rate_of_two_workers_on_{events}": median(
            b.rate / a.rate for a, b in zip(_of(runs, events, 1), _of(runs, events, 2), strict=True)
        )
        for events in EVENTS
    }
    title = "CPU of a redemption on one hot event, two workers ÷ one"
    return [ratio(title, "µs", 1.15, [run.cpu for run in two], [run.cpu for run in one], **speed)]


def show(runs: list[Run]) -> None:
    """Print the medians and what two workers are to one."""
    table = Table("events", "workers", "redemptions/s", "server µs", "PostgreSQL µs", "p99 ms")
    for events in EVENTS:
        for count in (1, 2):
            these = _of(runs, events, count)
            table.add_row(
                str(events),
                str(count),
                f"{median(run.rate for run in these):,.0f}",
                *(f"{median(getattr(run, name) for run in these):,.0f}" for name in ("server", "postgres")),
                f"{1000 * median(run.p99 for run in these):.0f}",
            )
    console = Console(highlight=False)
    console.print(table)
    for events in EVENTS:
        one, two = _of(runs, events, 1), _of(runs, events, 2)
        cpu = median(b.cpu / a.cpu for a, b in zip(one, two, strict=True))
        rate = median(b.rate / a.rate for a, b in zip(one, two, strict=True))
        console.print(f"{events} hot: CPU for a redemption, two workers ÷ one: {cpu:.2f}; rate: {rate:.2f}")


def _of(runs: list[Run], events: int, workers: int) -> list[Run]:
    return [run for run in runs if (run.events, run.workers) == (events, workers)]


def _run(
    server: Server, workers: int, hot: list[HotEvent], codes: dict[str, Codes], servers: LocalServers, seconds: float
) -> Run:
    assert servers.postgres.pid is not None
    plans = [
        Plan(
            port=server.port,
            path=f"/api/v1/events/{event.event_id}/redemptions",
            token=event.device_token,
            codes=codes[event.event_id].next(CODES_A_RUN // len(hot)),
            connections=CONNECTIONS // len(hot),
            warm_seconds=WARM_SECONDS,
            seconds=seconds,
            processes={"server": server.pid, "postgres": servers.postgres.pid},
        )
        for event in hot
    ]
    results: list[Result] = load(plans)
    for event, result in zip(hot, results, strict=True):
        codes[event.event_id].spend(result.answered)
    accepted = sum(result.accepted for result in results)
    cpu = {name: 1e6 * median(r.cpu[name] for r in results) / accepted for name in ("server", "postgres")}
    rate = sum(result.rate for result in results)
    return Run(workers, len(hot), rate, cpu["server"], cpu["postgres"], max(result.p99 for result in results))


@contextmanager
def _team(servers: LocalServers, logs: Path, count: int) -> Iterator[Server]:
    port, database = free_port(), f"workers_{count}"
    servers.postgres.ensure_database(database)
    asyncio.run(migrate(servers.postgres.url(database)))
    configured = Settings(
        database_url=servers.postgres.url(database),
        redis_url=servers.redis_url,
        secret_key=servers.secret_key(),
        public_url=f"http://localhost:{port}",
        host=HOST,
        port=port,
        workers=count,
    )
    arguments, log = ["serve", "--workers", str(count)], logs / f"workers-{count}.log"
    with serving("dibs_realtime", arguments, port, settings.environment(configured), log) as server:
        yield server


async def _prepared(port: int, count: int, vouchers: int) -> list[HotEvent]:
    hot = []
    for number in range(count):
        async with Organizer(port) as organizer:
            # The first is also loaded alone.
            own = vouchers + vouchers // count if number == 0 else vouchers // count
            hot.append(await organizer.prepare(own, name=f"bench-{number}"))
    return hot


if __name__ == "__main__":
    main()
