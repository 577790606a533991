"""What the night brought: verdicts by reason, latencies, retries, and the closing table."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

MOST_LATENCIES = 200_000
"""The latest ones are kept, so that a night without an end needs no memory without an end."""


class Figures:
    """Counts while the night runs."""

    def __init__(self) -> None:
        self.verdicts: Counter[tuple[str, str, str]] = Counter()
        self.retries: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._latencies: dict[str, deque[float]] = {}

    def verdict(self, what: str, answer: Mapping[str, object]) -> None:
        """Count the answer of a door or to a claim."""
        self.verdicts[(what, str(answer["verdict"]), str(answer["reason"] or ""))] += 1
        if answer.get("replayed"):
            self.note("answers that were replays of a first answer")

    def again(self, why: str) -> None:
        """Count a request that had to be sent again."""
        self.retries[why] += 1

    def problem(self, what: str) -> None:
        """Count an answer that nobody should get."""
        self.problems[what] += 1

    def note(self, what: str, count: int = 1) -> None:
        """Count something worth telling."""
        self.notes[what] += count

    def took(self, what: str, seconds: float) -> None:
        """Record how long an answer took."""
        self._latencies.setdefault(what, deque(maxlen=MOST_LATENCIES)).append(seconds)

    def total(self, what: str) -> int:
        """Return how many verdicts of that kind there were."""
        return sum(count for (kind, _, _), count in self.verdicts.items() if kind == what)

    def latency(self, what: str, share: float) -> float | None:
        """Return the latency in seconds that `share` of the answers did not exceed; None without any."""
        return percentile(self._latencies.get(what, ()), share)

    def tables(self) -> RenderableType:
        """Return the closing tables."""
        return Group(*(table for table in (self._verdicts(), self._times(), self._oddities()) if table.row_count))

    def _verdicts(self) -> Table:
        table = Table(title="Verdicts", title_justify="left")
        table.add_column("what")
        table.add_column("verdict")
        table.add_column("reason")
        table.add_column("count", justify="right")
        ordered = sorted(self.verdicts.items(), key=lambda item: (item[0][0], item[0][1] == "refused", -item[1]))
        for (what, verdict, reason), count in ordered:
            table.add_row(what, verdict, reason, f"{count:,}")
        return table

    def _times(self) -> Table:
        table = Table(title="Latency", title_justify="left")
        table.add_column("what")
        for name in ("answers", "p50 ms", "p99 ms", "slowest ms"):
            table.add_column(name, justify="right")
        for what, latencies in sorted(self._latencies.items()):
            times = [percentile(latencies, share) or 0.0 for share in (0.5, 0.99, 1.0)]
            table.add_row(what, f"{len(latencies):,}", *(f"{seconds * 1000:,.1f}" for seconds in times))
        return table

    def _oddities(self) -> Table:
        table = Table(title="Besides", title_justify="left", show_header=False)
        table.add_column("what")
        table.add_column("count", justify="right")
        for what, count in sorted(self.notes.items()):
            table.add_row(Text(what), f"{count:,}")
        for why, count in sorted(self.retries.items()):
            table.add_row(Text(f"sent again: {why}"), f"{count:,}")
        for what, count in sorted(self.problems.items()):
            table.add_row(Text(f"problem: {what}", style="red"), f"{count:,}")
        return table


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that is not exceeded by `share` (0 to 1) of them: nearest rank; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, int(-(-share * len(ordered) // 1)) - 1))]
