"""The demo night, and that a simulation survives a server that falls over."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import segno
from rich.console import Console

from dibs_realtime.kit.tasks import end
from dibs_realtime.local.servers import LocalServers
from dibs_realtime.simulate import demo_night, party as simulated, welcome as welcoming
from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.demo import run
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.keeping import FILE, demo_account
from dibs_realtime.simulate.party import DOOR_FOR_YOU, DOORS, NAME, OFFERS
from dibs_realtime.simulate.rest import Api, connected
from dibs_realtime.simulate.welcome import Welcome, symbol
from tests.local.running import SECONDS, environment, kill, up, wait_until
from tests.support.waiting import PATIENCE, eventually
from tests.support.world import PASSWORD, Party

SIMULATE = "from dibs_realtime.commands.simulate import simulate_command; simulate_command()"


Enough = Callable[[dict[str, Any]], object]


def redeemed(snapshot: dict[str, Any]) -> int:
    return sum(gate["redeemed_units"] for gate in snapshot["gates"])


def claimed(snapshot: dict[str, Any]) -> int:
    return sum(offer["claimed"] for offer in snapshot["offers"] if offer["claimable"])


async def lived(api: Api, folder: Path, enough: Enough) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run the demo until enough has happened in its newest event; return its events and that one's snapshot."""
    night = asyncio.create_task(run(api.base_url, data_dir=folder, seed=1))
    try:
        async with asyncio.timeout(120):
            while not (folder / FILE).exists():  # noqa: ASYNC110  # a file tells nobody that it is there
                await asyncio.sleep(0.05)
            account, _ = await demo_account(api, folder)
            while True:
                assert not night.done()
                events = await account.listed("/events")
                if events:
                    snapshot = await account.call("GET", f"/events/{events[0]['id']}/snapshot")
                    if snapshot["event"]["status"] == "open" and enough(snapshot):
                        return events, snapshot
                await asyncio.sleep(0.2)
    finally:
        night.cancel()
        await asyncio.gather(night, return_exceptions=True)


async def test_it_seeds_a_party_and_goes_on_with_it(api: Api, tmp_path: Path, monkeypatch: Any, capsys: Any):
    monkeypatch.setattr(demo_night, "LIVELY_SECONDS", 6.0)
    monkeypatch.setattr(demo_night, "LINGER", 0.05)
    events, snapshot = await lived(api, tmp_path, lambda now: redeemed(now) > 5 and claimed(now) > 0)
    assert [event["name"] for event in events] == [NAME]
    assert {offer["title"] for offer in snapshot["offers"]} == set(OFFERS)
    assert {device["label"] for device in snapshot["devices"]} == {*DOORS, DOOR_FOR_YOU}
    said = capsys.readouterr().out
    assert "demo@dibs.example" in said
    assert "https://party.example/e/midsummer-night" in said  # the address that people know, not ours
    assert re.search(r"https://party\.example/door/#[0-9A-Z]{8}\b", said)
    assert said.count("█▀▀▀▀▀█") == 3 * 3  # a QR code has three corners
    assert "30 codes imported from a CSV file" in said
    assert "problem" not in said

    before = redeemed(snapshot)
    again, later = await lived(api, tmp_path, lambda now: redeemed(now) > before + 5)
    assert [event["id"] for event in again] == [event["id"] for event in events]
    assert [device["id"] for device in later["devices"]] == [device["id"] for device in snapshot["devices"]]
    assert len(later["offers"]) == len(OFFERS)


async def test_the_doors_link_works_until_somebody_takes_it(account: Account, party: Party, capsys: Any):
    night = simulated.Party(party.event, {simulated.GATE_FOR_YOU: party.gate})
    welcome, again = (Welcome(account, night, Console(width=200)) for _ in range(2))
    await welcome.tell("secret")
    (first,) = re.findall(r"/door/#(\w+)", capsys.readouterr().out)
    await again.tell("secret")
    (second,) = re.findall(r"/door/#(\w+)", capsys.readouterr().out)
    assert first != second
    paired = await party.world.paired(second)
    await again.tell("secret")
    devices = await party.owner.get(f"{party.path}/devices")
    mine = [device for device in devices["items"] if device["label"] == simulated.DOOR_FOR_YOU]
    assert [(device["id"] == paired.id, device["status"]) for device in mine] == [(True, "paired"), (False, "new")]


async def test_the_doors_link_is_renewed_before_it_ends(
    account: Account, party: Party, capsys: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(welcoming, "RETRY", 0.01)
    monkeypatch.setattr(welcoming, "EARLY", 3600.0)  # any link is about to end
    welcome = Welcome(account, simulated.Party(party.event, {simulated.GATE_FOR_YOU: party.gate}), Console(width=200))
    await welcome.tell("secret")
    said = capsys.readouterr().out
    keeping = asyncio.create_task(welcome.keep())
    async with asyncio.timeout(PATIENCE):
        while "a new one" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
    await end(keeping)
    first, second = re.findall(r"/door/#(\w+)", said)[:2]
    assert first != second

    await welcome.tell("secret")
    await party.world.paired(re.findall(r"/door/#(\w+)", capsys.readouterr().out)[-1])
    await welcome.keep()  # somebody has it: nothing to renew
    assert "/door/" not in capsys.readouterr().out


def test_a_terminals_qr_code_has_the_modules_of_the_symbol():
    content = "http://localhost:8080/door/#7APPNYC2"
    pixels = {" ": "00", "▀": "10", "▄": "01", "█": "11"}
    shown = [[pixels[half][part] for half in line] for line in symbol(content).plain.split("\n") for part in (0, 1)]
    modules = [[str(int(dark)) for dark in row] for row in segno.make_qr(content, error="l").matrix_iter(border=2)]
    assert shown[: len(modules)] == modules


async def test_a_night_that_is_over_is_followed_by_another(api: Api, tmp_path: Path):
    events, _ = await lived(api, tmp_path, lambda _: True)
    account, _ = await demo_account(api, tmp_path)
    await account.call("POST", f"/events/{events[0]['id']}/close")
    again, snapshot = await lived(api, tmp_path, lambda _: True)
    assert len(again) == 2
    assert snapshot["event"]["slug"] != events[0]["slug"]


def test_up_with_the_demo(tmp_path: Path):
    with up(tmp_path, "--demo", "--workers", "2") as running:
        running.wait_for("is on.")
        running.wait_for("codes imported")
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < SECONDS / 2
        assert "Traceback" not in running.said


def test_a_server_that_is_killed_meanwhile(tmp_path: Path):
    with up(tmp_path) as running:
        url = f"http://127.0.0.1:{running.port}"
        asyncio.run(seed(url))
        output = (tmp_path / "simulated").open("w+b")
        simulated = subprocess.Popen(
            [
                *(sys.executable, "-c", SIMULATE, "--event", "harbour-night", "--url", url),
                *("--guests", "150", "--seconds", "15", "--rate", "60", "--seed", "1"),
            ],
            env=environment(simulate_email="olga@dibs.example", simulate_password=PASSWORD),
            stdout=output,
            stderr=output,
        )
        try:
            asyncio.run(under_way(LocalServers(running.data).database_url))
            kill(running.called("python")[:1])
            wait_until(lambda: simulated.poll() is not None)
        finally:
            simulated.kill()
            simulated.wait()
        output.seek(0)
        said = output.read().decode()
        output.close()
        assert simulated.returncode == 0, said
        assert "Converged" in said
        assert "sent again" in said
        assert "problem" not in said


async def under_way(database_url: str) -> None:
    """Wait until guests have claimed and doors have redeemed."""
    connection = await asyncpg.connect(database_url)
    both = "SELECT count(DISTINCT kind) = 2 FROM ledger WHERE kind IN ('voucher.claimed', 'voucher.redeemed')"
    await eventually(lambda: connection.fetchval(both), SECONDS)
    await connection.close()


async def seed(url: str) -> None:
    """Make an open event over REST."""
    from datetime import UTC, datetime, timedelta

    from dibs_realtime.simulate.account import Account

    now = datetime.now(UTC)
    event = {
        "name": "Harbour Night",
        "slug": "harbour-night",
        "timezone": "Europe/Vilnius",
        "starts_at": now.isoformat(),
        "ends_at": (now + timedelta(hours=8)).isoformat(),
    }
    async with connected(url, Figures(), patience=PATIENCE) as api:
        account = Account(api, "olga@dibs.example", PASSWORD)
        await account.register("Olga")
        path = f"/events/{(await account.call('POST', '/events', event))['id']}"
        await account.call("POST", f"{path}/offers", {"title": "Drink", "claimable": True, "quantity": 60})
        await account.call("POST", f"{path}/offers", {"title": "Ticket", "claimable": False, "max_uses": 2})
        await account.call("POST", f"{path}/open")
