"""What the browser's camera sees: a video file that is overwritten in place while the browser plays it."""

from pathlib import Path

import segno

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 15
FRAMES = 5
WHITE, GREY = 235, 110
HEADER = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n".encode()


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

    def show_nothing(self) -> None:
        """Look at a grey wall."""
        self._write(bytes([GREY]) * (WIDTH * HEIGHT))

    def _write(self, luma: bytes) -> None:
        picture = b"FRAME\n" + luma + b"\x80" * (WIDTH * HEIGHT // 2)
        # Always as many bytes as before: the browser goes on reading where it is.
        with self.file.open("r+b" if self.file.exists() else "xb") as video:
            video.write(HEADER + picture * FRAMES)
