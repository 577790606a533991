"""Races, many rounds each, on one node and on two nodes that write the same event."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.vouchers.commands import VoidVoucher
from tests.ledger.night import Night

ROUNDS = 8
DOORS = 12


@pytest.fixture(params=[1, 2], ids=["one node", "two nodes"])
async def night(database: Database, request: pytest.FixtureRequest) -> Night:
    return await Night(database, nodes=request.param).begin()


async def settled(night: Night) -> None:
    """Nothing may be left uneven: dense numbers, counters equal to what the tables say."""
    entries = await night.entries()
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    counted = await night.recount()
    for offer in (await night.snapshot())["offers"]:
        real = counted[offer["id"]]
        assert real["uses"] == real["redeemed_units"]
        for name in ("issued", "claimed", "voided", "released", "unclaimed", "places", "redeemed_units"):
            assert offer[name] == real[name], (offer["title"], name)


def verdicts(results: list[dict[str, Any]]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for result in results:
        found[result["reason"]] = found.get(result["reason"], 0) + 1
    return found


async def test_many_doors_one_code(night: Night):
    offer = await night.offer()
    for code in await night.issue(offer, ROUNDS):
        results = await asyncio.gather(*(night.redeem(code) for _ in range(DOORS)))
        assert verdicts(results) == {None: 1, "already_redeemed": DOORS - 1}
        accepted = next(r for r in results if r["reason"] is None)
        previous = {str(r["previous"]["redemption_id"]) for r in results if r["reason"]}
        assert previous == {str(accepted["redemption_id"])}
    await settled(night)


async def test_one_key_from_many_connections(night: Night):
    offer = await night.offer(max_uses=3)
    for code in await night.issue(offer, ROUNDS):
        key = f"key-{new_id()}"
        results = await asyncio.gather(*(night.redeem(code, key) for _ in range(DOORS)))
        assert {str(r["redemption_id"]) for r in results} == {str(results[0]["redemption_id"])}
        assert {r["verdict"] for r in results} == {"accepted"}
        assert sum(not r["replayed"] for r in results) == 1
    assert [e["kind"] for e in await night.entries()].count("voucher.redeemed") == ROUNDS
    await settled(night)


async def test_one_key_for_different_requests_is_refused(night: Night):
    codes = await night.issue(await night.offer(max_uses=5), 2)
    await night.redeem(codes[0], "key-of-the-first-request")
    for other in (
        night.redeem(codes[1], "key-of-the-first-request"),
        night.redeem(codes[0], "key-of-the-first-request", units=2),
    ):
        with pytest.raises(problems.Problem) as caught:
            await other
        assert caught.value.status == 422


async def test_a_cap_holds_against_ten_times_as_many(night: Night):
    for _ in range(ROUNDS // 2):
        offer = await night.offer(claimable=True, quantity=15)
        results = await asyncio.gather(*(night.claim(offer.id, new_id()) for _ in range(150)))
        assert verdicts(results) == {None: 15, "sold_out": 135}
        assert len({r["voucher"]["code"] for r in results if r["voucher"]}) == 15
    await settled(night)


async def test_a_pool_of_issued_codes_goes_first_and_once(night: Night):
    offer = await night.offer(claimable=True, quantity=20)
    pool = await night.issue(offer, 12)
    results = await asyncio.gather(*(night.claim(offer.id, new_id()) for _ in range(60)))
    given = [r["voucher"]["code"] for r in results if r["voucher"]]
    assert verdicts(results) == {None: 20, "sold_out": 40}
    assert len(set(given)) == 20
    assert set(pool) <= set(given)
    await settled(night)


async def test_the_limit_of_a_guest_holds(night: Night):
    offer = await night.offer(claimable=True, per_guest_limit=2)
    for _ in range(ROUNDS):
        guest_id = new_id()
        results = await asyncio.gather(*(night.claim(offer.id, guest_id) for _ in range(10)))
        assert verdicts(results) == {None: 2, "guest_limit_reached": 8}
    await settled(night)


async def test_units_never_exceed_the_uses(night: Night):
    offer = await night.offer(max_uses=10)
    for code in await night.issue(offer, ROUNDS):
        results = await asyncio.gather(*(night.redeem(code, units=3) for _ in range(DOORS)))
        found = verdicts(results)
        assert found[None] == 3
        assert found["insufficient_uses"] == DOORS - 3
        last = await night.redeem(code, units=1)
        assert last["voucher"]["remaining"] == 0
        assert (await night.redeem(code))["reason"] == "already_redeemed"
    await settled(night)


async def test_claim_against_void(night: Night):
    for _ in range(ROUNDS):
        offer = await night.offer(claimable=True, quantity=1)
        await night.issue(offer, 1)
        voucher_id: UUID = await night.database.fetchval(
            "SELECT id FROM vouchers WHERE event_id = $1 AND offer_id = $2", night.event_id, offer.id
        )
        void = VoidVoucher(night.event_id, night.owner, voucher_id, "race")
        claim, voided = await asyncio.gather(night.claim(offer.id, new_id()), night.submit(void))
        assert voided.state == "voided"
        # Whoever came first: the voided voucher is dead, and at most the place that it gave back was used.
        if claim["verdict"] == "claimed" and str(claim["voucher"]["id"]) == str(voucher_id):
            assert voided.guest_id is not None
    await settled(night)


async def test_redeem_against_reversal(night: Night):
    offer = await night.offer()
    for code in await night.issue(offer, ROUNDS):
        first = await night.redeem(code)
        again, taken_back = await asyncio.gather(night.redeem(code), night.reverse(first["redemption_id"]))
        assert taken_back["verdict"] == "reversed"
        assert again["reason"] in (None, "already_redeemed")
        uses = 1 if again["reason"] is None else 0
        stored = await night.database.fetchval(
            "SELECT uses FROM vouchers WHERE event_id = $1 AND code = $2", night.event_id, code
        )
        assert stored == uses
        assert (await night.reverse(first["redemption_id"]))["reason"] == "already_reversed"
    await settled(night)


async def test_a_command_that_fails_spoils_no_neighbour(night: Night):
    offer = await night.offer()
    codes = await night.issue(offer, 20)
    unknown = VoidVoucher(night.event_id, night.owner, new_id(), "none")
    results = await asyncio.gather(
        *(night.redeem(code) for code in codes), *(night.submit(unknown) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(r, dict) and r["reason"] is None for r in results) == 20
    assert sum(isinstance(r, problems.Problem) and r.status == 404 for r in results) == 5
    await settled(night)


async def test_no_node_starves_beside_a_busy_one(database: Database):
    night = await Night(database, nodes=2).begin()
    codes = await night.issue(await night.offer(), 300)
    busy, other = night.ledgers
    done = asyncio.Event()

    async def keep_busy() -> None:
        for code in codes[:260]:
            await asyncio.gather(*(busy.submit(night.redeeming(code)) for _ in range(4)))
        done.set()

    async def beside() -> None:
        for code in codes[260:]:
            verdict = await other.submit(night.redeeming(code))  # raises 503 where it never gets its turn
            assert verdict["verdict"] == "accepted"

    await asyncio.gather(keep_busy(), beside())
    assert done.is_set()
    await settled(night)
