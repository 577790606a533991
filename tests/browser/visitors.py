"""People at screens: a phone or a desktop, in the dark or not, with their language, signed in or not."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page, Route, WebSocketRoute, expect

from tests.support.world import Organizer, Party

from .guard import Guard

Profile = Literal["phone", "desktop"]
Theme = Literal["light", "dark"]
Handler = Callable[[Route], Awaitable[None]]
PROFILES: Mapping[Profile, Mapping[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1280, "height": 800}, "device_scale_factor": 1},
}  # fmt: skip
LANGUAGES = {"en": "en-GB", "lt": "lt-LT"}
# A browser without a window never asks anybody, it grants. This is the only thing that the tests take its word for.
REFUSE_CAMERA = """
if (navigator.mediaDevices) {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
}
"""
STAYS = {"dibs.door": '{"stays": true}'}
STEP_SECONDS = 60
"""How long a step of a page may take on a busy machine. No test waits so long for something to be absent."""
expect.set_options(timeout=STEP_SECONDS * 1000)


SEE = """({ selector, text }) => new Promise((resolve) => {
  const look = () => {
    const found = document.querySelector(selector);
    if (!found?.checkVisibility() || !found.textContent.includes(text)) return;
    watching.disconnect();
    resolve(performance.timeOrigin + performance.now());
  };
  const watching = new MutationObserver(look);
  watching.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
})"""


class Visitors:
    """Opens browser contexts: each is a person with storage of their own."""

    def __init__(self, browser: Browser, url: str, guard: Guard) -> None:
        self.browser = browser
        self.url = url
        self.guard = guard

    async def enter(
        self,
        profile: Profile = "phone",
        theme: Theme = "light",
        language: str = "en",
        *,
        camera: bool | None = False,
        still: bool = False,
        storage: Mapping[str, Any] | None = None,
        script: str | None = None,
        **options: Any,
    ) -> BrowserContext:
        """Return a new person's context.

        camera: they let pages use it without being asked; None: they say yes when a page asks; False: they refuse.
        still: they prefer reduced motion. storage: what localStorage holds at their first page. script: what all
        their pages run before anything else. Further options are Playwright's.
        """
        context = await self.browser.new_context(
            base_url=self.url,
            color_scheme=theme,
            locale=LANGUAGES[language],
            timezone_id="Europe/Vilnius",
            reduced_motion="reduce" if still else "no-preference",
            **{**PROFILES[profile], **options},
        )
        context.set_default_timeout(STEP_SECONDS * 1000)
        await self.guard.watch(context)
        if camera is None:
            pass  # a browser without a window says yes by itself
        elif camera:
            await context.grant_permissions(["camera"], origin=self.url)
        else:
            await context.add_init_script(REFUSE_CAMERA)
        if storage:
            await _keep(context, storage)
        if script is not None:
            await context.add_init_script(script)
        return context

    async def open(
        self,
        path: str,
        *arguments: Any,
        network: Mapping[str, Handler] | None = None,
        sockets: Callable[[WebSocketRoute], object] | None = None,
        **options: Any,
    ) -> Page:
        """Return a new person's page at that path. Arguments as for `enter`. Next tab: `page.context.new_page()`.

        network: what becomes of requests whose address matches a pattern. sockets: who answers theirs
        instead of the server.
        """
        context = await self.enter(*arguments, **options)
        page = await context.new_page()
        for pattern, handler in (network or {}).items():
            await page.route(pattern, handler)
        if sockets is not None:
            await page.route_web_socket("**/socket.io/**", sockets)
        await page.goto(path)
        return page

    async def organizer(self, organizer: Organizer, path: str = "/app/", *arguments: Any, **options: Any) -> Page:
        """Return the page of an organizer who signed in before. Their API token goes on beside it."""
        kept = {"user_id": organizer.id, "refresh_token": organizer.refresh_token}
        return await self.open(path, *arguments, storage={"dibs.session": json.dumps(kept)}, **options)

    async def door(
        self, party: Party, label: str = "Phone 2", *arguments: Any, via: str | None = None, **options: Any
    ) -> Page:
        """Return the page of a door that has been paired by its link.

        Verdicts stay there until somebody goes on, unless `storage` says otherwise: no test has to be quick.
        Further fields of the device: `device={…}`. via: another address of the server, such as a cable's.
        """
        fields = {"label": label, "gate_id": party.gate["id"], **options.pop("device", {})}
        pairing = await party.owner.post(f"{party.path}/devices", fields)
        address = pairing["pairing_url"].replace(self.url, via or self.url)
        page = await self.open(address, *arguments, **{"camera": True, "storage": STAYS, **options})
        await page.locator("form button").click()
        await page.locator("video").wait_for(state="attached")
        return page

    async def picture(self, folder: Path, name: str) -> None:
        """Leave a picture of every page that is open."""
        for number, page in enumerate(page for context in self.browser.contexts for page in context.pages):
            await page.screenshot(path=folder / f"{name}-{number}.png")

    async def leave(self) -> None:
        """Close all pages."""
        self.guard.look_away()
        for context in list(self.browser.contexts):
            await context.close()


async def until(page: Page, condition: str) -> None:
    """Wait until a function of the page answers true. Playwright's own waiting would need `unsafe-eval` there."""
    async with asyncio.timeout(STEP_SECONDS):
        while not await page.evaluate(condition):  # noqa: ASYNC110  # the page tells nobody
            await asyncio.sleep(0.05)


def sees(page: Page, selector: str, text: str = "") -> "asyncio.Task[float]":
    """Wait for something to appear; the result is when it did, in ms of this machine's clock."""
    seen = page.evaluate(SEE, {"selector": selector, "text": text})
    return asyncio.create_task(asyncio.wait_for(seen, STEP_SECONDS))


async def _keep(context: BrowserContext, storage: Mapping[str, Any]) -> None:
    """Fill localStorage once: what the pages change later stays changed."""
    await context.add_init_script(
        f"""if (location.protocol !== 'about:' && !localStorage.getItem('test.filled')) {{
            Object.assign(localStorage, {json.dumps({**storage, "test.filled": "1"})});
        }}"""
    )
