"""`dibs simulate` as a whole, on a real node."""

import io
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from dibs_realtime.commands.simulate import simulate_command
from dibs_realtime.simulate import run
from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.run import Options, simulate
from dibs_realtime.simulate.screen import clock
from dibs_realtime.simulate.stage import StageError
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE
from tests.support.world import PASSWORD, Party, World


@pytest.fixture(autouse=True)
def until_all_has_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a night last until everybody has come and gone, however slow the machine is."""
    monkeypatch.setattr(run, "clock", lambda console, _: clock(console, PATIENCE))


def options(base_url: str, slug: str, **other: Any) -> Options:
    defaults: dict[str, Any] = {
        "guests": 40, "doors": 3, "rate": 200.0, "seconds": 4.0, "sockets": 10, "seed": 1, "email": None,
        "password": None, "certificate": None,
    }  # fmt: skip
    return Options(base_url=base_url, slug=slug, **{**defaults, **other})


async def told(wanted: Options) -> tuple[bool, str]:
    text = io.StringIO()
    same = await simulate(wanted, Console(file=text, width=120))
    return same, text.getvalue()


async def test_guests_and_doors(base_url: str, party: Party):
    wanted = options(base_url, party.event["slug"], email=party.owner.email, password=PASSWORD)
    same, text = await told(wanted)
    assert same, text
    for part in ("Converged", "redeem over Socket.IO", "claimed", "brought in"):
        assert part in text
    assert "problem" not in text
    snapshot = await party.owner.get(f"{party.path}/snapshot")
    mine = [device for device in snapshot["devices"] if device["label"].startswith("Simulated")]
    assert [device["status"] for device in mine] == ["revoked"] * 3
    for code in party.codes:
        (voucher,) = (await party.owner.get(f"{party.path}/vouchers", q=code))["items"]
        assert voucher["state"] == "issued", "what was there before is left alone"
    sessions = await party.owner.get("/auth/sessions")
    assert len(sessions["items"] if isinstance(sessions, dict) else sessions) == 1, "it signed out"


async def test_guests_alone(base_url: str, party: Party):
    same, text = await told(options(base_url, party.event["slug"], seconds=2.0))
    assert same, text
    assert "Nobody is signed in" in text
    assert "the counts that were told equal the public page's" in text
    assert "redeem" not in text.split("Verdicts")[1]


async def test_guests_who_need_a_code(base_url: str, world: World):
    party = await Party(world).begin()
    await party.owner.patch(party.path, {"guest_access": "access_code", "access_code": "letmein"})
    slug = party.event["slug"]
    with pytest.raises(StageError, match="Guests need a code"):
        await told(options(base_url, slug))
    same, text = await told(options(base_url, slug, email=party.owner.email, password=PASSWORD, seconds=2.0))
    assert same, text
    assert "claimed" in text


async def test_what_cannot_begin(base_url: str, party: Party, world: World):
    draft = await world.event(party.owner, opened=False, slug="a-draft")
    empty = await world.event(party.owner, slug="an-empty-one")
    owner = {"email": party.owner.email, "password": PASSWORD}
    for slug, match in ((draft["slug"], "is a draft"), (empty["slug"], "no offers"), ("nowhere", "no member")):
        with pytest.raises(StageError, match=match):
            await told(options(base_url, slug, **owner))
    with pytest.raises(StageError, match="no open event"):
        await told(options(base_url, "nowhere"))
    with pytest.raises(StageError, match="nothing that guests can claim"):
        await told(options(base_url, empty["slug"]))
    door = await world.member(party.owner, party.id, "viewer")
    with pytest.raises(StageError, match="that takes a manager"):
        await told(options(base_url, party.event["slug"], email=door.email, password=PASSWORD))
    snapshot = await party.owner.get(f"{party.path}/snapshot")
    assert len(snapshot["devices"]) == 1


async def test_an_account_stays_signed_in(account: Account, party: Party):
    first = account._refresh
    await account.token()
    assert account._refresh == first
    await account.token(refused=True)
    renewed = account._refresh
    assert renewed != first
    account._good_until = 0
    await account.token()
    assert account._refresh != renewed
    for session in await account.listed("/auth/sessions"):
        await party.owner.delete(f"/auth/sessions/{session['id']}")
    assert (await account.call("GET", "/users/me"))["email"] == party.owner.email, "it signs in again"


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "SETUP_SECONDS", 0.2)
    url = f"http://127.0.0.1:{free_port()}"
    ended = CliRunner().invoke(simulate_command, ["--event", "x", "--url", url])
    assert ended.exit_code == 1
    assert ended.output == f"Error: {url} does not answer (ClientConnectorError).\n"


def test_an_address_that_is_none():
    for url in ("party.example", "https://party.example/app/", "ftp://party.example"):
        ended = CliRunner().invoke(simulate_command, ["--event", "x", "--url", url])
        assert ended.exit_code == 2
        assert "--url must be an address" in ended.output


async def test_the_demo_keeps_its_account(tmp_path: Path, api: Any):
    from dibs_realtime.simulate.keeping import EMAIL, FILE, demo_account

    first, password = await demo_account(api, tmp_path)
    assert first.email == EMAIL
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    again, same = await demo_account(api, tmp_path)
    assert (again.email, same) == (first.email, password)
    (tmp_path / FILE).unlink()
    other, _ = await demo_account(api, tmp_path)
    assert other.email != EMAIL, "nobody knows the first one's password any more"
    unkept, _ = await demo_account(api, None)
    assert unkept.email not in {EMAIL, other.email}
    back, _ = await demo_account(api, tmp_path)
    assert back.email == other.email
