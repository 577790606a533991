"""`python -m bench.profile`: where a node's time goes while one hot event is redeemed, by layer and by function.

py-spy samples the node; only samples that hold the interpreter count, so waiting does not show.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench import report, targets
from bench.load import Plan
from bench.run import CONNECTIONS, WARM_SECONDS, load
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.processes.stopping import stop_signals

VOUCHERS = 100_000
SAMPLES_A_SECOND = 500
TOP = 25
LAYERS = (
    ("the rules (decide)", "decide (dibs_realtime/ledger/batch.py"),
    ("the rest of the ledger", "dibs_realtime/ledger/"),
    ("PostgreSQL's driver", "/asyncpg/"),
    ("live", "dibs_realtime/live/"),
    ("Redis' driver", "/redis/"),
    ("our HTTP", "dibs_realtime/kit/http/"),
    ("who may (tokens, sessions)", "dibs_realtime/events/access.py"),
    ("the door's desk", "dibs_realtime/redemptions/"),
    ("aiohttp", "aiohttp/"),
    ("Socket.IO", "engineio/"),
)
"""A sample belongs to the first of these that its innermost frames name; what is left is the event loop's."""


@click.command("profile")
@click.option("--seconds", type=click.IntRange(2, 60), default=8)
def main(seconds: int) -> None:
    """Print the top costs of a redemption."""
    console = Console(highlight=False)
    with stop_signals(), ExitStack() as running:
        report.FOLDER.mkdir(exist_ok=True)
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(dir=report.FOLDER, prefix="run-")))
        folder.chmod(0o711)
        servers = running.enter_context(LocalServers(folder / "servers"))
        ours, event = running.enter_context(targets.ours(servers, folder, VOUCHERS))
        raw = folder / "samples"
        spying = subprocess.Popen(
            [
                *(Path(sys.executable).parent / "py-spy", "record", "--pid", str(ours.server.pid), "--gil"),
                *("--duration", str(seconds), "--rate", str(SAMPLES_A_SECOND), "--format", "raw", "--output", raw),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        (result,) = load(
            [
                Plan(
                    port=ours.server.port,
                    path=ours.path,
                    token=ours.token,
                    codes=event.codes,
                    connections=CONNECTIONS,
                    warm_seconds=WARM_SECONDS,
                    seconds=float(seconds),
                    processes={"server": ours.server.pid},
                )
            ]
        )
        _, errors = spying.communicate(timeout=60)
        if spying.returncode != 0:
            raise click.ClickException(f"py-spy could not look into the node: {errors.decode()[-500:]}")
        stacks = list(_stacks(raw.read_text()))
    total = sum(count for _, count in stacks)
    console.print(
        f"{result.rate:,.0f} redemptions/s while it was looked at; {total:,} samples;"
        f" CPU of the node for one: {result.cpu['server'] / result.accepted * 1e6:,.0f} µs"
    )
    console.print(_table("Where the time goes", ((_layer(stack), count) for stack, count in stacks), total))
    console.print(_table("In these functions themselves", ((stack[-1], count) for stack, count in stacks), total))
    within = ((name, count) for stack, count in stacks for name in dict.fromkeys(stack))
    console.print(_table("In these and what they call", within, total))


def _stacks(raw: str) -> Iterator[tuple[list[str], int]]:
    """Yield each stack, the outermost first, as `function (file`, and how often it was seen."""
    for line in raw.splitlines():
        frames, _, count = line.rpartition(" ")
        yield [frame.rpartition(":")[0] for frame in frames.split(";")], int(count)


def _layer(stack: list[str]) -> str:
    for frame in reversed(stack):
        for name, sign in LAYERS:
            if sign in frame:
                return name if not any("decide (dibs_realtime/ledger/batch.py" in f for f in stack) else LAYERS[0][0]
    return "the event loop and what it calls"


def _table(title: str, counted: Iterable[tuple[str, int]], total: int) -> Table:
    sums: Counter[str] = Counter()
    for name, count in counted:
        sums[name] += count
    table = Table("%", title, title_justify="left")
    for name, count in sums.most_common(TOP):
        table.add_row(f"{100 * count / total:.1f}", name.strip())
    return table


if __name__ == "__main__":
    main()
