"""`dibs import`: a CSV of codes, by whoever runs the machine."""

import asyncio
import csv
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from dibs_realtime.commands.server import data_option, opened, settings_of_server
from dibs_realtime.dashboard.queries import RESIDENT
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.ledger.model import SYSTEM
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.settings import Settings
from dibs_realtime.vouchers.exporting import harmless
from dibs_realtime.vouchers.importing import Importing, Outcome, Stage
from dibs_realtime.vouchers.publishing import Publisher
from dibs_realtime.vouchers.schemas import RejectReason
from dibs_realtime.vouchers.sheet import MOST_BYTES
from dibs_realtime.vouchers.sorting import Fault

MOST_SHOWN = 1_000
"""Refused lines that are listed on the screen."""
_WORDS: dict[RejectReason, str] = {
    "bad_code": "no code: 4 to 32 letters and digits",
    "duplicate": "this code is there already",
    "unknown_offer": "no offer of this event has this id, or alone has this title",
    "bad_max_uses": "max_uses is not a number from 1 to 1000",
    "bad_email": "guest_email is no e-mail address",
    "bad_encoding": "not UTF-8",
    "too_long": "too long, or a quote is not closed",
    "over_quantity": "the offer's quantity is reached",
}


@click.command("import")
@click.option("--event", "slug", required=True, metavar="SLUG", help="The event's address, as in /e/SLUG.")
@click.option(
    "--rejected",
    "rejected_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the refused lines into this CSV file.",
)
@data_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_command(slug: str, rejected_file: Path | None, data_dir: Path | None, file: Path) -> None:
    """Import a CSV FILE of codes.

    Its columns are code and offer and, if wanted, max_uses, guest_name and guest_email. All good lines land, each bad
    one is named.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise click.ClickException(f"{file} is larger than {MOST_BYTES // 1_000_000} MB. Split it.")
        raw = file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from error
    outcome = asyncio.run(_import(settings_of_server(data_dir, public_url="http://localhost"), slug, raw))
    _tell(outcome, file)
    if rejected_file is not None:
        _keep(outcome.rejected, rejected_file)


async def _import(configured: Settings, slug: str, raw: bytes) -> Outcome:
    async with opened(configured, readers=4) as database:
        event_id: UUID | None = await database.fetchval("SELECT id FROM events WHERE slug = $1", slug)
        if event_id is None:
            raise click.ClickException(f"No event has the address {slug}.")
        importing = Importing(database, Publisher(database, Ledger(database, utc_now, RESIDENT), utc_now))
        with _Bars(raw) as bars:
            return await importing.bring(event_id, SYSTEM, raw, None, bars.show)


class _Bars(Progress):
    """A bar for each stage, on the screen and never in what is redirected."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._lines = raw.count(b"\n")
        self._tasks_of: dict[Stage, TaskID] = {}

    def show(self, stage: Stage, done: int, total: int | None) -> None:
        """Move a stage's bar."""
        if stage not in self._tasks_of:
            self._tasks_of[stage] = self.add_task(stage.capitalize(), total=total)
        self.update(self._tasks_of[stage], completed=done, total=total or max(done, self._lines))


def _tell(outcome: Outcome, file: Path) -> None:
    console = Console(highlight=False)
    if outcome.rejected:
        table = Table("Line", "Code", "Reason", "", title=Text(f"Not imported from {file.name}"), title_justify="left")
        table.columns[0].justify = "right"
        table.columns[1].overflow = "fold"
        for fault in outcome.rejected[:MOST_SHOWN]:
            # A text, so that brackets in somebody's file are no markup.
            table.add_row(f"{fault.line}", Text(fault.code or ""), fault.reason, _WORDS[fault.reason])
        console.print(table)
        if len(outcome.rejected) > MOST_SHOWN:
            console.print(f"… and {len(outcome.rejected) - MOST_SHOWN:,} more; --rejected FILE writes all of them.")
    refused = f", {len(outcome.rejected):,} lines refused" if outcome.rejected else ""
    console.print(f"{outcome.imported:,} codes imported{refused}.")


def _keep(rejected: list[Fault], file: Path) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("line", "code", "reason"))
            writer.writerows((fault.line, harmless(fault.code or ""), fault.reason) for fault in rejected)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
