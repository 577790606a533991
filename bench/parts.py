"""All parts of the benchmark: each returns its rows, measured side by side on servers that somebody started."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import redemptions, workers
from bench.hot import beside, copying, pgbench, rush, size, sockets, two
from bench.live import measuring as live
from bench.rows import Form, Row
from bench.stage import Stage

Measure = Callable[[Stage, Form, Callable[[str], None]], list[Row]]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows. is_quick: the quick form has them, too."""

    measure: Measure
    is_quick: bool = False


PARTS: Mapping[str, Part] = {
    "redemptions": Part(redemptions.measure, is_quick=True),
    "two": Part(two.measure),
    "pgbench": Part(pgbench.measure, is_quick=True),
    "workers": Part(workers.part),
    "sockets": Part(sockets.measure, is_quick=True),
    "rush": Part(rush.measure),
    "beside": Part(beside.measure),
    "size": Part(size.measure),
    "copying": Part(copying.measure, is_quick=True),
    "fanout": Part(live.part("fanout"), is_quick=True),
    "dashboard": Part(live.part("dashboard")),
    "restart": Part(live.part("restart")),
}
