"""The apps as phones keep them: with an icon, in a window of their own. For the guests' see test_guest.py."""

import pytest
from playwright.async_api import expect

from .visitors import Visitors

MANIFEST = """async () => {
  const link = document.querySelector('link[rel=manifest]').href;
  const { icons, ...manifest } = await (await fetch(link)).json();
  const sizes = await Promise.all(icons.map(async ({ src, sizes }) => {
    const { width, height } = await createImageBitmap(await (await fetch(src)).blob());
    return [sizes, `${width}x${height}`];
  }));
  return { ...manifest, sizes };
}"""


@pytest.mark.parametrize("path", ["/app/", "/door/"])
async def test_it_can_be_installed(visitors: Visitors, path: str) -> None:
    page = await visitors.open(path)
    await expect(page.locator("h1").first).to_be_visible()
    manifest = await page.evaluate(MANIFEST)
    assert [manifest[field] for field in ("id", "start_url", "scope", "display")] == [path, path, path, "standalone"]
    # What browsers ask for before they offer it.
    assert {told for told, _ in manifest["sizes"]} >= {"192x192", "512x512"}
    assert all(told == size for told, size in manifest["sizes"])
