"""Schemathesis, with all its checks, against a running server: what it finds is a fault.

`SCHEMATHESIS_EXAMPLES=200` looks longer (and `SCHEMATHESIS_SEED=…` elsewhere) than a run of all tests can afford.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.api import scene as scenes
from tests.conftest import StartNode
from tests.support.clock import MovableClock
from tests.support.world import World

CONFIG = Path(__file__).with_name("schemathesis.toml")
PLENTY = 1_000_000


@pytest.mark.timeout(1800)
async def test_it_finds_nothing(start_node: StartNode, clock: MovableClock, tmp_path: Path) -> None:
    node = await start_node(
        login_failures_per_account=PLENTY,
        login_failures_per_address=PLENTY,
        registrations_per_address=PLENTY,
        pairing_failures_per_address=PLENTY,
        guest_burst=PLENTY,
        lookups_per_address=PLENTY,
    )
    scene = await scenes.begin(World(node, clock))
    environment = {
        **os.environ,
        **{name.upper(): value for name, value in scene.ids.items()},
        "USER_TOKEN": str(scene.owner.token),
        "DEVICE_TOKEN": str(scene.party.device.token),
        "GUEST_TOKEN": str(scene.party.guest.token),
        "LOGOUT_TOKEN": str(scene.callers["door"].token),
        "END_SESSION_TOKEN": str(scene.callers["viewer"].token),
    }
    program = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *("--config-file", CONFIG, "run", str(node.make_url("/api/openapi.json"))),
        *("--max-examples", os.environ.get("SCHEMATHESIS_EXAMPLES", "8"), "--continue-on-failure", "--no-color"),
        *("--seed", os.environ.get("SCHEMATHESIS_SEED", "4711")),
        env=environment,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await program.communicate()
    assert program.returncode == 0, said.decode()
