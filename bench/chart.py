"""The rows as a picture: how far each is beyond its bar, or short of it. One SVG, no outside parts."""

from collections.abc import Sequence
from html import escape
from math import log2
from typing import Protocol

WIDTH, ROW, TOP, LEFT = 880, 34, 46, 470
OCTAVE = 95
"""Pixels for a factor of two."""
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24162f }
.title { font-weight: 700; font-size: 15px } .soft { fill: #6b5876 }
.met { fill: #0c7a64 } .missed { fill: #b3261e } .line { stroke: #24162f; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #fff3e3 } .soft { fill: #cfbfdd } .line { stroke: #fff3e3 }
  .met { fill: #6ef7da } .missed { fill: #ff8271 }
}
"""


class Drawn(Protocol):
    """What a row needs to be drawn: `at_least` tells on which side of `bar` it ought to be."""

    title: str
    value: float
    bar: float
    at_least: bool


def svg(rows: Sequence[Drawn], caption: str) -> str:
    """Return the picture. The broken line is the bar; each row's own one is written beside it."""
    height = TOP + ROW * len(rows) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Benchmarks">',
        f"<style>{_STYLE}</style>",
        '<text class="title" x="12" y="24">How far beyond its bar each figure is</text>',
        f'<line class="line" x1="{LEFT}" x2="{LEFT}" y1="{TOP - 10}" y2="{height - 30}"/>',
    ]
    for number, row in enumerate(rows):
        parts += _row(row, TOP + ROW * number)
    parts.append(f'<text class="soft" x="12" y="{height - 10}">{escape(caption)}</text></svg>')
    return "\n".join(parts) + "\n"


def _row(row: Drawn, y: int) -> list[str]:
    beyond = row.value / row.bar if row.at_least else row.bar / row.value
    length = max(-LEFT + 420, min(2.9, log2(max(beyond, 1e-6))) * OCTAVE)
    x, kind = min(LEFT, LEFT + length), "met" if beyond >= 1 else "missed"
    sign = "≥" if row.at_least else "≤"
    label = f"{row.value:.3g} ({sign} {row.bar:g})"
    at = LEFT + max(length, 0) + 8
    fitted = f'textLength="{min(400, 7 * len(row.title))}" lengthAdjust="spacingAndGlyphs"'
    return [
        f'<text x="{LEFT - 60}" y="{y + 16}" text-anchor="end" {fitted}>{escape(row.title)}</text>',
        f'<rect class="{kind}" x="{x:.0f}" y="{y + 3}" width="{max(2, abs(length)):.0f}" height="18" rx="4"/>',
        f'<text x="{at:.0f}" y="{y + 17}">{escape(label)}</text>',
    ]
