"""One table for people, the same with every measurement as JSON beside it, and a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.chart import svg
from bench.rows import Form, Row
from bench.usage import QUIET_CORES
from dibs_realtime.kit import json

FOLDER = Path(__file__).parent / "results"
RESULTS = FOLDER / "latest.json"


def show(console: Console, rows: Sequence[Row], machine: Mapping[str, Any]) -> None:
    """Print the table, and below it on what it was measured."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    for heading in ("ours", "theirs", "value", "from - to", "bar", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.title,
            f"{number(row.ours)} {row.unit}",
            "" if row.theirs is None else f"{number(row.theirs)} {row.unit}",
            Text(f"{row.value:.2f}", style="bold"),
            f"{row.lowest:.3g} - {row.highest:.3g}",
            f"{'≥' if row.at_least else '≤'} {row.bar:g}",
            Text("met", style="green") if row.is_met else Text("missed", style="bold red"),
        )
    console.print(table)
    console.print(machine_line(machine), style="dim")
    for name, target in (rows[0].more.get("targets") or {}).items() if rows else ():
        console.print(_target_line(name, target), style="dim")
    busy = disturbance(rows)
    if busy > QUIET_CORES:
        console.print(f"Other programs kept up to {busy:.1f} cores busy: measure again.", style="yellow")


def save(path: Path, rows: Sequence[Row], machine: Mapping[str, Any], form: Form, *, is_whole: bool) -> None:
    """Write everything as JSON, and the picture beside it. is_whole: no part failed or was interrupted."""
    document = {
        "at": datetime.now(UTC),
        "machine": machine,
        "form": asdict(form),
        "is_whole": is_whole,
        "rows": [{**asdict(row), "met": row.is_met} for row in rows],
        "other_programs_cores": disturbance(rows),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(document))
    path.with_suffix(".svg").write_text(svg(rows, machine_line(machine)), "utf-8")


def number(value: float) -> str:
    """Return a number as people read it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def disturbance(rows: Sequence[Row]) -> float:
    """Return how many cores other programs kept busy, in the worst measurement that looked for it."""
    loads = [target["load"] for row in rows for each in row.more.get("rounds", ()) for target in _targets(each)]
    return max((load["others"] / load["seconds"] for load in loads), default=0.0)


def machine_line(machine: Mapping[str, Any]) -> str:
    """Say in a line what it was measured on."""
    postgres = machine["postgres"]
    return (
        f"{machine['cores']} cores {machine['processor']}, {machine['memory_gb']} GB, {machine['system']},"
        f" Python {machine['python']}, PostgreSQL {postgres['server_version']}, fsync {postgres['fsync']}"
    )


def _targets(each: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [target for target in each.values() if isinstance(target, Mapping) and "load" in target]


def _target_line(name: str, target: Mapping[str, Any]) -> str:
    cpu = ", ".join(f"{process} {spent:,.0f}" for process, spent in target["cpu_us"].items())
    return f"{name}: p50 {target['p50_ms']:.1f} ms, p99 {target['p99_ms']:.1f} ms; CPU µs each: {cpu}"
