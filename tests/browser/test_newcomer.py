"""Somebody who has read nothing: from what `make run` prints to a redeemed voucher, on two devices."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.local.running import Up, up

from .camera import Camera
from .visitors import Visitors, sees


class Taps:
    """A person's fingers, counted."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    async def tap(self, button: Locator) -> None:
        """Tap what is to be seen, and nothing else."""
        await expect(button).to_be_in_viewport()
        self.labels.append(" ".join((await button.inner_text()).split()))
        await button.tap()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Up]:
    """`make run`, once it has printed the ways into its night."""
    with up(tmp_path, "--demo") as running:
        yield running.wait_for("Watch as the organizer").wait_for("dibs.example")


async def test_from_the_printed_links_to_a_redeemed_voucher(demo: Up, visitors: Visitors, camera: Camera) -> None:
    here, taps = f"http://localhost:{demo.port}", Taps()
    to_party, to_door = [re.search(rf"{here}/{path}", demo.said) for path in (r"e/\S+", r"door/#\w+")]
    assert to_party, demo.said
    assert to_door, demo.said
    began = time.monotonic()
    guest, door = await asyncio.gather(visitors.open(to_party[0]), visitors.open(to_door[0], camera=None))
    await taps.tap(guest.get_by_role("button", name="Call dibs").first)
    await taps.tap(guest.get_by_role("button", name="Without a name"))
    await taps.tap(door.get_by_role("button", name="Pair this phone"))
    await taps.tap(door.get_by_role("button", name="Start the camera"))
    await expect(door.locator(".view.on")).to_be_visible()
    # A hub that takes its time may be anticipated by the door.
    admitted = sees(door, "[data-tone=admit], [data-tone=offline]")
    await camera.look_at(guest.get_by_role("dialog").get_by_role("img", name="QR code"))
    await admitted
    await expect(guest.get_by_role("status").filter(has_text="Used. Enjoy!")).to_be_attached()
    seconds = time.monotonic() - began
    print(f"\nfrom the terminal to a redeemed voucher: {seconds:.1f} s, taps: {', '.join(taps.labels)}")
    assert taps.labels == ["Call dibs Welcome drink", "Without a name", "Pair this phone", "Start the camera"]
