"""The tests' own instruments: what they are to notice, they notice."""

import re

import pytest
from playwright.async_api import Page

from .accessibility import accessible
from .camera import Camera
from .guard import GIVEN_UP, LEFT_UNUSED, MOST_GIVEN_UP, TAKEN_OVER, Guard
from .visitors import Visitors, until

WATCH = """async () => {
  const video = document.createElement('video');
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  window.darkPixels = () => {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const picture = canvas.getContext('2d');
    picture.drawImage(video, 0, 0);
    const { data } = picture.getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, index) => index % 4 === 0 && value < 60).length;
  };
}"""

TELL = """(lines) => {
  for (const line of lines) console.warn(line);
  return new Promise((resolve) => setTimeout(resolve));
}"""


async def test_the_camera_sees_what_it_is_shown(visitors: Visitors, camera: Camera) -> None:
    page = await visitors.open("/door/", camera=True)  # the only page that may use one
    await page.evaluate(WATCH)
    await until(page, "() => darkPixels() === 0")
    camera.show("HTTP://LOCALHOST/V/7KQ4MX2P9T")
    await until(page, "() => darkPixels() > 10_000")
    camera.show_nothing()
    await until(page, "() => darkPixels() === 0")


async def test_a_camera_may_be_refused(visitors: Visitors) -> None:
    page = await visitors.open("/")
    refusal = "() => navigator.mediaDevices.getUserMedia({ video: true }).catch((error) => error.name)"
    assert await page.evaluate(refusal) == "NotAllowedError"


@pytest.mark.parametrize(
    ("misdeed", "complaint"),
    [
        ("() => console.error('something is wrong')", "console error: something is wrong"),
        ("() => { setTimeout(() => { throw new Error('thrown'); }) }", "exception: .*thrown"),
        (
            "() => document.body.append(Object.assign(document.createElement('script'), { text: '1' }))",
            "policy: script-src-elem forbids inline",
        ),
        ("() => fetch('/api/v1/users/me')", "response: 401 GET .*/users/me"),
        (
            "() => fetch('http://localhost:1/').catch(() => undefined)",
            "policy: connect-src forbids http://localhost:1/",
        ),
    ],
)
async def test_the_guard_notices(visitors: Visitors, guard: Guard, misdeed: str, complaint: str) -> None:
    page = await visitors.open("/")
    await page.evaluate(misdeed)
    await page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    with pytest.raises(AssertionError, match=complaint):
        guard.check()
    guard.expect(".*")


async def test_the_guard_counts_the_lines_that_pages_let_go_of(visitors: Visitors, guard: Guard) -> None:
    page = await visitors.open("/")
    await page.evaluate(TELL, [f"{GIVEN_UP}."] * (MOST_GIVEN_UP + 1))
    with pytest.raises(AssertionError, match=f"let go of {MOST_GIVEN_UP + 1} lines"):
        guard.check()
    guard.expect(GIVEN_UP)


async def test_the_guard_lets_pass_what_a_worker_took_over(visitors: Visitors, guard: Guard) -> None:
    page, other = await visitors.open("/"), await visitors.open("/")
    taken_over = f"A preload for 'http://x.example/1.js' is found, but is not used because it is a {TAKEN_OVER}."
    unused = f"The resource http://x.example/%s.js {LEFT_UNUSED} from the window's load event."
    await page.evaluate(TELL, [taken_over, unused % 1])
    guard.check()
    await page.evaluate(TELL, [unused % 2])
    await other.evaluate(TELL, [unused % 1])
    assert [re.findall(r"x\.example/\d", line) for line in guard.complaints] == [["x.example/2"], ["x.example/1"]]
    guard.expect(LEFT_UNUSED)


async def test_axe_notices(visitors: Visitors) -> None:
    page: Page = await visitors.open("/")
    await accessible(page)
    await page.evaluate("() => { document.querySelector('main').append(document.createElement('button')); }")
    with pytest.raises(AssertionError, match="button-name"):
        await accessible(page)


async def test_axe_looks_at_nothing_that_fades(visitors: Visitors) -> None:
    page: Page = await visitors.open("/")
    await page.evaluate(
        """() => {
          const stir = () => {
            if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
            const fading = document.querySelector('strong').animate([{ opacity: 0.2 }, { opacity: 0.2 }], 200);
            fading.finished.then(stir);
          };
          stir();
        }"""
    )
    await accessible(page)
    assert not await page.evaluate("() => matchMedia('(prefers-reduced-motion: reduce)').matches")
