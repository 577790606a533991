"""One table for people, and the same with every measurement as JSON beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.figures import Figure, Rounds, disturbance, summary
from bench.usage import QUIET_CORES
from dibs_realtime.kit import json

FOLDER = Path(__file__).parent / "results"
RESULTS = FOLDER / "latest.json"


def show(console: Console, figures: Sequence[Figure], rounds: Rounds, machine: Mapping[str, Any]) -> None:
    """Print the table, and below it what each target took."""
    table = Table(
        title="One hot event, redemptions over REST",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("÷", no_wrap=True)
    for heading in ("ours /s", "theirs /s", "ratio", "from - to", "bar", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for figure in figures:
        table.add_row(
            figure.bar.title,
            f"{figure.rate:,.0f}",
            f"{figure.baseline_rate:,.0f}",
            Text(f"{figure.ratio:.2f}", style="bold"),
            f"{figure.lowest:.3g} - {figure.highest:.3g}",
            f"≥ {figure.bar.least:g}",
            Text("met", style="green") if figure.is_met else Text("missed", style="bold red"),
        )
    console.print(table)
    console.print(_machine_line(machine), style="dim")
    for name in rounds[0]:
        console.print(_target_line(name, summary([each[name] for each in rounds])), style="dim")
    busy = disturbance(rounds)
    if busy > QUIET_CORES:
        console.print(f"Other programs kept up to {busy:.1f} cores busy: measure again.", style="yellow")


def save(
    path: Path, figures: Sequence[Figure], rounds: Rounds, machine: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """Write everything as JSON."""
    document = {
        "at": datetime.now(UTC),
        "machine": machine,
        "settings": settings,
        "figures": [{**asdict(figure), "met": figure.is_met} for figure in figures],
        "targets": {name: summary([each[name] for each in rounds]) for name in rounds[0]},
        "other_programs_cores": disturbance(rounds),
        "rounds": [{name: asdict(measurement) for name, measurement in each.items()} for each in rounds],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(document))


def _target_line(name: str, target: Mapping[str, Any]) -> str:
    cpu = ", ".join(f"{process} {spent:,.0f}" for process, spent in target["cpu_us"].items())
    return f"{name}: p50 {target['p50_ms']:.1f} ms, p99 {target['p99_ms']:.1f} ms; CPU µs each: {cpu}"


def _machine_line(machine: Mapping[str, Any]) -> str:
    postgres = machine["postgres"]
    return (
        f"{machine['cores']} cores {machine['processor']}, {machine['memory_gb']} GB, {machine['system']},"
        f" Python {machine['python']}, PostgreSQL {postgres['server_version']}, fsync {postgres['fsync']}"
    )
