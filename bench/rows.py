"""One row of the table, from measurements that alternate between ours and what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Form:
    """How much is measured.

    crowds: so many watchers, one after the other, for the cost of a delivery. crowd: so many come back after a restart.
    rounds: repetitions; seconds: how long each of them lasts. is_full: as large as the issue of scale asks.
    """

    crowds: tuple[int, ...]
    crowd: int
    rounds: int
    seconds: float
    is_full: bool = False


QUICK = Form(crowds=(1_000,), crowd=1_000, rounds=2, seconds=2.0)
FULL = Form(crowds=(1_000, 5_000), crowd=5_000, rounds=5, seconds=4.0, is_full=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and its bar. `value` is the median over the rounds. at_least: more is better; else less is.

    ours, theirs: medians in `unit`; theirs None: the bar is absolute. more: what else was measured.
    """

    title: str
    unit: str
    value: float
    lowest: float
    highest: float
    bar: float
    ours: float
    theirs: float | None
    more: dict[str, Any] = field(default_factory=dict)
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the bar is kept."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def ratio(
    title: str,
    unit: str,
    bar: float,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    at_least: bool = False,
    **more: Any,
) -> Row:
    """Make a row of ours ÷ theirs; each pair was measured one right after the other."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Row(title, unit, median(ratios), min(ratios), max(ratios), bar, median(ours), median(theirs), more, at_least)


def absolute(title: str, unit: str, bar: float, values: Sequence[float], **more: Any) -> Row:
    """Make a row of ours alone."""
    return Row(title, unit, median(values), min(values), max(values), bar, median(values), None, more)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of them (0 to 1) do not exceed; they are in order."""
    return values[min(len(values) - 1, int(len(values) * share))]
