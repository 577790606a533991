"""What phones have and a Chromium without a screen has not: a light, a screen that goes dark, a page out of sight."""

from playwright.async_api import Page

LIGHT = """
(() => {
  // The cameras are Chromium's own, and have no light. All but the second one get one, as phones have it at the back.
  const light = window.light = { lit: new Set(), asked: [], isBroken: false };
  const { getCapabilities, applyConstraints, stop } = MediaStreamTrack.prototype;
  const has = (track) => track.kind === 'video' && track.label !== 'fake_device_1';
  MediaStreamTrack.prototype.getCapabilities = function () {
    return { ...getCapabilities.call(this), ...(has(this) && { torch: true }) };
  };
  MediaStreamTrack.prototype.applyConstraints = async function (constraints) {
    const torch = constraints?.advanced?.find((set) => 'torch' in set)?.torch;
    if (torch === undefined) return applyConstraints.call(this, constraints);
    light.asked.push(torch);
    if (!has(this) || light.isBroken || this.readyState !== 'live')
      throw new DOMException('there is no light', 'OverconstrainedError');
    light.lit[torch ? 'add' : 'delete'](this);
  };
  MediaStreamTrack.prototype.stop = function () {
    light.lit.delete(this); // it goes out with its camera
    return stop.call(this);
  };
})();
"""
LIT = "() => light.lit.size > 0"

SCREEN = """
(() => {
  // https://www.w3.org/TR/screen-wake-lock/, for a screen that is not there.
  const screen = window.wake = { held: new Set(), isSavingPower: false };
  class Sentinel extends EventTarget {
    type = 'screen';
    released = false;
    async release() {
      if (this.released) return;
      this.released = true;
      screen.held.delete(this);
      this.dispatchEvent(new Event('release'));
    }
  }
  const request = async () => {
    if (document.visibilityState !== 'visible' || screen.isSavingPower)
      throw new DOMException('not now', 'NotAllowedError');
    const sentinel = new Sentinel();
    screen.held.add(sentinel);
    return sentinel;
  };
  Object.defineProperty(navigator, 'wakeLock', { value: { request } });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') for (const sentinel of screen.held) sentinel.release();
  });
})();
"""
HELD = "() => wake.held.size"

_LOOK = """(state) => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


async def pocket(page: Page) -> None:
    """Let nobody see the page."""
    await page.evaluate(_LOOK, "hidden")


async def take_out(page: Page) -> None:
    """Let it be seen again."""
    await page.evaluate(_LOOK, "visible")


async def leave_untouched(page: Page) -> None:
    """Let somebody touch the page, and then nobody for longer than its camera waits for."""
    await page.clock.install()
    await page.mouse.click(5, 5)
    await page.clock.fast_forward("01:01")
