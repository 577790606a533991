"""The rows of the live side, each part on a database of its own."""

import asyncio
import resource
from collections.abc import Callable, Mapping

from bench.live import dashboard, fanout, festival, restart
from bench.live.festival import Festival
from bench.live.talk import TalkError
from bench.rows import Form, Row
from bench.stage import Stage

PARTS: Mapping[str, Callable[[Festival, Form, Callable[[str], None]], list[Row]]] = {
    "fanout": fanout.measure,
    "restart": restart.measure,
    "dashboard": dashboard.measure,
}
FILES_BESIDES = 500
VOUCHERS_A_ROUND = 12_000


def part(name: str) -> Callable[[Stage, Form, Callable[[str], None]], list[Row]]:
    """Return what measures that part."""

    def measure(stage: Stage, form: Form, tell: Callable[[str], None]) -> list[Row]:
        """Return the part's rows. Raises TalkError, ServerError, PreparationError."""
        clients = max(*form.crowds, form.crowd, dashboard.WATCHERS)
        _allow_files(clients + FILES_BESIDES)
        tell("preparing the live event")
        folder = stage.folder / name
        folder.mkdir()
        vouchers = VOUCHERS_A_ROUND * (form.rounds + 1)
        ours = asyncio.run(festival.prepare(stage.servers, folder, f"live_{name}", vouchers, clients))
        return PARTS[name](ours, form, tell)

    return measure


def _allow_files(wanted: int) -> None:
    """Let this process and its children open so many files. Raises TalkError where that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise TalkError(f"{wanted} open files are needed, and this machine allows {hard} (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
