"""All rows of the live side, in one run on servers that somebody started."""

import asyncio
import resource
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.live import dashboard, fanout, festival, restart
from bench.live.festival import Festival
from bench.live.rows import Form, Row
from bench.live.talk import TalkError
from dibs_realtime.local.servers import LocalServers

PARTS: Mapping[str, Callable[[Festival, Form, Callable[[str], None]], list[Row]]] = {
    "fanout": fanout.measure,
    "restart": restart.measure,
    "dashboard": dashboard.measure,
}
FILES_BESIDES = 500
VOUCHERS_A_ROUND = 12_000


def measure(
    servers: LocalServers, folder: Path, form: Form, tell: Callable[[str], None], only: str | None = None
) -> list[Row]:
    """Return the rows (of one part, with `only`). Raises TalkError, ServerError, PreparationError."""
    clients = max(*form.crowds, form.crowd, dashboard.WATCHERS)
    _allow_files(clients + FILES_BESIDES)
    tell("preparing the live event")
    vouchers = VOUCHERS_A_ROUND * (form.rounds + 1)
    ours = asyncio.run(festival.prepare(servers, folder, vouchers, clients))
    parts = [PARTS[only]] if only else list(PARTS.values())
    return [row for part in parts for row in part(ours, form, tell)]


def _allow_files(wanted: int) -> None:
    """Let this process and its children open so many files. Raises TalkError where that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise TalkError(f"{wanted} open files are needed, and this machine allows {hard} (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
