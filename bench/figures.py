"""From a target's measurements to its medians."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from bench.run import Measurement


def summary(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Return a target's medians: `rate` 1/s, `p50_ms`, `p99_ms`, and `cpu_us` by process for one redemption."""
    loads = [measurement.load for measurement in measurements]
    return {
        "rate": median(load.rate for load in loads),
        "p50_ms": median(load.p50 for load in loads) * 1e3,
        "p99_ms": median(load.p99 for load in loads) * 1e3,
        "cpu_us": {name: median(load.cpu[name] / load.accepted for load in loads) * 1e6 for name in loads[0].cpu},
    }
