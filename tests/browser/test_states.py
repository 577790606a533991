"""Every page in every state: for axe, in 320 pixels, by keyboard, and still. With SCREENSHOTS=folder, pictures, too."""

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page

from .accessibility import accessible, settled, still
from .chromium import ROOT
from .keyboard import walkable
from .states import STATES, Stage
from .visitors import PROFILES, Profile, Theme

LOOKS: tuple[tuple[Profile, Theme], ...] = (
    ("phone", "light"), ("phone", "dark"), ("desktop", "light"), ("desktop", "dark"),
)  # fmt: skip
CHECKED: tuple[tuple[Profile, Theme], ...] = (("phone", "light"), ("desktop", "dark"))
"""Size decides nothing about colours: each theme and each size once is enough for axe."""
NARROWEST = {"width": 320, "height": 640}
"""WCAG 1.4.10: what everything must fit into."""
README: Mapping[str, tuple[str, Profile, int]] = {
    "organizer/live": ("organizer", "desktop", 1_420),
    "guest/night/voucher": ("guest", "phone", 844),
    "door/accepted": ("door", "phone", 844),
}
"""Which states it shows, as which picture, and how much of it from the top on, in pixels of the page."""
TO_WEBP = """async (picture) => {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
  return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(''));
}"""
DIST = ROOT / "web" / "dist"
PAGES = {
    ".": "start", "app": "organizer/", "door": "door/",
    "e": "guest/event", "v": "guest/voucher", "wallet": "guest/wallet",
}  # fmt: skip
"""Which states show which of the built pages. Of the API's page test_api_docs.py knows."""
WIDTH = "() => document.scrollingElement.scrollWidth"


@pytest.mark.parametrize("name", STATES)
async def test_it_is_for_everybody(name: str, stage: Stage) -> None:
    page = await STATES[name](stage)
    for profile, theme in CHECKED:
        await _look(page, profile, theme)
        await accessible(page)
    await page.set_viewport_size(NARROWEST)
    await _drawn(page)
    width = await page.evaluate(WIDTH)
    assert width <= NARROWEST["width"], f"{page.url} is {width} px wide where there are {NARROWEST['width']}"
    await page.emulate_media(reduced_motion="reduce")
    await still(page)
    await page.emulate_media(reduced_motion="no-preference")
    if folder := os.environ.get("SCREENSHOTS"):
        await _paint(page, name, Path(folder))
    # Last of all, because it moves the focus.
    await walkable(page)


def test_every_route_of_the_organizer_has_a_state() -> None:
    source = (ROOT / "web" / "src" / "organizer" / "route.svelte.ts").read_text("utf-8")
    routes = set(re.findall(r"readonly name: '(\w+)'", source)) - {"event"}
    pages = re.search(r"PAGES = \[(.*?)\]", source, re.DOTALL)
    assert pages
    routes |= set(re.findall(r"'(\w+)'", pages[1]))
    own = [name.removeprefix("organizer/").removeprefix("event/") for name in STATES if name.startswith("organizer/")]
    shown = {name.split("/")[0] for name in own}
    assert not routes - shown, "these routes have no state in tests/browser/states/organizer.py"


def test_every_page_has_a_state() -> None:
    pages = {path.parent.relative_to(DIST).as_posix() for path in DIST.rglob("index.html")} - {"docs"}
    assert pages == set(PAGES), "tell here which states show the page"
    for page, prefix in PAGES.items():
        assert any(name.startswith(prefix) for name in STATES), f"no state shows web/dist/{page}"


async def _look(page: Page, profile: Profile, theme: Theme) -> None:
    await page.set_viewport_size(PROFILES[profile]["viewport"])
    await page.emulate_media(color_scheme=theme)
    await _drawn(page)


async def _drawn(page: Page) -> None:
    """Wait two frames: what follows a page's size, a chart say, does so a frame later."""
    await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


async def _paint(page: Page, name: str, folder: Path) -> None:
    for profile, theme in LOOKS:
        await _look(page, profile, theme)
        await settled(page)
        path = folder / f"{name.replace('/', '-')}-{profile}-{theme}.png"
        scale: Literal["device", "css"] = "device" if profile == "phone" else "css"
        await page.screenshot(path=path, full_page=True, scale=scale)
        if name in README and README[name][1] == profile:
            title, _, height = README[name]
            part = {"x": 0, "y": 0, "width": PROFILES[profile]["viewport"]["width"], "height": height}
            picture = await page.screenshot(full_page=profile == "desktop", clip=part, scale=scale)
            target = folder / "readme" / f"{title}-{theme}.webp"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(await _small(page, picture))


async def _small(page: Page, picture: bytes) -> bytes:
    """Return a picture as WebP, small enough for a repository."""
    desk = await page.context.browser.new_page()
    smaller = await desk.evaluate(TO_WEBP, base64.b64encode(picture).decode())
    await desk.context.close()
    return base64.b64decode(smaller)
