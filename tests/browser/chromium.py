"""The Chromium that `make setup` unpacks below .venv, and how it is started."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser, Playwright

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv" / "browser"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # it may run as root, where there is no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--font-render-hinting=none",
    # Nobody touches a page that is tested: sound must not wait for it, and a tab behind another must not sleep.
    "--autoplay-policy=no-user-gesture-required",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
)


def executable() -> Path:
    """Return the program: the one that the project brings, or what TEST_CHROMIUM names."""
    named = os.environ.get("TEST_CHROMIUM")
    path = Path(named) if named else FOLDER / "chromium"
    assert path.exists(), (
        f"There is no Chromium at {path}: run `make setup`, or set TEST_CHROMIUM to the path of one "
        f"(the project brings it for Linux on x86-64; this is {sys.platform})."
    )
    return path


async def launch(
    playwright: Playwright, camera: Path | None, *, headed: bool = False, more: Sequence[str] = ()
) -> Browser:
    """Start it.

    camera: the video that every page of it sees as its only camera; None: two cameras that look at a test picture.
    more: further arguments.
    """
    cameras = ["--use-fake-device-for-media-stream=device-count=2"]
    if camera is not None:
        cameras = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"]
    own = {
        "LD_LIBRARY_PATH": str(FOLDER / "al2023" / "lib"),
        "FONTCONFIG_PATH": str(FOLDER / "fonts"),
    }
    return await playwright.chromium.launch(
        executable_path=executable(),
        headless=not headed,
        args=[
            *(argument for argument in ARGUMENTS if not (headed and argument == "--headless")),
            *cameras,
            "--use-fake-ui-for-media-stream",
            *more,
        ],
        env={**os.environ, **({} if "TEST_CHROMIUM" in os.environ else own)},
    )
