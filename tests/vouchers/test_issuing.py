"""Issuing: all or none, once per key, whatever else happens at the same time."""

import asyncio
from typing import Any

import pytest

from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.problems import Problem
from dibs_realtime.ledger.command import Command
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.commands import PublishBatch
from tests.support.world import Party
from tests.vouchers.conftest import Desk


async def refused(desk: Desk, **fields: object) -> Problem:
    with pytest.raises(Problem) as caught:
        await desk.issue(**fields)  # type: ignore[arg-type]
    return caught.value


async def test_generated_codes(desk: Desk) -> None:
    offer = await desk.night.offer(max_uses=3)
    issued = await desk.issue(offer_id=offer.id, count=1_000)
    assert issued.issued == 1_000
    assert issued.codes == await desk.codes()
    [entry] = await desk.entries()
    assert (entry["seq"], entry["offer_id"]) == (issued.seq, str(offer.id))
    assert entry["data"] == {
        "count": 1_000,
        "batch_id": str(issued.batch_id),
        "counts": {"issued": 1_000, "places": 1_000, "unclaimed": 1_000},
    }
    assert issued.codes is not None
    verdict = await desk.night.redeem(issued.codes[7])
    assert (verdict["verdict"], verdict["voucher"]["max_uses"]) == ("accepted", 3)


async def test_more_codes_than_an_answer_holds(desk: Desk) -> None:
    offer = await desk.night.offer()
    issued = await desk.issue(offer_id=offer.id, count=12_345)
    assert (issued.issued, issued.codes) == (12_345, None)
    assert len(set(await desk.codes())) == 12_345
    assert len(await desk.entries()) == 1


async def test_own_codes_in_their_order(desk: Desk) -> None:
    offer = await desk.night.offer()
    issued = await desk.issue(offer_id=offer.id, codes=["summer-01", "SUMMER o2", "a-b-c-d"])
    assert issued.codes == ["SUMMER01", "SUMMER02", "ABCD"]
    assert (await desk.night.redeem("abcd"))["verdict"] == "accepted"


async def test_alike_codes_are_named(desk: Desk) -> None:
    offer = await desk.night.offer()
    await desk.issue(offer_id=offer.id, codes=["TAKEN1"])
    problem = await refused(desk, offer_id=offer.id, codes=["taken-i", "FRESH", "fre sh", "OTHER"])
    assert (problem.status, problem.slug) == (409, "codes_taken")
    assert problem.extra == {"codes": ["taken-i", "fre sh"], "count": 2}
    problem = await refused(desk, offer_id=offer.id, codes=["FRESH", "takenl"])
    assert problem.extra == {"codes": ["takenl"], "count": 1}
    assert await desk.count() == 1
    assert await desk.count("voucher_batches") == 1


async def test_many_alike_codes_name_the_first_hundred(desk: Desk) -> None:
    offer = await desk.night.offer()
    own = [f"CODE{n:04}" for n in range(300)]
    await desk.issue(offer_id=offer.id, codes=own)
    problem = await refused(desk, offer_id=offer.id, codes=own)
    assert problem.extra == {"codes": own[:100], "count": 300}


async def test_bad_codes_are_pointed_at(desk: Desk) -> None:
    offer = await desk.night.offer()
    problem = await refused(desk, offer_id=offer.id, codes=["GOOD", "no!", "GOOD", "x"])
    assert problem.status == 422
    assert [error["loc"] for error in problem.errors] == [["body", "codes", 1], ["body", "codes", 3]]


async def test_quantity_is_kept(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer(quantity=10)
    await desk.issue(offer_id=offer.id, count=6)
    problem = await refused(desk, offer_id=offer.id, count=5)
    assert (problem.status, problem.slug, problem.extra["free"]) == (409, "over_quantity", 4)
    attempts = [one.issue(offer_id=offer.id, count=3) for one in (desk, other_desk) for _ in range(4)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(not isinstance(result, Problem) for result in results) == 1
    assert {result.slug for result in results if isinstance(result, Problem)} == {"over_quantity"}
    # What was written for the others is gone.
    assert await desk.count() == 9
    assert await desk.count("voucher_batches") == 2


async def test_a_foreign_offer(desk: Desk) -> None:
    problem = await refused(desk, offer_id=new_id(), count=1)
    assert problem.status == 422
    assert problem.errors[0]["loc"] == ["body", "offer_id"]


@pytest.mark.parametrize("own", [False, True])
async def test_a_key_answers_once(desk: Desk, other_desk: Desk, own: bool) -> None:
    offer = await desk.night.offer(quantity=100)
    wanted = {"codes": codes.generate_many(60)} if own else {"count": 60}
    first = await desk.issue(key="once", offer_id=offer.id, **wanted)
    again = await other_desk.issue(key="once", offer_id=offer.id, **wanted)
    assert again == first
    with pytest.raises(Problem) as caught:
        await desk.issue(key="once", offer_id=offer.id, count=3)
    assert (caught.value.status, caught.value.errors[0]["loc"]) == (422, ["header", "Idempotency-Key"])
    assert await desk.count() == 60


@pytest.mark.usefixtures("patiently")
@pytest.mark.parametrize("own", [False, True])
async def test_a_key_sent_many_times_at_once(desk: Desk, other_desk: Desk, own: bool) -> None:
    offer = await desk.night.offer()
    wanted = {"codes": codes.generate_many(2_000)} if own else {"count": 2_000}
    attempts = [one.issue(key="once", offer_id=offer.id, **wanted) for one in (desk, other_desk) for _ in range(3)]
    answers = await asyncio.gather(*attempts)
    assert len({answer.batch_id for answer in answers}) == 1
    assert await desk.count() == 2_000
    assert await desk.count("voucher_batches") == 1
    assert len(await desk.entries()) == 1


@pytest.mark.usefixtures("patiently")
async def test_the_same_own_codes_from_many(desk: Desk, other_desk: Desk) -> None:
    offer = await desk.night.offer()
    for number in range(5):
        own = [f"ROUND{number}{n:05}" for n in range(1_500)]
        # Another order, so that two of them may wait for each other.
        attempts = [
            one.issue(offer_id=offer.id, codes=written) for one in (desk, other_desk) for written in (own, own[::-1])
        ]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        problems = [result for result in results if isinstance(result, BaseException)]
        assert [getattr(problem, "slug", problem) for problem in problems] == ["codes_taken"] * 3
        assert await desk.count() == 1_500 * (number + 1)
        assert await desk.count("voucher_batches") == number + 1


async def test_a_door_does_not_wait_for_a_bulk(desk: Desk) -> None:
    offer = await desk.night.offer()
    issued = await desk.issue(offer_id=offer.id, count=200)
    assert issued.codes is not None
    bulk = asyncio.create_task(desk.issue(offer_id=offer.id, count=100_000))
    during = 0
    for code in issued.codes:
        assert (await desk.night.redeem(code))["verdict"] == "accepted"
        during += not bulk.done()
    await bulk
    # The bulk is one entry among the doors'.
    assert during > 20
    kinds = [entry["kind"] for entry in await desk.night.entries(issued.seq)]
    assert kinds.count("vouchers.issued") == 1
    assert kinds.count("voucher.redeemed") == 200


async def test_many_small_lots_leave_connections_for_others(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds one until it is on the ledger, however long that takes."""
    submit, go = Ledger.submit, asyncio.Event()

    async def held(ledger: Ledger, command: Command[Any]) -> Any:
        if isinstance(command, PublishBatch):
            await go.wait()
        return await submit(ledger, command)

    monkeypatch.setattr(Ledger, "submit", held)
    wanted = {"offer_id": party.ticket["id"], "count": 1}
    lots = [asyncio.create_task(party.owner.ask("POST", f"{party.path}/vouchers", wanted)) for _ in range(20)]
    for _ in range(5):
        assert (await party.owner.ask("GET", f"{party.path}/snapshot")).status == 200
    go.set()
    assert {lot.status for lot in await asyncio.gather(*lots)} == {201}
