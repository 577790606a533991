"""`dibs import`, while a node serves the same event."""

import asyncio
import csv
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs_realtime.commands import import_codes
from dibs_realtime.vouchers import codes
from tests.support.sockets import Observer
from tests.support.world import Party
from tests.vouchers import fifty_thousand

Dibs = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def dibs(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dibs:
    """Run `dibs import …` beside this test's loop; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": database_url, "REDIS_URL": "unix:///nowhere", "SECRET_KEY": "x" * 40,
        "PUBLIC_URL": "https://party.example",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"DIBS_{name}", value)

    async def run(*arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, import_codes.import_command, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return run


async def test_a_file_comes_in_while_the_event_is_watched(dibs: Dibs, party: Party, tmp_path: Path) -> None:
    made = codes.generate_many(3_000)
    bad = b"no!,Drink\n[red]X1,Drink\n\xff,Drink\n"
    good = "".join(f"{code},Drink\n" for code in made).encode()
    (tmp_path / "codes.csv").write_bytes(b"code,offer\n" + bad + good + made[0].encode() + b",Drink\n")
    async with Observer(party.world.client, str(party.owner.token), party.id) as observer:
        before = observer.seq
        code, output = await dibs("--event", party.event["slug"], "--rejected", "left.csv", "codes.csv")
        assert code == 0, output
        await observer.reaches(before + 1)
        assert observer.entries[-1]["kind"] == "vouchers.issued"
        assert observer.entries[-1]["actor"] == {"type": "system", "id": None, "label": "Party Dibs"}
    assert "3,000 codes imported, 4 lines refused." in output
    lines = [line.split() for line in output.splitlines()]
    assert any({"2", "no!", "bad_code"} <= set(line) for line in lines)
    assert any({"3", "[red]X1", "bad_code"} <= set(line) for line in lines)
    assert any({"4", "bad_encoding"} <= set(line) for line in lines)
    assert any({"3005", made[0], "duplicate"} <= set(line) for line in lines)
    left = (tmp_path / "left.csv").read_text().splitlines()
    assert left == ["line,code,reason", "2,no!,bad_code", "3,[red]X1,bad_code", "4,,bad_encoding",
                    f"3005,{made[0]},duplicate"]  # fmt: skip
    claimed = await party.guest.claim(party.offer["id"])
    assert claimed["voucher"]["code"] == made[0]
    assert (await party.device.redeem(made[0]))["verdict"] == "accepted"


async def test_fifty_thousand_codes_and_a_door(dibs: Dibs, party: Party, tmp_path: Path) -> None:
    made, bad, file = fifty_thousand.build()
    for title in fifty_thousand.TITLES:
        offer = await party.world.offer(party.owner, party.id, title=title, max_uses=2)
    await party.owner.post(f"{party.path}/vouchers", {"offer_id": offer["id"], "codes": ["TAKEN0001", "TAKEN0002"]})
    (tmp_path / "codes.csv").write_bytes(file)
    code, output = await dibs("--event", party.event["slug"], "--rejected", "left.csv", "codes.csv")
    assert code == 0, output
    assert "49,980 codes imported, 20 lines refused." in output
    with (tmp_path / "left.csv").open(newline="") as left:
        named = {int(row["line"]): (row["code"] or None, row["reason"]) for row in csv.DictReader(left)}
    assert named == {line: (code or None, reason) for line, (code, reason) in bad.items()}
    printed = [set(line.split()) for line in output.splitlines()]
    for line, (_, reason) in bad.items():
        assert any({str(line), reason} <= words for words in printed)
    assert (await party.device.redeem(made[1]))["verdict"] == "accepted"


async def test_a_long_list_is_cut(dibs: Dibs, party: Party, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_codes, "MOST_SHOWN", 2)
    (tmp_path / "codes.csv").write_text("code,offer\n" + "no!,Drink\n" * 5)
    code, output = await dibs("--event", party.event["slug"], "codes.csv")
    assert code == 0
    assert "3 more" in output
    assert output.count("bad_code") == 2


async def test_what_cannot_be_imported(dibs: Dibs, party: Party, tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("code,colour\n")
    code, output = await dibs("--event", "no-such-party", "codes.csv")
    assert (code, output) == (1, "Error: No event has the address no-such-party.\n")
    code, output = await dibs("--event", party.event["slug"], "codes.csv")
    assert code == 1
    assert "offer is not there" in output
    assert (await dibs("--event", party.event["slug"], "none.csv"))[0] == 2
    (tmp_path / "large.csv").write_bytes(b" " * 20_000_001)
    code, output = await dibs("--event", party.event["slug"], "large.csv")
    assert code == 1
    assert "20 MB" in output
