"""Seals what was issued and claimed, in the background and after it: nothing that people wait for waits for this."""

import asyncio
import contextlib
import json
import logging
import re
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from dibs_realtime.doors.book.model import Content
from dibs_realtime.doors.book.repository import Book, BookRepository, Seal
from dibs_realtime.kit import problems
from dibs_realtime.kit.tasks import end
from dibs_realtime.ledger.model import Commit

_log = logging.getLogger(__name__)

AT_ONCE = 512
"""Vouchers that are written together."""
REQUEST = 32
"""Codes in one request to the other process: about a tenth of a second of its work."""
LOOK_SECONDS = 15.0
"""How often events are looked for whose news this process did not hear."""
IDLE_SECONDS = 30.0
"""The other process ends when there was nothing to do for so long."""
_ASKED_FOR = re.compile(rb'"kind":"(?:vouchers\.issued|voucher\.claimed|device\.paired)"')
"""What entries say that ask for seals. A quotation mark in somebody's text is escaped and never looks like it."""
_LINE_BYTES = 1024 * 1024


class Stretcher:
    """The other process, started when it is needed. One request at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def seal(self, book: Book, items: Sequence[tuple[str | None, bytes | None, int, bytes]]) -> list[Any]:
        """Return the derived bytes and the record of each item. Raises OSError when the process dies."""
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "dibs_realtime.doors.book.stretching",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE_BYTES,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        request = {
            "salt": book.salt.hex(),
            "iterations": book.iterations,
            "items": [
                [code, derived.hex() if derived is not None else None, ordinal, content.hex()]
                for code, derived, ordinal, content in items
            ],
        }
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            raise ConnectionError("the stretching process ended")
        return [(bytes.fromhex(derived), bytes.fromhex(record)) for derived, record in json.loads(line)]

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        # The transport is closed with its last callback, which the loop still has to run.
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001  # asyncio closes it no other way


class Sealer:
    """Keeps the books of all events complete."""

    def __init__(self, repository: BookRepository) -> None:
        self._repository = repository
        self._stretcher = Stretcher()
        self._waiting: dict[UUID, None] = {}
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="seal")

    async def close(self) -> None:
        """Stop, wherever it is: the next process goes on there."""
        await end(self._task)
        await self._stretcher.close()

    def committed(self, commit: Commit) -> None:
        """Take in what was committed: the ledger's listener."""
        if any(_ASKED_FOR.search(line.raw) for line in commit.lines):
            self._waiting[commit.event_id] = None
            self._awake.set()

    async def _look(self) -> None:
        """Find the events whose books are behind."""
        try:
            self._waiting.update(dict.fromkeys(await self._repository.behind()))
        except problems.Problem:
            pass  # the database is away
        except Exception:  # noqa: BLE001  # whatever it is, the next look may find them
            _log.exception("no look for books to seal")

    async def _run(self) -> None:
        quiet = 0.0
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()
                quiet = 0.0
            except TimeoutError:
                quiet += LOOK_SECONDS
                await self._look()
            self._awake.clear()
            while self._waiting:
                event_id = next(iter(self._waiting))
                del self._waiting[event_id]
                try:
                    await self.complete(event_id)
                except problems.Problem:
                    break  # the database is away; the next look finds the event again
                except Exception:  # noqa: BLE001  # whatever it is, other events have books, too
                    _log.exception("a door's book cannot be sealed now", extra={"event_id": str(event_id)})
            if quiet >= IDLE_SECONDS:
                await self._stretcher.close()

    async def complete(self, event_id: UUID) -> None:
        """Seal everything of the event that is not sealed yet. Raises Problem 503."""
        async with self._repository.turn(event_id) as book:
            if book is None:
                return
            seq, sealed = book.seq, book.sealed
            while (news := await self._repository.news(event_id, seq)) is not None:
                while rows := await self._repository.to_seal(event_id, news, AT_ONCE):
                    sealed = await self._seal(book, rows, sealed)
                seq = news.seq
                await self._repository.reached(event_id, seq)

    async def _seal(self, book: Book, rows: Sequence[Any], sealed: int) -> int:
        """Seal these vouchers; return how many there are in the book then."""
        items, before = [], sealed
        for row in rows:
            ordinal = row["ordinal"]
            if ordinal is None:
                ordinal, sealed = sealed, sealed + 1
            content = Content(row["offer_id"], row["max_uses"], row["guest_name"]).packed()
            items.append((None if row["derived"] else row["code"], row["derived"], ordinal, content))
        made: list[Any] = []
        for start in range(0, len(items), REQUEST):
            made += await self._stretcher.seal(book, items[start : start + REQUEST])
        seals = [
            Seal(row["id"], item[2], derived, record, row["guest_id"])
            for row, item, (derived, record) in zip(rows, items, made, strict=True)
        ]
        await self._repository.write(book, seals, before, sealed)
        return sealed
