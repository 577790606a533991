"""The door's book: sealed after issuing, downloaded in chunks, kept current by burns."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from dibs_realtime.doors.book import queries
from dibs_realtime.doors.book.model import ITERATIONS, NAME_BYTES, Content, cut, derive, seal
from dibs_realtime.doors.book.sealer import Stretcher
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from tests.conftest import StartNode
from tests.doors.book import RECORD, Book, current, download, head
from tests.doors.vectors import record
from tests.support.sockets import Socket
from tests.support.world import Party

VECTORS = Path(__file__).parents[1] / "vectors" / "door_book.json"


@pytest.fixture
def in_earnest(start_node: StartNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes stretch codes as far as anywhere else than in tests, and where they do it there."""
    del start_node  # which spares its nodes that
    monkeypatch.setattr("dibs_realtime.doors.book.repository.ITERATIONS", ITERATIONS)
    monkeypatch.setattr("dibs_realtime.doors.book.sealer.Stretcher", Stretcher)


@pytest.mark.usefixtures("in_earnest")
async def test_a_code_opens_its_voucher_and_nothing_else(party: Party):
    book = await current(party.device)
    for number, code in enumerate(party.codes):
        found = book.find(code)
        assert found is not None
        assert (found["ordinal"], found["max_uses"], found["name"]) == (number, 1, "")
        assert found["offer"] == party.ticket["id"].replace("-", "")[16:]
    assert book.find("7777777777") is None
    assert book.header["vouchers"] == 2
    assert book.header["iterations"] == ITERATIONS


async def test_nothing_readable_and_no_quicker_oracle_is_in_it(party: Party):
    guest = await party.world.guest((await named(party))["slug"], name="Rūta Nerija")
    code = (await guest.claim(party.offer["id"]))["voucher"]["code"]
    book = await current(party.device)
    found = book.find(code)
    assert found is not None
    assert found["name"] == "Rūta Nerija"
    for secret in (code.encode(), "Rūta".encode(), b"Nerija"):
        assert secret not in book.raw
    salt = bytes.fromhex(book.header["salt"])
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        for text in (code.encode(), salt + code.encode(), code.encode() + salt):
            assert hashlib.new(name, text).digest()[:8] not in book.raw


async def test_a_claim_brings_the_voucher_again_with_its_guest(party: Party):
    await named(party)
    [code] = await party.world.codes(party.owner, party.id, party.offer["id"], 1)
    book = await current(party.device)
    before = book.find(code)
    assert before is not None
    assert (before["name"], before["flags"]) == ("", 0)
    guest = await party.world.guest(party.event["slug"], name="Ona")
    assert (await guest.claim(party.offer["id"]))["voucher"]["code"] == code
    after = (await current(party.device, book)).find(code)
    assert after is not None
    assert after == {**before, "name": "Ona", "flags": 1}
    assert book.header["vouchers"] == 3


async def test_it_comes_in_chunks_that_can_be_resumed(party: Party, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queries, "_CHUNK", queries._CHUNK.replace(f"LIMIT {queries.CHUNK}", "LIMIT 4"))
    codes = await party.world.codes(party.owner, party.id, party.ticket["id"], 10)
    whole = await current(party.device)
    assert sorted(whole.records) == list(range(12))
    path = f"{party.path}/door-snapshot?chunk="
    first = await party.device.ask("GET", f"{path}0")
    again = await party.device.ask("GET", f"{path}0", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.raw, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    part = Book()
    part.take(first.raw)
    resumed = await download(party.device, part)
    assert resumed.chunks == 3
    assert all(resumed.find(code) for code in codes)


async def test_a_chunk_of_another_history_is_another_one(database: Database, party: Party):
    await current(party.device)
    path = f"{party.path}/door-snapshot?chunk=0"
    known = (await party.device.ask("GET", path)).headers["ETag"]
    await database.execute("UPDATE ledger_heads SET epoch = gen_random_uuid() WHERE event_id = $1", party.id)
    assert (await party.device.ask("GET", path, headers={"If-None-Match": known})).status == 200


async def test_states_are_told_whole_and_since_an_entry(party: Party):
    book = await current(party.device)
    path = f"{party.path}/door-snapshot/state"
    assert await party.device.get(path) == {
        "epoch": book.header["epoch"], "seq": await head(party.device), "whole": True, "burns": [],
    }  # fmt: skip
    since = await head(party.device)
    await party.device.redeem(party.codes[1])
    voucher = (await party.owner.get(f"{party.path}/vouchers", q=party.codes[0]))["items"][0]
    await party.owner.post(f"{party.path}/vouchers/{voucher['id']}/void", {"reason": "torn"})
    changed = await party.device.get(path, after_seq=since)
    assert (changed["whole"], sorted(changed["burns"])) == (False, [[0, 0, 2], [1, 1, 0]])
    assert sorted((await party.device.get(path))["burns"]) == [[0, 0, 2], [1, 1, 0]]
    assert (await party.device.get(path, after_seq=changed["seq"]))["burns"] == []
    assert (await party.device.get(path, after_seq=10**9))["whole"]


async def test_a_redemption_anywhere_burns_it_at_every_door(party: Party, second_node: Any):
    await current(party.device)
    other = await party.world.device(party.owner, party.id, "Phone 2")
    async with Socket(party.world.client, party.device.token) as here, Socket(second_node, other.token) as there:
        for socket in (here, there):
            assert (await socket.call("watch", {"event_id": party.id}))["ok"]
        verdict = await party.device.redeem(party.codes[1])
        for socket in (here, there):
            burn = await socket.next("burn")
            assert (burn["event_id"], burn["burns"]) == (party.id, [[1, 1, 0]])
            assert burn["seq"] >= verdict["seq"] == burn["through"]


async def test_organizers_get_no_burns_and_no_book(party: Party):
    await current(party.device)
    async with Socket(party.world.client, party.owner.token) as socket:
        assert (await socket.call("watch", {"event_id": party.id}))["ok"]
        await party.device.redeem(party.codes[0])
        await socket.next("ledger")
        await party.owner.patch(party.path, {"name": "Later"})
        await socket.until(lambda: len(socket.named("ledger")) >= 2)
        assert socket.named("burn") == []
    await party.owner.refused(403, "GET", f"{party.path}/door-snapshot")


async def test_a_revoked_device_gets_nothing_more(party: Party):
    await party.owner.delete(f"{party.path}/devices/{party.device.id}")
    await party.device.refused(401, "GET", f"{party.path}/door-snapshot")
    await party.device.refused(401, "GET", f"{party.path}/door-snapshot/state")


async def test_an_event_without_a_door_has_no_book(database: Database, party: Party):
    event = await party.world.event(party.owner)
    offer = await party.world.offer(party.owner, event["id"], claimable=False)
    [code] = await party.world.codes(party.owner, event["id"], offer["id"], 1)
    assert await database.fetchval("SELECT count(*) FROM door_books WHERE event_id = $1", event["id"]) == 0
    device = await party.world.device(party.owner, event["id"])  # and from the first one on it has
    assert (await current(device)).find(code) is not None


def test_a_record_has_one_length_and_hides_the_names():
    derived = derive("7KQ4MX2P9T", b"salt", 10)
    records = [seal(derived, 7, Content(new_id(), 1, name).packed()) for name in (None, "A", "Ž" * 80)]
    assert {len(record) for record in records} == {RECORD}
    assert len({record[12:24] for record in records}) == 3  # never one nonce for two contents


def test_names_are_cut_between_characters():
    assert cut("Ž" * 80).decode() == "Ž" * (NAME_BYTES // 2)
    assert cut("a" + "Ž" * 80).decode() == "a" + "Ž" * 11
    assert cut("👩‍👩‍👧‍👦" * 3).decode()  # whatever is left is text


def test_a_hundred_thousand_vouchers_stay_below_eight_megabytes():
    assert 100_000 * (RECORD + 3) + 100_000 // queries.CHUNK * 1_000 < 8_000_000


async def named(party: Party) -> Any:
    """Let guests give their names."""
    return await party.owner.patch(party.path, {"guest_name": "optional"})


@pytest.mark.parametrize("name", ["", "x" * 40, "Ona Ąžuolaitė"])
def test_the_same_content_makes_the_same_record(name: str):
    derived, content = derive("7KQ4MX2P9T", b"salt", 10), Content(new_id(), 3, name).packed()
    assert seal(derived, 1, content) == seal(derived, 1, content) != seal(derived, 2, content)


def test_the_recorded_chunk_is_what_is_sealed():
    text = json.dumps(record(), indent=1, ensure_ascii=True) + "\n"
    if os.environ.get("DIBS_RECORD_VECTORS"):  # `make vectors`
        VECTORS.write_text(text, "utf-8")
    assert VECTORS.read_text("utf-8") == text, "run `make vectors`"
