"""axe-core on a page as it is: nothing of WCAG 2.2 AA may be violated."""

from functools import cache
from typing import Any

from playwright.async_api import Page

from .chromium import ROOT

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
RUN = "(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })"

ENDING = """() => Promise.allSettled(document.getAnimations()
  .filter(({ effect }) => effect?.getComputedTiming().endTime <= 1000).map((animation) => animation.finished))"""
IS_STILL = "() => matchMedia('(prefers-reduced-motion: reduce)').matches"
MOVING = """() => document.getAnimations()
  .filter(({ playState }) => playState === 'running').map(({ effect }) => effect?.target?.outerHTML.slice(0, 160))"""


@cache
def _axe() -> str:
    return (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


async def accessible(page: Page) -> None:
    """Fail with all violations on the page. It runs through the debugger, so the page's own policy stays in force.

    axe looks at one thing after the other, and what a socket brings meanwhile may set a number moving. So it looks
    while stillness is asked for: nothing fades then, and colours are those that people will look at.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_axe())
    was_still = await page.evaluate(IS_STILL)
    await page.emulate_media(reduced_motion="reduce")
    await settled(page)
    found = await page.evaluate(RUN, list(TAGS))
    if not was_still:
        await page.emulate_media(reduced_motion="no-preference")
    assert not found["violations"], "\n".join([f"axe on {page.url}:", *map(_line, found["violations"])])


async def still(page: Page) -> None:
    """Fail when something moves. What had begun when stillness was asked for, and ends within a second, may end."""
    await page.evaluate(ENDING)
    moving = await page.evaluate(MOVING)
    assert not moving, f"{page.url} moves although the reader prefers stillness: {moving}"


async def settled(page: Page) -> None:
    """Wait until nothing moves that has an end: contrast is measured on what people will look at."""
    await page.evaluate(
        """() => Promise.allSettled(document.getAnimations()
            .filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime))
            .map((animation) => animation.finished))"""
    )


def _line(violation: dict[str, Any]) -> str:
    nodes = "\n".join(f"      {node['html'][:160]}\n      {node['failureSummary']}" for node in violation["nodes"][:5])
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}\n{nodes}"
