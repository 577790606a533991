"""Vouchers over REST: who sees what, lists, voiding, export, pictures, a voucher's page."""

import csv
import io
import struct
from typing import Any

import pytest
import segno
from aiohttp import ClientPayloadError

from dibs_realtime.kit import problems
from dibs_realtime.kit.ids import new_id
from dibs_realtime.vouchers import exporting, qr, queries
from tests.conftest import StartNode
from tests.support.rest import Answer, Rest
from tests.support.world import Organizer, Party, World, fresh_key

CSV = {"Content-Type": "text/csv"}
HEADING = "code,offer,max_uses,guest_name,guest_email\n"


async def bring(caller: Rest, party: Party, text: str | bytes, **headers: str) -> Answer:
    return await caller.ask("POST", f"{party.path}/vouchers/import", data=text, headers={**CSV, **headers})


@pytest.fixture
async def viewer(party: Party) -> Organizer:
    return await party.world.member(party.owner, party.id, "viewer")


async def test_issue(party: Party) -> None:
    path, offer_id = f"{party.path}/vouchers", party.offer["id"]
    headers = {"Idempotency-Key": "first!"}
    issued = await party.owner.ask("POST", path, {"offer_id": offer_id, "count": 3}, headers=headers)
    again = await party.owner.ask("POST", path, {"offer_id": offer_id, "count": 3}, headers=headers)
    assert (issued.status, again.body) == (201, issued.body)
    other = await party.owner.refused(422, "POST", path, {"offer_id": offer_id, "count": 4}, headers=headers)
    assert other["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    await party.owner.refused(422, "POST", path, {"offer_id": offer_id, "count": 4}, headers={"Idempotency-Key": "a b"})
    problem = await party.owner.refused(409, "POST", path, {"offer_id": offer_id, "codes": ["one1", "ONEI", "two2"]})
    assert (problem["type"], problem["codes"]) == ("urn:dibs:problem:codes_taken", ["ONEI"])


async def test_a_hundred_thousand_own_codes_fit(party: Party) -> None:
    own = [f"PARTY-{n:06}" for n in range(100_000)]
    body = {"offer_id": party.offer["id"], "codes": own}
    issued = await party.owner.post(f"{party.path}/vouchers", body)
    assert (issued["issued"], issued["codes"]) == (100_000, None)
    await party.owner.refused(422, "POST", f"{party.path}/vouchers", {**body, "codes": [*own, "ONEMORE"]})
    await party.owner.refused(413, "POST", f"{party.path}/vouchers", {**body, "codes": ["A" * 90] * 70_000})


async def test_import(party: Party) -> None:
    text = f"{HEADING}SUMMER1,Drink,2,Ann Lee,ann@dibs.example\nsummer1,Drink,,,\nno!,Drink,,,\n"
    answer = await bring(party.owner, party, text, **{"Idempotency-Key": "import"})
    assert answer.expect(200)["rejected"] == [
        {"line": 3, "code": "summer1", "reason": "duplicate"},
        {"line": 4, "code": "no!", "reason": "bad_code"},
    ]
    assert (await bring(party.owner, party, text, **{"Idempotency-Key": "import"})).body == answer.body
    assert (await party.device.redeem("summer1"))["voucher"]["guest_name"] == "Ann Lee"
    wrong = (await bring(party.owner, party, "code,offre\nAAAA,Drink\n")).expect(422)
    assert "offer" in wrong["detail"]
    (await bring(party.owner, party, "")).expect(422)
    (await bring(party.owner, party, text, **{"Content-Type": "application/json"})).expect(415)


async def test_a_file_of_twenty_megabytes_and_one_byte(party: Party) -> None:
    line = b"AAAA,Drink" + b" " * 989 + b"\n"
    raw = HEADING.encode() + line * 19_999
    raw += b"\n" * (20_000_000 - len(raw))
    fits = (await bring(party.owner, party, raw)).expect(200)
    assert (fits["imported"], len(fits["rejected"])) == (1, 19_998)
    (await bring(party.owner, party, raw + b"\n")).expect(413)


async def test_a_list_is_of_the_newest_first_and_whole(party: Party) -> None:
    made = await party.world.codes(party.owner, party.id, party.offer["id"], 7)
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await party.owner.get(f"{party.path}/vouchers", limit=4, cursor=cursor)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [voucher["code"] for voucher in found] == [*reversed(made), *reversed(party.codes)]
    one = await party.owner.get(f"{party.path}/vouchers/{found[0]['id']}")
    assert one == found[0]
    assert (one["state"], one["offer_title"], one["uses"], one["remaining"]) == ("issued", "Drink", 0, 1)


async def test_filters(party: Party) -> None:
    entry = await party.world.offer(party.owner, party.id, title="Entry", claimable=False)
    rows = "AAAA1111,Entry,1,Ann Lee,ann@dibs.example\nAAAA2222,Entry,1,100% Bob_,\nBBBB3333,Entry,1,,\n"
    (await bring(party.owner, party, HEADING + rows)).expect(200)
    await party.device.redeem("aaaa-2222")

    async def codes(**query: Any) -> list[str]:
        page = await party.owner.get(f"{party.path}/vouchers", **query)
        return [voucher["code"] for voucher in page["items"]]

    assert await codes(offer_id=entry["id"]) == ["BBBB3333", "AAAA2222", "AAAA1111"]
    assert await codes(offer_id=new_id()) == []
    assert await codes(state="claimed") == ["AAAA1111"]
    assert await codes(state="redeemed") == ["AAAA2222"]
    assert await codes(offer_id=entry["id"], state="issued") == ["BBBB3333"]
    assert await codes(q="aa-aa") == ["AAAA2222", "AAAA1111"]
    assert await codes(q="bbbb 3333") == ["BBBB3333"]
    assert await codes(q="HTTPS://PARTY.EXAMPLE/V/BBBB3333") == ["BBBB3333"]
    assert await codes(q="nn%20LE") == ["AAAA1111"]
    assert await codes(q="100%25") == ["AAAA2222"]
    assert await codes(q="b_") == ["AAAA2222"]
    assert await codes(q="_e") == []
    assert await codes(q="ann@") == []
    assert await codes(q="aaaa", state="redeemed") == ["AAAA2222"]
    await party.owner.refused(422, "GET", f"{party.path}/vouchers?state=lost")
    await party.owner.refused(422, "GET", f"{party.path}/vouchers?cursor=nonsense")


async def test_a_search_that_finds_many(party: Party) -> None:
    rows = "".join(f"MANY{n:05},Drink,1,Guest {n},\n" for n in range(2_500))
    (await bring(party.owner, party, HEADING + rows)).expect(200)
    for query in ("guest", "many"):
        first = await party.owner.get(f"{party.path}/vouchers", q=query, limit=200)
        second = await party.owner.get(f"{party.path}/vouchers", q=query, limit=200, cursor=first["next_cursor"])
        found = [voucher["code"] for voucher in first["items"] + second["items"]]
        assert found == [f"MANY{n:05}" for n in reversed(range(2_100, 2_500))]


async def test_what_a_viewer_sees(party: Party, viewer: Organizer) -> None:
    (await bring(party.owner, party, f"{HEADING}SECRET99,Drink,1,Ann Lee,ann@dibs.example\n")).expect(200)
    shown = (await viewer.get(f"{party.path}/vouchers", limit=1))["items"][0]
    assert (shown["code"], shown["guest_name"], shown["guest_email"]) == ("…99", None, None)
    assert await viewer.get(f"{party.path}/vouchers/{shown['id']}") == shown
    assert (await viewer.get(f"{party.path}/vouchers", q="ann"))["items"] == []
    assert (await viewer.get(f"{party.path}/vouchers", q="secret9"))["items"] == []
    assert (await viewer.get(f"{party.path}/vouchers", q="secret-99"))["items"] == [shown]
    whole = await party.owner.get(f"{party.path}/vouchers/{shown['id']}")
    assert (whole["code"], whole["guest_name"], whole["guest_email"]) == ("SECRET99", "Ann Lee", "ann@dibs.example")


async def test_void(party: Party) -> None:
    voucher = (await party.owner.get(f"{party.path}/vouchers", limit=1))["items"][0]
    path = f"{party.path}/vouchers/{voucher['id']}/void"
    headers = {"Idempotency-Key": fresh_key()}
    for _ in range(2):
        answer = await party.owner.post(path, {"reason": "lost"}, headers=headers)
        assert (answer["state"], answer["remaining"], answer["code"]) == ("voided", 0, voucher["code"])
    assert (await party.owner.post(path, {"reason": "again"}))["state"] == "voided"
    await party.owner.refused(422, "POST", path, {"reason": "other"}, headers=headers)
    assert (await party.device.redeem(voucher["code"]))["reason"] == "voided"
    entries = (await party.owner.get(f"{party.path}/ledger", after_seq=0))["entries"]
    assert [entry["kind"] for entry in entries].count("voucher.voided") == 1
    await party.owner.refused(404, "POST", f"{party.path}/vouchers/{new_id()}/void", {"reason": "lost"})
    claimed = (await party.guest.claim(party.offer["id"]))["voucher"]
    await party.guest.post(f"/guest/vouchers/{claimed['id']}/release")
    await party.owner.refused(409, "POST", f"{party.path}/vouchers/{claimed['id']}/void", {"reason": "lost"})


async def test_a_dry_run_of_an_import_tells_all_and_changes_nothing(party: Party) -> None:
    text = f"{HEADING}SUMMER1,Drink,2,Ann Lee,ann@dibs.example\nsummer1,Drink,,,\n{party.codes[0]},Drink,,,\n"
    snapshot = await party.owner.get(f"{party.path}/snapshot")
    path, key = f"{party.path}/vouchers/import", {**CSV, "Idempotency-Key": "one-import"}
    tried = await party.owner.ask("POST", f"{path}?dry_run=true", data=text, headers=key)
    expected = [
        {"line": 3, "code": "summer1", "reason": "duplicate"},
        {"line": 4, "code": party.codes[0], "reason": "duplicate"},
    ]
    assert tried.expect(200) == {"imported": 1, "seq": None, "rejected": expected}
    assert await party.owner.get(f"{party.path}/snapshot") == snapshot
    heading = await party.owner.ask("POST", f"{path}?dry_run=true", data="name\nAnn\n", headers=CSV)
    assert heading.status == 422
    # The key of a dry run is still free for the import itself.
    done = (await party.owner.ask("POST", path, data=text, headers=key)).expect(200)
    assert (done["imported"], done["rejected"]) == (1, expected)
    assert done["seq"] == snapshot["seq"] + 1


async def test_export(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 3)
    rows = 'CHAR1,Drink,2,"=cmd|x; =1",+a@dibs.example\nCHAR2,Drink,,"Ann, ""the"" Lee",\n'
    (await bring(party.owner, party, HEADING + rows)).expect(200)
    await party.device.redeem("char1")
    answer = await party.owner.ask("GET", f"{party.path}/vouchers/export?format=csv")
    answer.expect(200)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="vouchers-{party.event["slug"]}.csv"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.raw.startswith(b"\xef\xbb\xbfcode,")
    table = list(csv.reader(io.StringIO(answer.raw.decode("utf-8-sig"), newline="")))
    assert tuple(table[0]) == exporting.COLUMNS
    assert [row[0] for row in table[1:]] == [*party.codes, "CHAR1", "CHAR2"]
    assert table[3][1:7] == ["Drink", "claimed", "1", "2", "'=cmd|x; '=1", "'+a@dibs.example"]
    assert table[4][1:7] == ["Drink", "claimed", "0", "1", 'Ann, "the" Lee', ""]
    assert table[4][7].endswith("Z")
    await party.owner.refused(422, "GET", f"{party.path}/vouchers/export?format=xlsx")
    head = await party.owner.ask("HEAD", f"{party.path}/vouchers/export")
    assert (head.status, head.raw) == (200, b"")


async def test_export_of_what_was_issued_together(party: Party) -> None:
    body = {"offer_id": party.offer["id"], "count": 2}
    issued = await party.owner.post(f"{party.path}/vouchers", body)
    await party.owner.post(f"{party.path}/vouchers", body)
    answer = await party.owner.ask("GET", f"{party.path}/vouchers/export?batch_id={issued['batch_id']}")
    table = list(csv.reader(io.StringIO(answer.raw.decode("utf-8-sig"), newline="")))
    assert sorted(row[0] for row in table[1:]) == sorted(issued["codes"])
    await party.owner.refused(422, "GET", f"{party.path}/vouchers/export?batch_id=all")


async def test_an_export_that_breaks_off_does_not_look_whole(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 1)
    real, pages = queries.export_page, 0

    async def only_one(*arguments: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages > 1:
            raise problems.unavailable()
        return await real(*arguments)

    monkeypatch.setattr(queries, "export_page", only_one)
    with pytest.raises(ClientPayloadError):
        await party.owner.ask("GET", f"{party.path}/vouchers/export")


@pytest.mark.parametrize("kind", ["svg", "png"])
async def test_pictures(party: Party, viewer: Organizer, kind: str) -> None:
    claimed = (await party.guest.claim(party.offer["id"]))["voucher"]
    path = f"/vouchers/{claimed['id']}/qr.{kind}"
    answers = [await caller.ask("GET", path) for caller in (party.guest, party.owner)]
    assert answers[0].expect(200) is None
    assert answers[0].raw == answers[1].raw
    assert answers[0].headers["Cache-Control"] == "private, no-store"
    content = f"HTTPS://PARTY.EXAMPLE/V/{claimed['code']}"
    if kind == "svg":
        assert answers[0].headers["Content-Type"] == "image/svg+xml"
        assert answers[0].raw == qr.svg(content)
    else:
        width, height = struct.unpack(">II", answers[0].raw[16:24])
        assert (answers[0].headers["Content-Type"], width, height) == ("image/png", 33 * 12, 33 * 12)
    await party.device.refused(403, "GET", path)
    await viewer.refused(403, "GET", path)
    await (await party.world.organizer()).refused(404, "GET", path)
    await (await party.world.guest(party.event["slug"])).refused(404, "GET", path)
    await party.world.nobody.refused(401, "GET", path)
    await party.owner.refused(404, "GET", f"/vouchers/{new_id()}/qr.{kind}")


@pytest.mark.parametrize(
    ("public_url", "version"), [("https://party.example", 2), ("https://vouchers.my-festival.example:8443", 3)]
)
def test_a_symbol_stays_small(public_url: str, version: int) -> None:
    symbol = segno.make_qr(qr.address(public_url, "7KQ4MX2P9T"), error="m", boost_error=False)
    assert (symbol.version, symbol.error, symbol.mode) == (version, "M", "alphanumeric")


async def test_a_vouchers_page(world: World, party: Party) -> None:
    code = party.codes[0]
    shown = await world.nobody.get(f"/public/vouchers/{code[:5].lower()}-{code[5:]}")
    assert (shown["event"]["slug"], shown["offer"]["title"]) == (party.event["slug"], party.ticket["title"])
    assert shown["state"] == "issued"
    (await bring(party.owner, party, f"{HEADING}OWNCODE1,Drink,1,Ann,\n")).expect(200)
    await world.nobody.refused(404, "GET", "/public/vouchers/OWNCODE1")
    await world.nobody.refused(404, "GET", "/public/vouchers/no!code")
    draft = await world.event(party.owner, opened=False)
    offer = await world.offer(party.owner, draft["id"])
    [hidden] = await world.codes(party.owner, draft["id"], offer["id"])
    await world.nobody.refused(404, "GET", f"/public/vouchers/{hidden}")


async def test_who_guesses_codes_is_slowed_down(start_node: StartNode) -> None:
    world = World(await start_node(lookups_per_address=5))
    party = await Party(world).begin()
    for _ in range(20):
        await world.nobody.get(f"/public/vouchers/{party.codes[0]}")
    for _ in range(5):
        await world.nobody.refused(404, "GET", "/public/vouchers/0000000000")
    await world.nobody.refused(429, "GET", f"/public/vouchers/{party.codes[0]}")


async def test_what_goes_wrong_here_is_no_guess_of_theirs(
    start_node: StartNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(await start_node(lookups_per_address=2))
    party = await Party(world).begin()
    page = f"/public/vouchers/{party.codes[0]}"

    async def away(*_given: object) -> None:
        raise problems.unavailable("The database is away.")

    with monkeypatch.context() as outage:
        outage.setattr(queries, "public_voucher", away)
        for _ in range(5):
            await world.nobody.refused(503, "GET", page)
    await world.nobody.get(page)
