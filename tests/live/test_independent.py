"""A client that we did not write finds everything as the contract has it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from .independent import IndependentClient
from .load import busy
from .node import Node, Start
from .party import Party, new_key


@pytest.fixture
async def theirs() -> AsyncIterator[IndependentClient]:
    async with IndependentClient() as client:
        yield client


async def test_a_night_in_small(theirs: IndependentClient, node: Node, party: Party):
    door, _ = await party.device()
    guest = await party.guest()
    for name, token in (("owner", party.owner), ("door", door), ("guest", guest), ("page", None)):
        connected = await theirs.connect(node.url, token, name)
        assert (connected["got"], connected["transport"], connected["compressed"]) == ("connected", "websocket", False)
    ack = await theirs.call("watch", {"event_id": party.id}, "owner")
    assert ack["snapshot"]["seq"] == ack["head_seq"]
    assert (await theirs.expect("presence", "owner"))["devices"][0]["label"] == "North"
    assert (await theirs.call("watch_public", {"slug": party.slug}, "page"))["ok"]
    claimed = await theirs.call("claim", {"offer_id": party.offer["id"], "idempotency_key": new_key()}, "guest")
    code = claimed["claim"]["voucher"]["code"]
    redeem = {"event_id": party.id, "code": code, "idempotency_key": new_key()}
    assert (await theirs.call("redeem", redeem, "door"))["verdict"]["verdict"] == "accepted"
    assert (await theirs.expect("ledger", "owner"))["from_seq"] == ack["head_seq"] + 1
    assert (await theirs.expect("voucher", "guest"))["code"] == code
    assert (await theirs.expect("counts", "page"))["slug"] == party.slug
    assert (await theirs.expect("head", "owner"))["epoch"] == ack["epoch"]
    await node.ask("POST", "/auth/logout", party.owner, status=204)
    assert await theirs.expect("session_ended", "owner") == {"reason": "signed_out"}
    # Told by the server: the library does not try again by itself.
    assert await theirs.disconnected("owner") == "io server disconnect"


async def test_a_bad_token(theirs: IndependentClient, node: Node):
    refused = await theirs.connect(node.url, "nonsense")
    assert (refused["got"], refused["data"]["status"]) == ("refused", 401)


async def test_entries_follow_the_answer_without_a_gap(theirs: IndependentClient, node: Node, party: Party):
    seq, epoch = None, None
    async with busy(party, [node], guests=6):
        for number in range(12):
            socket = f"socket {number}"
            await theirs.connect(node.url, party.owner, socket)
            resume = {"epoch": epoch, "after_seq": seq} if number % 2 else {}
            ack = await theirs.call("watch", {"event_id": party.id, **resume}, socket)
            epoch, seq = ack["epoch"], ack["head_seq"]
            await theirs.wait(lambda line, goal=(socket, seq + 5): is_frame(line, *goal))
            for line in theirs.said:
                if is_frame(line, socket):
                    assert line["data"]["from_seq"] == seq + 1
                    seq = line["data"]["to_seq"]
            if number % 3 == 0:
                theirs.break_off(socket)
                assert await theirs.disconnected(socket) == "transport close"


def is_frame(line: dict[str, Any], socket: str, beyond: int = 0) -> bool:
    return line.get("event") == "ledger" and line["socket"] == socket and line["data"]["to_seq"] > beyond


async def test_a_node_that_stops_is_a_lost_connection(theirs: IndependentClient, start: Start):
    """So the library comes back by itself."""
    node = await start()
    await theirs.connect(node.url)
    await node.close()
    assert await theirs.disconnected() == "transport close"
