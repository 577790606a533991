"""Importing files: all good rows land, each bad one is named."""

import asyncio
from collections import Counter

import pytest

from dibs_realtime.kit.problems import Problem
from dibs_realtime.vouchers import codes, sheet
from dibs_realtime.vouchers.importing import Importing, Outcome, Stage
from dibs_realtime.vouchers.sorting import Fault
from tests.vouchers import fifty_thousand
from tests.vouchers.conftest import Desk

HEADING = "code,offer,max_uses,guest_name,guest_email\n"


def named(outcome: Outcome) -> list[tuple[int, str | None, str]]:
    return [(fault.line, fault.code, fault.reason) for fault in outcome.rejected]


async def figures(desk: Desk) -> dict[str, tuple[int, int, int, int]]:
    """Return each offer's issued, claimed, unclaimed and places; they must be what the tables say."""
    shown = (await desk.night.snapshot())["offers"]
    counted = await desk.night.recount()
    names = ("issued", "claimed", "unclaimed", "places")
    for offer in shown:
        assert {name: offer[name] for name in names} == {name: counted[offer["id"]][name] for name in names}
    return {offer["title"]: tuple(offer[name] for name in names) for offer in shown}


async def test_fifty_thousand_rows_with_twenty_bad_ones(desk: Desk) -> None:
    await desk.night.offer(title="Free drink", max_uses=2)
    await desk.night.offer(title="Entry", quantity=20_000)
    await desk.issue(offer_id=(await desk.night.offer(title="Old")).id, codes=["TAKEN0001", "TAKEN0002"])
    made, bad, file = fifty_thousand.build()
    outcome = await desk.bring(file)
    assert named(outcome) == [(line, code, reason) for line, (code, reason) in bad.items()]
    assert outcome.imported == 49_980
    assert await figures(desk) == {
        "Free drink": (39_984, 19_992, 19_992, 39_984),
        "Entry": (9_996, 4_998, 4_998, 9_996),
        "Old": (2, 0, 2, 2),
    }
    entries = (await desk.entries())[1:]
    assert [entry["data"]["count"] for entry in entries] == [9_996, 39_984]
    assert outcome.seq == entries[-1]["seq"]
    assert len({entry["data"]["batch_id"] for entry in entries}) == 1
    verdict = await desk.night.redeem(made[1])
    assert (verdict["verdict"], verdict["voucher"]["max_uses"], verdict["voucher"]["guest_name"]) == (
        "accepted",
        2,
        "Guest 1",
    )


async def test_the_quantity_of_each_offer(desk: Desk) -> None:
    await desk.night.offer(title="Two", quantity=2)
    await desk.night.offer(title="Any")
    text = "code,offer\nAAAA,Two\nBBBB,Any\nCCCC,Two\nDDDD,Two\nDDDD,Any\nEEEE,Two\n"
    outcome = await desk.bring(text)
    assert outcome.imported == 4
    assert named(outcome) == [(5, "DDDD", "over_quantity"), (7, "EEEE", "over_quantity")]
    assert await desk.codes() == ["AAAA", "BBBB", "CCCC", "DDDD"]
    again = await desk.bring(text)
    assert (again.imported, again.seq) == (0, None)
    assert [fault.reason for fault in again.rejected] == [*["duplicate"] * 5, "over_quantity"]


async def test_one_who_gets_a_code_is_a_guest_of_their_own(desk: Desk) -> None:
    offer = await desk.night.offer(title="Drink", per_guest_limit=1)
    rows = "AAAA,Drink,,Ann,ANN@Dibs.Example\nBBBB,Drink,,Ann,\nCCCC,Drink,,,ann@dibs.example\nDDDD,Drink,,,\n"
    outcome = await desk.bring(HEADING + rows)
    assert outcome.imported == 4
    found = await desk.night.database.fetch(
        """SELECT v.code, v.state, v.poolable, v.generated, v.max_uses, g.name, g.email
             FROM vouchers v LEFT JOIN guests g ON g.event_id = v.event_id AND g.id = v.guest_id ORDER BY v.id"""
    )
    assert [tuple(row) for row in found] == [
        ("AAAA", "claimed", False, False, 1, "Ann", "ANN@dibs.example"),
        ("BBBB", "claimed", False, False, 1, "Ann", None),
        ("CCCC", "claimed", False, False, 1, None, "ann@dibs.example"),
        ("DDDD", "issued", True, False, 1, None, None),
    ]
    assert await desk.count("guests") == 3
    [entry] = await desk.entries()
    assert entry["data"]["counts"] == {"issued": 4, "places": 4, "claimed": 3, "unclaimed": 1}
    assert entry["offer_id"] == str(offer.id)


@pytest.mark.parametrize("text", ["", "code,offers\nAAAA,Drink\n", "AAAA,Drink\n", "code,offer,code\n"])
async def test_a_wrong_heading(desk: Desk, text: str) -> None:
    with pytest.raises(Problem) as caught:
        await desk.bring(text)
    assert caught.value.status == 422


async def test_too_many_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS", 3)
    await desk.night.offer(title="Drink")
    rows = "code,offer\nAAAA,Drink\nno!,Drink\n\nBBBB,Drink\n"
    with pytest.raises(Problem) as caught:
        await desk.bring(rows + "CCCC,Drink\n")
    assert caught.value.status == 413
    assert (await desk.bring(rows)).imported == 2


async def test_a_heading_alone(desk: Desk) -> None:
    assert await desk.bring("code,offer\n") == Outcome(0, None, [])
    assert await desk.entries() == []


async def test_a_key_answers_once(desk: Desk, other_desk: Desk) -> None:
    await desk.night.offer(title="Drink", quantity=3)
    text = "code,offer\nAAAA,Drink\naaaa,Drink\nb!,Drink\nBBBB,Drink\nCCCC,Drink\nDDDD,Drink\n\xff,Drink"
    raw = text.encode("latin-1")
    first = await desk.bring(raw, "once")
    assert named(first) == [
        (3, "aaaa", "duplicate"),
        (4, "b!", "bad_code"),
        (7, "DDDD", "over_quantity"),
        (8, None, "bad_encoding"),
    ]
    assert await other_desk.bring(raw, "once") == first
    assert await other_desk.bring(raw) != first
    with pytest.raises(Problem) as caught:
        await desk.bring(raw + b"\n", "once")
    assert (caught.value.status, caught.value.errors[0]["loc"]) == (422, ["header", "Idempotency-Key"])
    with pytest.raises(Problem) as caught:
        await desk.issue(key="once", offer_id=(await desk.night.offer()).id, count=1)
    assert caught.value.status == 422
    kept = await desk.night.database.fetchval("SELECT answer::text FROM verdicts WHERE key = 'once'")
    assert "aaaa" not in kept.lower()
    assert "b!" not in kept


async def test_a_key_whose_rows_were_all_bad(desk: Desk) -> None:
    offer = await desk.night.offer(title="Drink", quantity=0)
    first = await desk.bring("code,offer\nAAAA,Drink\n", "none")
    assert first == Outcome(0, None, [Fault(0, 2, "AAAA", "over_quantity")])
    other = await desk.night.offer(title="Other")
    assert await desk.bring("code,offer\nAAAA,Drink\n", "none") == first
    assert (await desk.bring(f"code,offer\nAAAA,{other.id}\n")).imported == 1
    assert {entry["offer_id"] for entry in await desk.entries()} == {str(other.id)} != {str(offer.id)}


@pytest.mark.usefixtures("patiently")
async def test_the_same_file_from_many_at_once(desk: Desk, other_desk: Desk) -> None:
    await desk.night.offer(title="Drink")
    made = codes.generate_many(1_500)
    files = ["code,offer\n" + "".join(f"{code},Drink\n" for code in order) for order in (made, made[::-1])]
    attempts = [one.bring(file) for one in (desk, other_desk) for file in files]
    outcomes = await asyncio.gather(*attempts)
    assert sorted(outcome.imported for outcome in outcomes) == [0, 0, 0, 1_500]
    reasons = Counter(fault.reason for outcome in outcomes for fault in outcome.rejected)
    assert reasons == {"duplicate": 4_500}
    assert await desk.count() == 1_500
    assert await desk.count("voucher_batches") == 1


@pytest.mark.usefixtures("patiently")
async def test_the_same_file_and_key_from_many_at_once(desk: Desk, other_desk: Desk) -> None:
    await desk.night.offer(title="Drink")
    file = "code,offer\nbad!,Drink\n" + "".join(f"{code},Drink\n" for code in codes.generate_many(1_500))
    outcomes = await asyncio.gather(*(one.bring(file, "same") for one in (desk, other_desk) for _ in range(3)))
    assert [outcome == outcomes[0] for outcome in outcomes] == [True] * 6
    assert (outcomes[0].imported, named(outcomes[0])) == (1_500, [(2, "bad!", "bad_code")])
    assert await desk.count() == 1_500


@pytest.mark.usefixtures("patiently")
async def test_two_files_want_the_last_places(desk: Desk, other_desk: Desk) -> None:
    await desk.night.offer(title="Drink", quantity=1_000)
    files = ["code,offer\n" + "".join(f"{code},Drink\n" for code in codes.generate_many(700)) for _ in range(4)]
    outcomes = await asyncio.gather(*(one.bring(file) for one, file in zip([desk, other_desk] * 2, files, strict=True)))
    assert sum(outcome.imported for outcome in outcomes) == 1_000
    assert await desk.count() == 1_000
    await figures(desk)


async def test_progress_is_told(desk: Desk) -> None:
    await desk.night.offer(title="Drink")
    told: list[tuple[Stage, int, int | None]] = []
    raw = ("code,offer\nbad!,Drink\n" + "".join(f"{code},Drink\n" for code in codes.generate_many(6_000))).encode()
    importing: Importing = desk.importing
    await importing.bring(
        desk.night.event_id, desk.night.owner, raw, None, lambda stage, done, total: told.append((stage, done, total))
    )
    assert told[-1] == ("writing", 6_000, 6_000)
    assert ("reading", 6_001, 6_001) in told
    assert [step[:2] for step in told] == sorted(step[:2] for step in told)
