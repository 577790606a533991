"""The built web apps, read into memory once. What is not in their folder has no address, so no path leads out of it."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    "": "text/plain; charset=utf-8",  # LICENSE, NOTICE
}
_LEFT_OUT = {".map", ".gz", ".br"}
_COMPRESSED_ALREADY = {".mp3", ".png", ".webp", ".woff2"}
_SMALL = 1_000
"""Bytes below which compressing gains nothing."""
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is answered. `squeezed`: gzipped, where that is smaller. `cache`: its Cache-Control."""

    body: bytes
    squeezed: bytes | None
    content_type: str
    etag: str
    cache: str


class WebFolder:
    """The files of the built web apps by their path within the folder, such as `app/index.html`."""

    def __init__(self, files: dict[str, WebFile]) -> None:
        self._files = files

    def get(self, path: str) -> WebFile | None:
        """Return the file, or None."""
        return self._files.get(path)

    @property
    def paths(self) -> list[str]:
        """All paths, in order."""
        return sorted(self._files)

    @classmethod
    def read(cls, folder: Path) -> "WebFolder":
        """Read all of a folder."""
        found = {}
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.suffix not in _LEFT_OUT:
                name = path.relative_to(folder).as_posix()
                found[name] = _file(name, path.read_bytes())
        return cls(found)


def built() -> WebFolder | None:
    """Return the web apps of this installation: in the wheel, else built in the checkout. None: not built."""
    package = Path(__file__).parents[1]
    for folder in (package / "_web", package.parent / "web" / "dist"):
        if (folder / "app" / "index.html").is_file():
            return WebFolder.read(folder)
    return None


def _file(name: str, body: bytes) -> WebFile:
    suffix = PurePosixPath(name).suffix
    squeezed = None
    if suffix not in _COMPRESSED_ALREADY and len(body) > _SMALL:
        squeezed = gzip.compress(body, 6, mtime=0)
    return WebFile(
        body=body,
        squeezed=squeezed if squeezed and len(squeezed) < len(body) else None,
        content_type=_TYPES.get(suffix, "application/octet-stream"),
        # Weak: it is the same for both encodings.
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"',
        # The build puts a hash of the content into the names of what lies there.
        cache=_FOR_EVER if name.startswith("assets/") else _ASK_EACH_TIME,
    )
