"""From measurements to figures: medians, and ratios of neighbours in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.run import Measurement

Rounds = Sequence[Mapping[str, Measurement]]
"""One mapping a round, from target to measurement; within a round they were taken one after the other."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the ratio of two targets' rates must reach; `title` names the baseline."""

    title: str
    target: str
    baseline: str
    least: float


BARS = (
    Bar("the original stack", "ours", "original", 8.0),
    Bar("a constant answer", "ours", "constant", 0.4),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio: the median over the rounds, its least and its greatest, and the two median rates (1/s)."""

    bar: Bar
    ratio: float
    lowest: float
    highest: float
    rate: float
    baseline_rate: float

    @property
    def is_met(self) -> bool:
        """Whether the bar is reached."""
        return self.ratio >= self.bar.least


def figure(bar: Bar, rounds: Rounds) -> Figure:
    """Work out one figure. The ratio is taken within each round, so that a slow minute slows both sides."""
    pairs = [(each[bar.target].load.rate, each[bar.baseline].load.rate) for each in rounds]
    ratios = [rate / baseline for rate, baseline in pairs]
    return Figure(
        bar=bar,
        ratio=median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        rate=median(rate for rate, _ in pairs),
        baseline_rate=median(baseline for _, baseline in pairs),
    )


def summary(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Return a target's medians: `rate` 1/s, `p50_ms`, `p99_ms`, and `cpu_us` by process for one redemption."""
    loads = [measurement.load for measurement in measurements]
    return {
        "rate": median(load.rate for load in loads),
        "p50_ms": median(load.p50 for load in loads) * 1e3,
        "p99_ms": median(load.p99 for load in loads) * 1e3,
        "cpu_us": {name: median(load.cpu[name] / load.accepted for load in loads) * 1e6 for name in loads[0].cpu},
    }


def disturbance(rounds: Rounds) -> float:
    """Return how many cores other programs kept busy, in the worst measurement."""
    loads = [measurement.load for each in rounds for measurement in each.values()]
    return max(load.others / load.seconds for load in loads)
