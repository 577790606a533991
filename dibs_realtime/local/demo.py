"""The process that simulates a party on a running server, for `dibs up --demo`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

from dibs_realtime.processes.child import Child

STOP_SECONDS = 5.0


@contextmanager
def demo(base_url: str, certificate: Path | None, data_dir: Path) -> Iterator[None]:
    """Let the demo run until it or the block ends. It tells about itself on our stdout, and keeps its account."""
    trust = ["--certificate", str(certificate)] if certificate else []
    child = Child([sys.executable, "-m", "dibs_realtime", "demo", base_url, "--data", str(data_dir), *trust])
    try:
        yield
    finally:
        child.stop((SIGTERM, STOP_SECONDS))
