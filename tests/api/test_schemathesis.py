"""Schemathesis, with all its checks, against a running server: what it finds is a fault."""

import asyncio
import os
import sys
from pathlib import Path

from tests.api import scene as scenes
from tests.conftest import StartNode
from tests.support.clock import MovableClock
from tests.support.world import World

PLENTY = 1_000_000
CONFIG = Path(__file__).with_name("schemathesis.toml")


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
        "USER_TOKEN": scene.owner.token,
        "DEVICE_TOKEN": scene.party.device.token,
        "GUEST_TOKEN": scene.party.guest.token,
    }
    program = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "--config-file",
        CONFIG,
        "run",
        str(node.make_url("/api/openapi.json")),
        *("--max-examples", os.environ.get("EXAMPLES", "10"), "--no-color", *os.environ.get("ST","").split()),
        env=environment,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await program.communicate()
    Path("/tmp/st.out").write_bytes(said)
    assert program.returncode == 0, said.decode()
