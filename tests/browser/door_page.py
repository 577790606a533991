"""A door in a browser whose network, page and power a test may take away, and which notes everything that it shows."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Page

from tests.doors.book import current
from tests.offline.checker import Scan
from tests.support.world import Party

from .cable import Cable
from .doors import can_judge, let_verdicts_stay, live
from .visitors import STEP_SECONDS, Visitors, until

NOTES = """
(() => {
  if (location.protocol === 'about:') return;
  const kept = Object.keys(localStorage).filter((name) => name.startsWith('night.'));
  const known = new Set(kept.map((name) => JSON.parse(localStorage[name])[0]));
  let count = kept.length;
  let last = '';
  const look = () => {
    const seen = document.querySelector('.verdict[data-key]');
    if (seen === null) return void (last = '');
    const { key, tone = 'asking', reason = null, provisional } = seen.dataset;
    const note = JSON.stringify([key, tone, reason, provisional === 'true']);
    if (note === last) return;
    last = note;
    known.add(key);
    // Written at once, so that it outlives the page.
    localStorage['night.' + String(count++).padStart(6, '0')] = note;
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const type = (text) => [...text, 'Enter'].forEach((key) => {
    const stroke = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    Object.defineProperty(stroke, 'timeStamp', { value: 1e6 }); // a busy machine may pause between two of them
    document.body.dispatchEvent(stroke);
  });
  const goOn = async () => {
    for (let next; (next = document.querySelector('section.verdict .main')) !== null; await pause(1)) next.click();
  };
  // Scans a code as a hardware scanner does; returns its key as soon as it is asked.
  const ask = async (code) => {
    for (;;) {
      await goOn();
      const before = new Set(known);
      type(code);
      for (let turn = 0; turn < 100; turn++) {
        const key = [...known].find((found) => !before.has(found));
        if (key !== undefined) return key;
        await pause(4);
      }
      await pause(2600);  // the same code in view is no new scan: it has to leave first
    }
  };
  const scan = async (code) => {
    const key = await ask(code);
    while (document.querySelector(`section[data-key="${key}"]`) === null) await pause(4);
    return key;
  };
  window.night = { goOn, ask, scan };
})();
"""
SCAN_ALL = """async (codes) => {
  const keys = [];
  for (const code of codes) keys.push(await window.night.scan(code));
  return keys;
}"""
SHOWN = """() => Object.keys(localStorage).filter((name) => name.startsWith('night.')).sort()
  .map((name) => JSON.parse(localStorage[name]))"""
PENDING = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('dibs.door');
  opening.onerror = reject;
  opening.onsuccess = () => {
    const counting = opening.result.transaction('pending').objectStore('pending').count();
    counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
  };
})"""
LOOKS = "() => window.dispatchEvent(new Event('online'))"
IN_VIEW = """() => document.querySelector('.verdict[data-key="%s"][data-tone]')?.dataset.provisional === '%s'"""
UNWATCHED: Mapping[str, Any] = {
    "viewport": {"width": 320, "height": 480}, "device_scale_factor": 1, "script": "delete window.AudioContext;",
}  # fmt: skip
"""Nobody looks at these phones, and nobody hears them. What all of them paint whenever one scans, and sound that
stands by all night, would be a third of what the night costs a machine."""
ACCEPTED = {"admit": False, "offline": True}
"""How an admission looks, and whether it is the door's own."""


async def redemptions(party: Party) -> list[bool]:
    """Return for each redemption whether it was made offline."""
    return [item["offline"] for item in (await party.owner.get(f"{party.path}/redemptions"))["items"]]


async def ready(visitors: Visitors, party: Party, **options: object) -> Page:
    """Return a door that could work without a network, its page too, and knows all codes that there are."""
    await current(party.device)
    page = await visitors.door(party, camera=False, **options)
    await live(page)
    await can_judge(page)
    await until(page, "() => navigator.serviceWorker.controller !== null")
    return page


class DoorPage:
    """One phone at a door."""

    def __init__(self, number: int, page: Page, cable: Cable) -> None:
        self.number = number
        self.cable = cable
        self.scans: list[Scan] = []
        self._page = page

    @classmethod
    async def at(cls, visitors: Visitors, party: Party, number: int, cable: Cable) -> "DoorPage":
        """Pair a phone, and wait until it could work alone, its page too."""
        # Its verdicts go by themselves: nobody is there to go on to the answers that come late.
        page = await visitors.door(party, f"Door {number}", camera=False, via=cable.url, storage=None, **UNWATCHED)
        await page.context.add_init_script(NOTES)
        await until(page, "() => navigator.serviceWorker.controller !== null")
        await page.reload()
        await can_judge(page)
        return cls(number, page, cable)

    async def scan(self, codes: Sequence[str]) -> None:
        """Scan one code after the other, each when the one before was judged."""
        keys = await self._page.evaluate(SCAN_ALL, list(codes))
        self._note(keys, codes)

    async def be_corrected(self, code: str) -> None:
        """Judge alone, and leave the verdict in view until the hub's own is there."""
        await self._page.evaluate("() => window.night.goOn()")
        await let_verdicts_stay(self._page)
        self.cable.become("cut")
        (key,) = await self._page.evaluate(SCAN_ALL, [code])
        self._note([key], [code])
        await until(self._page, IN_VIEW % (key, "true"))
        self.cable.become("good")
        async with asyncio.timeout(STEP_SECONDS):
            while not await self._page.evaluate(IN_VIEW % (key, "false")):
                await self._page.evaluate(LOOKS)
                await asyncio.sleep(0.2)

    async def die_asking(self, code: str) -> None:
        """Lose the page in the moment of a scan, and open another one."""
        key = await self._page.evaluate("(code) => window.night.ask(code)", code)
        self._note([key], [code])
        await self.die()

    async def die(self) -> None:
        """Lose the page, and open another one on the same phone."""
        context = self._page.context
        await self._page.close()
        self._page = await context.new_page()
        await self._page.goto(f"{self.cable.url}/door/")
        await self._page.locator("[data-alone]").wait_for(state="attached")

    async def reload(self) -> None:
        """Load the page anew."""
        await self._page.reload()
        await self._page.locator("[data-alone]").wait_for(state="attached")

    async def come_home(self) -> None:
        """Get a good line, and wait until nothing waits for the server any more."""
        self.cable.become("good")
        async with asyncio.timeout(STEP_SECONDS):
            while await self._page.evaluate(PENDING):
                await self._page.evaluate(LOOKS)
                await asyncio.sleep(0.2)

    async def account(self) -> list[Scan]:
        """Return what it scanned, and what it showed."""
        by_key = {scan.key: scan for scan in self.scans}
        for key, tone, reason, provisional in await self._page.evaluate(SHOWN):
            if tone in ACCEPTED:
                by_key[key].shown.append(("accepted", None, ACCEPTED[tone]))
            elif tone in ("used", "deny"):
                assert reason is not None, json.dumps([key, tone])
                by_key[key].shown.append(("refused", reason, provisional))
        return self.scans

    def _note(self, keys: Sequence[str], codes: Sequence[str]) -> None:
        now = datetime.now(UTC)
        self.scans += [Scan(self.number, key, code, 1, now, True) for key, code in zip(keys, codes, strict=True)]
