"""What doors are told of vouchers, and how much of the ledger they may take for told."""

import asyncio
from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

import pytest

from dibs_realtime.doors.book.queries import States
from dibs_realtime.kit import problems
from dibs_realtime.kit.ids import new_id
from dibs_realtime.live import burns as module, conflate
from dibs_realtime.live.burns import Burns
from dibs_realtime.live.connections import Connections, Fanout

EVENT = new_id()
HEAD = 105
"""Where the ledger stands when vouchers are read: others are ahead of what this node has heard."""


class Room:
    """A room with a door in it, which hears everything."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def members(self, _room: str) -> list[str]:
        return ["a door"]

    def send(self, _room: str, _name: str, message: dict[str, Any]) -> None:
        self.heard.put_nowait(message)


class Book:
    """Reads vouchers, each with an ordinal of its own."""

    def __init__(self) -> None:
        self.failures = 0
        self.ordinals: dict[UUID, int] = {}

    async def read(self, _event_id: UUID, voucher_ids: Collection[UUID]) -> States:
        if self.failures:
            self.failures -= 1
            raise problems.unavailable("away")
        burns = [[self.ordinals.setdefault(voucher_id, len(self.ordinals)), 1, 0] for voucher_id in voucher_ids]
        return States(EVENT, HEAD, whole=False, burns=burns)


@pytest.fixture
async def room() -> Room:
    return Room()


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def burns(room: Room, book: Book) -> Any:
    made = Burns(book.read, cast("Connections", room), cast("Fanout", room))
    yield made
    await made.close()


async def heard(room: Room) -> tuple[int, int, list[int]]:
    async with asyncio.timeout(10):
        message = await room.heard.get()
    return message["seq"], message["through"], [ordinal for ordinal, _, _ in message["burns"]]


async def test_what_is_read_is_ahead_of_what_was_told(burns: Burns, room: Room):
    burns.changed(EVENT, [new_id()], 100)
    assert await heard(room) == (HEAD, 100, [0])
    burns.changed(EVENT, [], 101)
    burns.changed(EVENT, [new_id()], 102)
    assert await heard(room) == (HEAD, 102, [1])


async def test_a_part_of_them_promises_nothing(burns: Burns, room: Room, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    burns.changed(EVENT, [new_id() for _ in range(5)], 100)
    assert [await heard(room) for _ in range(3)] == [(HEAD, 0, [0, 1]), (HEAD, 0, [2, 3]), (HEAD, 100, [4])]


async def test_what_could_not_be_read_is_told_before_more_is_promised(
    burns: Burns, room: Room, book: Book, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(conflate, "RETRY_SECONDS", 0.01)
    book.failures = 2
    first, second = new_id(), new_id()
    burns.changed(EVENT, [first], 100)
    await asyncio.sleep(0)
    burns.changed(EVENT, [second], 101)
    assert await heard(room) == (HEAD, 101, [0, 1])
    assert sorted(book.ordinals) == sorted([first, second])
