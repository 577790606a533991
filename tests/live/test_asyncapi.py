"""The description of the sockets is whole. (The tests with clients hold every message against its models.)"""

from collections.abc import Iterator
from typing import Any

import pytest

from dibs_realtime.live.asyncapi import document
from dibs_realtime.live.limits import LiveLimits
from dibs_realtime.live.messages import CALLS, PUSHES
from tests.conftest import StartNode


@pytest.fixture
def described() -> dict[str, Any]:
    return document("1.2.3", "https://party.example", LiveLimits())


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "$ref":
                yield part
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_reference_leads_somewhere(described: dict[str, Any]):
    found = set(references(described))
    assert found
    for reference in found:
        place: Any = described
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
            if "$ref" in place:
                break
    assert {f"#/components/schemas/{name}" for name in described["components"]["schemas"]} <= found


def test_every_message_of_the_contract_is_described(described: dict[str, Any]):
    operations = described["operations"]
    assert {name for name, operation in operations.items() if operation["action"] == "receive"} == CALLS.keys()
    assert {name for name, operation in operations.items() if operation["action"] == "send"} == PUSHES.keys()
    assert {"watch", "unwatch", "watch_public", "redeem", "claim"} <= operations.keys()
    assert {"ledger", "head", "counts", "voucher", "scan", "presence", "session_ended"} <= operations.keys()
    for name, call in CALLS.items():
        assert operations[name]["reply"]["messages"] == [
            {"$ref": f"#/channels/socket/messages/{name}_ok"},
            {"$ref": "#/channels/socket/messages/refused"},
        ]
        assert ("security" in operations[name]) == (call.who != "-")


def test_the_server_is_the_public_one(described: dict[str, Any]):
    server = described["servers"]["hub"]
    assert (server["host"], server["protocol"], server["pathname"]) == ("party.example", "wss", "/socket.io/")
    assert document("1", "http://localhost:8080", LiveLimits())["servers"]["hub"]["protocol"] == "ws"
    assert described["info"]["version"] == "1.2.3"


def test_requests_are_strict_and_answers_may_grow(described: dict[str, Any]):
    schemas = described["components"]["schemas"]
    assert schemas["Redeem"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Watching"]
    assert schemas["Watching"]["required"] == ["ok", "epoch", "head_seq", "snapshot", "entries", "resync"]


async def test_the_server_serves_it_with_the_limits_it_has(start_node: StartNode):
    client = await start_node(messages_per_second=7)
    async with client.get("/api/asyncapi.json") as response:
        served = await response.json()
    assert served["asyncapi"] == "3.0.0"
    assert "14 at once and 7 a second after that" in served["servers"]["hub"]["description"]
    assert served["operations"].keys() == CALLS.keys() | PUSHES.keys()
