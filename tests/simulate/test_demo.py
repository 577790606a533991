"""The demo night, and that a simulation survives a server that falls over."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dibs_realtime.simulate import demo_night
from dibs_realtime.simulate.demo import run
from dibs_realtime.simulate.figures import Figures
from dibs_realtime.simulate.keeping import FILE, demo_account
from dibs_realtime.simulate.party import DOORS, NAME, OFFERS
from dibs_realtime.simulate.rest import Api, connected
from tests.local.running import environment, kill, up, wait_until
from tests.support.world import PASSWORD

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
    assert {device["label"] for device in snapshot["devices"]} == set(DOORS)
    said = capsys.readouterr().out
    assert "demo@dibs.example" in said
    assert f"{api.base_url}/e/midsummer-night" in said
    assert "30 codes imported from a CSV file" in said
    assert "problem" not in said

    before = redeemed(snapshot)
    again, later = await lived(api, tmp_path, lambda now: redeemed(now) > before + 5)
    assert [event["id"] for event in again] == [event["id"] for event in events]
    assert [device["id"] for device in later["devices"]] == [device["id"] for device in snapshot["devices"]]
    assert len(later["offers"]) == len(OFFERS)


async def test_a_night_that_is_over_is_followed_by_another(api: Api, tmp_path: Path):
    events, _ = await lived(api, tmp_path, lambda _: True)
    account, _ = await demo_account(api, tmp_path)
    await account.call("POST", f"/events/{events[0]['id']}/close")
    again, snapshot = await lived(api, tmp_path, lambda _: True)
    assert len(again) == 2
    assert snapshot["event"]["slug"] != events[0]["slug"]


def test_up_with_the_demo(tmp_path: Path):
    with up(tmp_path, "--demo") as running:
        running.wait_for("is on.")
        running.wait_for("codes imported")
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 20
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
            time.sleep(6)
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
    async with connected(url, Figures(), patience=10) as api:
        account = Account(api, "olga@dibs.example", PASSWORD)
        await account.register("Olga")
        path = f"/events/{(await account.call('POST', '/events', event))['id']}"
        await account.call("POST", f"{path}/offers", {"title": "Drink", "claimable": True, "quantity": 60})
        await account.call("POST", f"{path}/offers", {"title": "Ticket", "claimable": False, "max_uses": 2})
        await account.call("POST", f"{path}/open")
