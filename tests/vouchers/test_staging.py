"""Codes on their way in: nobody sees them, nobody trips over them, and what is left of them is cleared away."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.kit import problems
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.paging import page
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.vouchers import exporting, queries
from dibs_realtime.vouchers.commands import PublishBatch, Share
from dibs_realtime.vouchers.issuing import Issuing
from dibs_realtime.vouchers.publishing import Publisher
from dibs_realtime.vouchers.repository import LEFTOVER_AFTER, TURN, Batch, Collision, Picks
from dibs_realtime.vouchers.schemas import IssueRequest, VoucherQuery
from tests.support.waiting import eventually
from tests.vouchers.conftest import Desk


def batch_of(desk: Desk, *, old: bool = False) -> Batch:
    at = utc_now() - LEFTOVER_AFTER - timedelta(seconds=1) if old else utc_now()
    return Batch(desk.night.event_id, new_id(), at, generated=True)


async def staged(desk: Desk, offer_id: UUID, codes: list[str], *, old: bool = False) -> UUID:
    """Write codes as a process does that dies before it publishes them; each has a guest."""
    batch = batch_of(desk, old=old)
    guests: dict[int, Any] = dict.fromkeys(range(len(codes)), ("Ann", "ann@dibs.example"))
    async with desk.staging.staged(batch, Picks(codes, [offer_id] * len(codes), [1] * len(codes), guests)):
        return batch.id


def publishing(desk: Desk, batch_id: UUID, offer_id: UUID, count: int, claimed: int | None = None) -> PublishBatch:
    shares = (Share(offer_id, count, count if claimed is None else claimed),)
    return PublishBatch(desk.night.event_id, desk.night.owner, str(new_id()), batch_id, shares, {}, "")


async def test_nobody_sees_them(desk: Desk) -> None:
    offer = await desk.night.offer(claimable=True)
    batch_id = await staged(desk, offer.id, ["STAGED1", "STAGED2"])
    database, event_id = desk.night.database, desk.night.event_id
    voucher = await database.fetchrow("SELECT id, guest_id FROM vouchers WHERE code = 'STAGED1'")

    async def seen() -> list[bool]:
        listed = await queries.vouchers(database, event_id, VoucherQuery(), None, manager=True)
        named = await queries.vouchers(database, event_id, VoucherQuery(q="ann"), None, manager=True)
        parts = [part async for part in exporting.export(database, event_id)]
        return [
            bool(page(listed, VoucherQuery(), lambda row: row.id).items),
            bool(named),
            await queries.voucher(database, event_id, voucher["id"], manager=True) is not None,
            b"STAGED1" in b"".join(parts),
            await queries.code_of_guest(database, event_id, voucher["guest_id"], voucher["id"]) is not None,
            await queries.code_for_member(database, desk.night.owner.id or event_id, voucher["id"]) is not None,
            await queries.public_voucher(database, "STAGED1") is not None,
            (await desk.night.redeem("STAGED1"))["reason"] != "unknown_code",
        ]

    assert not any(await seen())
    await desk.night.submit(publishing(desk, batch_id, offer.id, 2))
    assert all(await seen())


async def test_who_writes_again_waits_for_others_who_do(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer()
    event_id, database = desk.night.event_id, desk.night.database

    async def write(code: str, *, again: bool) -> None:
        batch = batch_of(desk)
        async with other_desk.staging.staged(batch, Picks([code], [offer.id], [1]), again=again):
            pass

    async with database.transaction() as connection:
        await connection.execute(TURN, event_id)  # as another one does that writes again
        await write("FIRST1", again=False)
        waiting = asyncio.create_task(write("AGAIN1", again=True))
        # Of this database alone: other tests run on the same server.
        await eventually(
            lambda: database.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted)"
            )
        )
        assert not waiting.done()
    await waiting
    assert await desk.staging.taken(event_id, ["FIRST1", "AGAIN1"]) == set()  # nobody published them


async def test_leftovers_are_cleared_away(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer()
    await desk.issue(offer_id=offer.id, count=5)
    old = await staged(desk, offer.id, [f"EARN{n:05}" for n in range(6_000)], old=True)
    await staged(desk, offer.id, ["FRESH1"])
    cleared = await asyncio.gather(*(one.staging.clear_leftovers(utc_now()) for one in (desk, other_desk)))
    assert sum(cleared) >= 1
    assert await desk.staging.clear_leftovers(utc_now()) == 0
    assert await desk.count() == 6
    assert await desk.count("guests") == 1
    assert await desk.count("voucher_batches") == 2
    # Should its process still be there after all, it is told.
    with pytest.raises(problems.Problem) as caught:
        await desk.night.submit(publishing(desk, old, offer.id, 6_000))
    assert caught.value.slug == "batch_cleared"


async def test_who_shows_a_sign_of_life_is_left_alone(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer()
    async with desk.staging.staged(batch_of(desk, old=True), Picks(["BREATH1"], [offer.id], [1])):
        assert await other_desk.staging.clear_leftovers(utc_now()) == 0
    assert await other_desk.staging.clear_leftovers(utc_now()) == 1


async def test_what_a_dead_process_left_is_in_nobodys_way(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer()
    own = [f"RARE{n:04}" for n in range(50)]
    await staged(desk, offer.id, own)
    issued = await other_desk.issue(key="again", offer_id=offer.id, codes=own)
    assert issued.codes == own
    await staged(desk, offer.id, ["THERE1"])
    outcome = await other_desk.bring("code,offer\nthere1,Drink\nrare0001,Drink\n")
    assert (outcome.imported, [fault.reason for fault in outcome.rejected]) == (1, ["duplicate"])
    assert await desk.count() == 51
    assert await desk.count("guests") == 0


@pytest.mark.usefixtures("patiently")
@pytest.mark.parametrize("published", [True, False])
async def test_codes_that_come_in_right_now_are_waited_for(desk: Desk, other_desk: Desk, published: bool) -> None:
    offer = await desk.night.offer()
    batch = batch_of(desk)
    async with desk.staging.staged(batch, Picks(["NEXT1"], [offer.id], [1])):
        late = asyncio.create_task(other_desk.issue(offer_id=offer.id, codes=["NEXT1", "NEXT2"]))
        await asyncio.sleep(0.3)
        assert not late.done()
        if published:
            await desk.night.submit(publishing(desk, batch.id, offer.id, 1, claimed=0))
    if published:
        with pytest.raises(problems.Problem) as caught:
            await late
        assert caught.value.extra["codes"] == ["NEXT1"]
    else:
        assert (await late).codes == ["NEXT1", "NEXT2"]


async def test_a_batch_is_published_or_cleared_away_and_never_both(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer()
    fates = set()
    for number in range(30):
        batch_id = await staged(desk, offer.id, [f"RACE{number:03}{n}" for n in range(3)])

        async def publish(batch_id: UUID = batch_id, number: int = number) -> Any:
            await asyncio.sleep(number % 6 / 2_000)
            return await other_desk.night.submit(publishing(desk, batch_id, offer.id, 3))

        clearing = desk.staging.discard(desk.night.event_id, batch_id)
        results: tuple[Any, Any]
        if number == 0:  # the two plain orders first, then races, which may all end alike on one machine
            results = (await publish(), await clearing)
        elif number == 1:
            cleared = await clearing
            results = ((await asyncio.gather(publish(), return_exceptions=True))[0], cleared)
        else:
            results = await asyncio.gather(publish(), clearing, return_exceptions=True)
        answer, published = results[0], not results[1]
        assert not published or not isinstance(answer, BaseException)
        assert published or (isinstance(answer, problems.Problem) and answer.slug == "batch_cleared")
        fates.add(published)
        left = await desk.night.database.fetchval("SELECT count(*) FROM vouchers WHERE batch_id = $1", batch_id)
        assert left == (3 if published else 0)
    assert await desk.count() == sum(entry["data"]["count"] for entry in await desk.entries())
    assert fates == {True, False}


class _Unsure:
    """A ledger whose answers are lost on the way back: `after` the commit, or before it."""

    def __init__(self, ledger: Ledger, *, after: bool) -> None:
        self.ledger = ledger
        self.after = after

    async def submit(self, command: Any) -> Any:
        if self.after:
            await self.ledger.submit(command)
        raise problems.unavailable()


@pytest.mark.parametrize("committed", [True, False])
async def test_a_lost_answer(desk: Desk, committed: bool) -> None:
    offer = await desk.night.offer()
    ledger: Any = _Unsure(desk.night.ledgers[0], after=committed)
    issuing = Issuing(desk.night.database, Publisher(desk.night.database, ledger, utc_now))
    request = IssueRequest(offer_id=offer.id, codes=["SURE1", "SURE2"])
    if committed:
        issued = await issuing.issue(desk.night.event_id, desk.night.owner, request, "lost")
        assert issued.codes == ["SURE1", "SURE2"]
    else:
        with pytest.raises(problems.Problem, match="breath"):
            await issuing.issue(desk.night.event_id, desk.night.owner, request, "lost")
        assert await desk.count() == 0
    assert (await desk.issue(key="lost", offer_id=offer.id, codes=["SURE1", "SURE2"])).issued == 2
    assert await desk.count() == 2
    assert len(await desk.entries()) == 1


async def test_a_collision_leaves_nothing(desk: Desk) -> None:
    offer = await desk.night.offer()
    await desk.issue(offer_id=offer.id, codes=["HERE1"])
    with pytest.raises(Collision):
        await staged(desk, offer.id, [*(f"NEW{n:05}" for n in range(7_000)), "HERE1"])
    assert await desk.count() == 1
    assert await desk.count("guests") == 0
    assert await desk.count("voucher_batches") == 1
