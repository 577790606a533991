"""What the browser's camera sees: a video file that is overwritten in place while the browser plays it."""

import base64
from pathlib import Path

import segno
from playwright.async_api import Locator

from .accessibility import settled

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 15
FRAMES = 5
WHITE, GREY = 235, 110
HEADER = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n".encode()

# Draws a picture into the middle of a frame, and returns the frame's brightness, a byte for each pixel.
TO_LUMA = """async ({ picture, width, height, grey }) => {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const frame = new OffscreenCanvas(width, height).getContext('2d');
  frame.fillStyle = `rgb(${grey} ${grey} ${grey})`;
  frame.fillRect(0, 0, width, height);
  const scale = (height - 20) / Math.max(bitmap.width, bitmap.height);
  const [wide, high] = [bitmap.width * scale, bitmap.height * scale];
  frame.drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high);
  const { data } = frame.getImageData(0, 0, width, height);
  let luma = '';
  for (let at = 0; at < data.length; at += 4)
    luma += String.fromCharCode((data[at] * 299 + data[at + 1] * 587 + data[at + 2] * 114) / 1000);
  return btoa(luma);
}"""


class Camera:
    """A camera that looks at nothing, until it is shown a code."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.show_nothing()

    def show(self, text: str) -> None:
        """Hold a QR code before it, as large as fits with a margin."""
        modules = [bytearray(row) for row in segno.make_qr(text, error="m").matrix_iter(scale=1, border=4)]
        scale = (HEIGHT - 40) // len(modules)
        side = scale * len(modules)
        left, top = (WIDTH - side) // 2, (HEIGHT - side) // 2
        rows = [bytearray([GREY]) * WIDTH for _ in range(HEIGHT)]
        for number, row in enumerate(modules):
            line = b"".join((b"\x10" if dark else bytes([WHITE])) * scale for dark in row)
            for y in range(top + number * scale, top + (number + 1) * scale):
                rows[y][left : left + side] = line
        self._write(b"".join(rows))

    async def look_at(self, element: Locator) -> None:
        """Hold something of a page before it, as it is on the screen: a guest's phone, say."""
        await settled(element.page)
        picture = base64.b64encode(await element.screenshot(type="png")).decode()
        desk = await element.page.context.browser.new_page()
        luma = await desk.evaluate(TO_LUMA, {"picture": picture, "width": WIDTH, "height": HEIGHT, "grey": GREY})
        await desk.context.close()
        self._write(base64.b64decode(luma))

    def show_nothing(self) -> None:
        """Look at a grey wall."""
        self._write(bytes([GREY]) * (WIDTH * HEIGHT))

    def _write(self, luma: bytes) -> None:
        picture = b"FRAME\n" + luma + b"\x80" * (WIDTH * HEIGHT // 2)
        # Always as many bytes as before: the browser goes on reading where it is.
        with self.file.open("r+b" if self.file.exists() else "xb") as video:
            video.write(HEADER + picture * FRAMES)
