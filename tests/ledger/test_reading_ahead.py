"""What is read while the batch before is being written must not bring back what that batch changed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger import batch, writer
from dibs_realtime.ledger.batch import Batch
from dibs_realtime.ledger.lanes import Lanes
from dibs_realtime.ledger.writer import EventWriter
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.commands import PublishBatch, Share, VoidVoucher
from tests.ledger.night import Night
from tests.support.waiting import eventually


class Beside:
    """Holds the first batch's write until the second batch has been read for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.views_ahead = 0
        self._held = False
        self._begun, self._go, self._read = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        self.fails: Exception | None = None
        write, read_ahead, view = writer.write, Batch.read_ahead, Batch.view

        async def held_write(*arguments: Any) -> bool:
            if self._held and not self._go.is_set():
                self._begun.set()
                await self._go.wait()
                if self.fails is not None:
                    failure, self.fails = self.fails, None
                    raise failure
            return await write(*arguments)

        async def told_read(batch: Batch, *arguments: Any) -> None:
            await read_ahead(batch, *arguments)
            self._read.set()

        def counted_view(batch: Batch, *arguments: Any) -> Any:
            self.views_ahead += 1
            return view(batch, *arguments)

        monkeypatch.setattr(writer, "write", held_write)
        monkeypatch.setattr(Batch, "read_ahead", told_read)
        monkeypatch.setattr(Batch, "view", counted_view)

    async def run(self, first: Awaitable[Any], second: Awaitable[Any]) -> tuple[Any, Any]:
        self._held = True
        one = asyncio.ensure_future(first)
        await self._begun.wait()
        two = asyncio.ensure_future(second)
        await self._read.wait()
        if self.meanwhile is not None:
            self._held = False  # for the other node
            await self.meanwhile()
            self._held = True
        self._go.set()
        return await one, await two


@pytest.fixture
async def night(database: Database) -> Night:
    return await Night(database).begin()


@pytest.fixture
def beside(night: Night, monkeypatch: pytest.MonkeyPatch) -> Beside:
    del night  # its beginning is not held
    return Beside(monkeypatch)


async def test_one_code(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(), 1)
    first, second = await beside.run(night.redeem(code), night.redeem(code))
    assert first["verdict"] == "accepted"
    assert second["reason"] == "already_redeemed"
    assert second["previous"]["redemption_id"] == first["redemption_id"]
    assert beside.views_ahead == 1


async def test_one_key(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(max_uses=5), 1)
    key = f"key-{new_id()}"
    first, second = await beside.run(night.redeem(code, key), night.redeem(code, key))
    assert second["replayed"]
    assert second["redemption_id"] == first["redemption_id"]
    assert beside.views_ahead == 1


async def test_a_refusal_is_replayed(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(max_uses=1), 1)
    key = f"key-{new_id()}"
    first, second = await beside.run(night.redeem(code, key, units=2), night.redeem(code, key, units=2))
    assert first["reason"] == second["reason"] == "insufficient_uses"
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert beside.views_ahead == 1


async def test_units_add_up(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(max_uses=3), 1)
    _, second = await beside.run(night.redeem(code, units=2), night.redeem(code, units=2))
    assert second["reason"] == "insufficient_uses"
    assert second["voucher"]["uses"] == 2


async def test_two_guests_and_a_pool_of_two(night: Night, beside: Beside):
    offer = await night.offer(claimable=True, quantity=2)
    made = await night.issue(offer, 2)
    first, second = await beside.run(night.claim(offer.id, new_id()), night.claim(offer.id, new_id()))
    assert {first["voucher"]["code"], second["voucher"]["code"]} == set(made)
    assert beside.views_ahead == 1


async def test_two_guests_and_the_last_one(night: Night, beside: Beside):
    offer = await night.offer(claimable=True, quantity=1)
    await night.issue(offer, 1)
    first, second = await beside.run(night.claim(offer.id, new_id()), night.claim(offer.id, new_id()))
    assert (first["verdict"], second["reason"]) == ("claimed", "sold_out")


async def test_a_guests_limit(night: Night, beside: Beside):
    offer, guest = await night.offer(claimable=True, per_guest_limit=1), new_id()
    _, second = await beside.run(night.claim(offer.id, guest), night.claim(offer.id, guest))
    assert second["reason"] == "guest_limit_reached"
    assert beside.views_ahead == 1


async def test_a_voucher_that_was_just_voided(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(), 1)
    voucher_id = await night.database.fetchval("SELECT id FROM vouchers WHERE code = $1", code)
    void = VoidVoucher(night.event_id, night.owner, voucher_id, "lost")
    _, second = await beside.run(night.submit(void), night.redeem(code))
    assert second["reason"] == "voided"
    assert beside.views_ahead == 1


async def test_a_redemption_that_was_just_taken_back(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(), 1)
    done = await night.redeem(code)
    first, second = await beside.run(night.reverse(done["redemption_id"]), night.redeem(code))
    assert (first["verdict"], second["verdict"]) == ("reversed", "accepted")


async def test_whoever_came_too_late_to_be_read_for(night: Night, beside: Beside, monkeypatch: pytest.MonkeyPatch):
    """The batch keeps what was read for the others, and reads for the late ones alone."""
    first_code, second_code = await night.issue(await night.offer(max_uses=1), 2)
    late: list[asyncio.Future[Any]] = []
    whole_reads = 0
    take, view = Lanes.take, EventWriter._view

    def late_take(lanes: Lanes, writing: int) -> list[Any]:
        return [] if late and writing else take(lanes, writing)

    async def counted_view(*arguments: Any) -> Any:
        nonlocal whole_reads
        whole_reads += 1
        return await view(*arguments)

    async def meanwhile() -> None:
        late.extend(asyncio.ensure_future(night.redeem(code)) for code in (second_code, first_code))

    monkeypatch.setattr(Lanes, "take", late_take)
    monkeypatch.setattr(EventWriter, "_view", counted_view)
    beside.meanwhile = meanwhile
    _, second = await beside.run(night.redeem(first_code), night.redeem(second_code))
    third, fourth = await asyncio.gather(*late)
    assert second["verdict"] == "accepted"
    assert (third["reason"], fourth["reason"]) == ("already_redeemed", "already_redeemed")
    assert third["previous"]["redemption_id"] == second["redemption_id"]
    assert (whole_reads, beside.views_ahead) == (1, 1)  # for the first batch, and for the second


async def test_who_comes_at_the_last_moment_is_read_for_before_anybody_is_told(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    """The database works on the next batch while a crowd gets its answers, also if it came as the write returned."""
    first_code, second_code = await night.issue(await night.offer(), 2)
    begun, go = asyncio.Event(), asyncio.Event()
    order: list[str] = []
    write, read, tell = writer.write, writer.read, EventWriter._tell

    async def held_write(*arguments: Any) -> bool:
        written = await write(*arguments)
        begun.set()
        await go.wait()
        return written

    async def noted_read(*arguments: Any) -> Any:
        order.append("read")
        return await read(*arguments)

    def noted_tell(event_writer: EventWriter) -> None:
        order.append("told")
        tell(event_writer)

    monkeypatch.setattr(writer, "write", held_write)
    monkeypatch.setattr(writer, "read", noted_read)
    monkeypatch.setattr(EventWriter, "_tell", noted_tell)
    first = night.ledgers[0].submit(night.redeeming(first_code))
    await begun.wait()
    order.clear()
    go.set()
    second = night.ledgers[0].submit(night.redeeming(second_code))
    assert [(await each)["verdict"] for each in (first, second)] == ["accepted", "accepted"]
    assert order == ["read", "told", "told"]


async def test_codes_that_were_just_published(night: Night, beside: Beside):
    offer, batch_id, code = await night.offer(), new_id(), codes.generate()
    await night.stage(batch_id, offer, [code])
    publish = PublishBatch(
        night.event_id, night.owner, str(batch_id), batch_id, (Share(offer.id, 1),), {}, str(utc_now())
    )
    _, second = await beside.run(night.submit(publish), night.redeem(code))
    assert second["verdict"] == "accepted"
    assert beside.views_ahead == 0  # what was read beside it did not see them


async def test_a_use_before_one_that_was_just_taken_back(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(max_uses=2), 1)
    first, second = await night.redeem(code), await night.redeem(code)
    _, refused = await beside.run(night.reverse(second["redemption_id"]), night.redeem(code, units=2))
    assert refused["reason"] == "insufficient_uses"
    assert refused["previous"]["redemption_id"] == first["redemption_id"]


async def test_the_oldest_of_a_pool_that_lost_one(night: Night, beside: Beside):
    offer = await night.offer(claimable=True, quantity=2)
    await night.issue(offer, 2)
    oldest, next_one = await night.database.fetch("SELECT id, code FROM vouchers ORDER BY id")
    void = VoidVoucher(night.event_id, night.owner, oldest["id"], "lost")
    _, claimed = await beside.run(night.submit(void), night.claim(offer.id, new_id()))
    assert claimed["voucher"]["code"] == next_one["code"]


class Torn:
    """Lets the first batch wait for its write, and the first read ahead fail; another one follows it and works."""

    def __init__(self, night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
        self._writer = night.ledgers[0]._writers[night.event_id]
        self._begun, self._go = asyncio.Event(), asyncio.Event()
        self._reads = 0
        write, read = writer.write, batch.read

        async def held_write(*arguments: Any) -> bool:
            self._begun.set()
            await self._go.wait()
            return await write(*arguments)

        async def torn_read(*arguments: Any) -> Any:
            self._reads += 1
            if self._reads == 1:
                raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
            return await read(*arguments)

        monkeypatch.setattr(writer, "write", held_write)
        monkeypatch.setattr(batch, "read", torn_read)

    async def run(self, held: Awaitable[Any], torn: Awaitable[Any], read: Awaitable[Any]) -> list[Any]:
        """Return the results of the three."""
        tasks = [asyncio.ensure_future(held)]
        await self._begun.wait()
        for number, awaitable in enumerate((torn, read), 1):
            tasks.append(asyncio.ensure_future(awaitable))
            await eventually(lambda number=number: self._reads == number and self._writer._reading is None)
        self._go.set()
        return list(await asyncio.gather(*tasks))


async def test_a_read_ahead_that_failed_is_made_again(night: Night, monkeypatch: pytest.MonkeyPatch):
    one, two, three = await night.issue(await night.offer(), 3)
    verdicts = await Torn(night, monkeypatch).run(night.redeem(one), night.redeem(two), night.redeem(three))
    assert [verdict["verdict"] for verdict in verdicts] == ["accepted"] * 3


async def test_a_guests_limit_when_a_read_ahead_failed(night: Night, monkeypatch: pytest.MonkeyPatch):
    offer, guest = await night.offer(claimable=True, per_guest_limit=1), new_id()
    (code,) = await night.issue(await night.offer(), 1)
    await night.claim(offer.id, guest)
    torn = Torn(night, monkeypatch)
    _, again, other = await torn.run(night.redeem(code), night.claim(offer.id, guest), night.claim(offer.id, new_id()))
    assert (again["reason"], other["verdict"]) == ("guest_limit_reached", "claimed")


async def test_another_node_was_quicker(night: Night, database: Database, beside: Beside):
    first_code, second_code = await night.issue(await night.offer(max_uses=1), 2)
    other = Night(database)
    other.event_id = night.event_id

    async def meanwhile() -> None:
        assert (await other.redeem(second_code))["verdict"] == "accepted"

    beside.meanwhile = meanwhile
    first, second = await beside.run(night.redeem(first_code), night.redeem(second_code))
    assert first["verdict"] == "accepted"
    assert second["reason"] == "already_redeemed"
    assert beside.views_ahead == 0
    assert [entry["seq"] for entry in await night.entries()] == list(range(1, len(await night.entries()) + 1))


async def test_a_batch_that_failed_changed_nothing(night: Night, beside: Beside):
    (code,) = await night.issue(await night.offer(), 1)
    beside.fails = asyncpg.DataError("spoilt")
    first, second = await beside.run(_failure(night.redeem(code)), night.redeem(code))
    assert isinstance(first, asyncpg.DataError)
    assert second["verdict"] == "accepted"
    assert beside.views_ahead == 0


async def _failure(awaitable: Awaitable[Any]) -> Exception | None:
    try:
        await awaitable
    except Exception as error:  # noqa: BLE001  # whichever it is
        return error
    return None
