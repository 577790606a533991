"""What seals vouchers: one process at a time for an event, in a process of its own, and nobody waits for it."""

import asyncio
import os
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psutil
import pytest
import uvloop

from dibs_realtime.doors.book import sealer
from dibs_realtime.doors.book.model import Content, derive, seal
from dibs_realtime.doors.book.repository import Book as SealedBook, BookRepository, Seal
from dibs_realtime.doors.book.sealer import Stretcher
from dibs_realtime.doors.book.stretching import pause_after
from dibs_realtime.kit import problems, tasks
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from tests.conftest import StartNode
from tests.doors.book import current
from tests.support.waiting import eventually
from tests.support.world import Party


@pytest.fixture
def apart(start_node: StartNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes seal in processes of their own, as anywhere else than in tests."""
    del start_node  # which spares its nodes that
    monkeypatch.setattr(sealer, "Stretcher", Stretcher)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_stretches_is_a_process_in_a_group_of_its_own(loop_factory: Callable[[], asyncio.AbstractEventLoop]):
    content = Content(new_id(), 1, "Ona").packed()

    async def groups() -> set[int]:
        stretcher = Stretcher()
        ((derived, sealed),) = await stretcher.seal(
            SealedBook(new_id(), b"salt", 2, 0, 0), [("7KQ4MX2P9T", None, 3, content)]
        )
        assert derived == derive("7KQ4MX2P9T", b"salt", 2)
        assert sealed == seal(derived, 3, content)
        found = {os.getpgid(child.pid) for child in psutil.Process().children() if "stretching" in child.cmdline()[-1]}
        await stretcher.close()
        return found

    # The server runs on uvloop, which starts processes its own way.
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        found = runner.run(groups())
    assert found
    assert os.getpgid(0) not in found


async def test_two_nodes_seal_each_voucher_once(database: Database, party: Party, second_node: Any):
    del second_node
    for _ in range(3):
        await party.world.codes(party.owner, party.id, party.ticket["id"], 40)
    book = await current(party.device)
    assert sorted(book.records) == list(range(122))
    assert await database.fetchval("SELECT revision FROM door_books WHERE event_id = $1", party.id) == 122


async def test_it_ends_also_where_a_cancellation_is_lost(database: Database, monkeypatch: pytest.MonkeyPatch):
    """A driver may tell of its broken connection instead; other events have books, too, so that ends nothing."""
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)
    began = asyncio.Event()

    async def complete(_: UUID) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError from None

    sealing = sealer.Sealer(BookRepository(database))
    monkeypatch.setattr(sealing, "complete", complete)
    sealing._waiting[new_id()] = None
    sealing._awake.set()
    sealing.start()
    await began.wait()
    closing = asyncio.create_task(sealing.close())
    await eventually(closing.done)
    await closing


async def test_a_look_that_fails_is_not_the_last_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(sealer, "LOOK_SECONDS", 0.01)
    repository, looks, completed = BookRepository(database), [ValueError("what nobody thought of"), None], []

    async def behind() -> list[UUID]:
        if looks and (failure := looks.pop(0)):
            raise failure
        return [new_id()]

    async def complete(event_id: UUID) -> None:
        completed.append(event_id)

    monkeypatch.setattr(repository, "behind", behind)
    sealing = sealer.Sealer(repository)
    monkeypatch.setattr(sealing, "complete", complete)
    sealing.start()
    await eventually(lambda: completed)
    await sealing.close()
    assert "no look for books to seal" in caplog.text


async def test_a_turn_at_sealing_keeps_no_old_rows_alive(database: Database, party: Party):
    """It lasts for minutes. With a snapshot in it, nothing that anybody changes meanwhile could be tidied up."""
    await current(party.device)
    snapshots = """SELECT count(backend_xmin) AS snapshots, count(*) AS turns
                     FROM pg_stat_activity JOIN pg_locks USING (pid)
                    WHERE datname = current_database() AND locktype = 'advisory' AND state = 'idle in transaction'"""
    while True:  # the hub's own turn may not be over yet
        async with BookRepository(database).turn(party.id) as book:
            if book is None:
                await asyncio.sleep(0.01)
                continue
            assert dict(await database.fetchrow(snapshots)) == {"snapshots": 0, "turns": 1}
            return


def test_stretching_leaves_the_machine_to_others_when_they_want_it():
    assert pause_after(took=0.1, worked=0.098) == 0
    assert pause_after(took=0.2, worked=0.1) == pytest.approx(0.9)
    assert pause_after(took=60, worked=0.1) == pytest.approx(0.9)  # whoever is kept waiting need not sleep for it, too


async def test_a_turn_that_was_lost_writes_nothing(database: Database, party: Party):
    """The lock goes with its connection; whoever held it hears of that last."""
    await current(party.device)
    repository = BookRepository(database)
    sealed = await database.fetchval("SELECT sealed FROM door_books WHERE event_id = $1", party.id)
    book = SealedBook(UUID(party.id), b"salt", 2, 0, sealed - 1)
    with pytest.raises(problems.Problem):
        await repository.write(book, [Seal(new_id(), sealed - 1, b"", b"", None)], sealed - 1, sealed)
    assert await database.fetchval("SELECT sealed FROM door_books WHERE event_id = $1", party.id) == sealed


@pytest.mark.usefixtures("apart")
async def test_a_stretching_process_that_dies_is_told_as_what_it_is_and_replaced(
    party: Party, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    await current(party.device)
    monkeypatch.setattr(sealer, "LOOK_SECONDS", 0.1)
    seal_codes, killed = Stretcher.seal, False

    async def seal_and_die(self: Stretcher, *arguments: Any) -> list[Any]:
        nonlocal killed
        if not killed:
            killed = True
            await self.close()
            raise BrokenPipeError
        return await seal_codes(self, *arguments)

    monkeypatch.setattr(Stretcher, "seal", seal_and_die)
    [code] = await party.world.codes(party.owner, party.id, party.ticket["id"], 1)
    assert (await current(party.device)).find(code) is not None
    assert killed
    assert "a door's book cannot be sealed now" in caplog.text
