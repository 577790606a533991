"""A door's upload: what the server puts off goes again, with the same keys, until it is answered or patience ends."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from dibs_realtime.simulate.doors import Door
from dibs_realtime.simulate.problems import UnreachableError
from dibs_realtime.simulate.rest import Api
from dibs_realtime.simulate.tickets import Ticket

from .test_rest import server

Judge = Callable[[int, dict[str, Any]], dict[str, Any]]
ACCEPTED = {"verdict": "accepted", "reason": None, "conflict_id": None, "replayed": False}
AWAY = {"problem": {"status": 503, "detail": "away"}}


class Uploads:
    """A server that answers batches: `judge(how many came before, item)`."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.batches: list[list[str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/batch"):
            raise web.HTTPNotFound
        items = (await request.json())["items"]
        results = [self.judge(len(self.batches), item) for item in items]
        self.batches.append([item["idempotency_key"] for item in items])
        return web.json_response({"results": results})


async def came_back(api: Api, scans: int) -> list[dict[str, Any]]:
    """Judge alone, have the network again, and return the verdicts."""
    paired = {"device_token": "t", "event": {"id": "e"}, "device": {"id": "d", "label": "Left", "gate_id": None}}
    door = Door(api, paired, random.Random(1))
    await door.go_quiet({})
    for number in range(scans):
        await door.redeem(Ticket(f"CODE{number}", {}), f"CODE{number}", key=f"key-{number}")
    assert door.has_to_upload
    try:
        return await door.come_back()
    finally:
        await door.close()


async def test_what_is_put_off_goes_again_in_order_with_the_same_keys():
    odd = {"key-1", "key-3"}
    uploads = Uploads(lambda before, item: AWAY if not before and item["idempotency_key"] in odd else ACCEPTED)
    async with server(uploads.answer) as api:
        assert await came_back(api, 5) == [ACCEPTED] * 5
        assert uploads.batches == [[f"key-{n}" for n in range(5)], ["key-1", "key-3"]]
        assert not api.figures.problems
        assert api.figures.retries["items of an upload"] == 1


async def test_an_item_that_is_wrong_stops_no_other_and_is_told():
    wrong = {"problem": {"status": 422, "detail": "no"}}
    uploads = Uploads(lambda _, item: wrong if item["idempotency_key"] == "key-1" else ACCEPTED)
    async with server(uploads.answer) as api:
        assert await came_back(api, 3) == [ACCEPTED] * 2
        assert len(uploads.batches) == 1
        assert dict(api.figures.problems) == {"an item of an upload: 422": 1}


async def test_patience_ends_and_nothing_is_lost():
    uploads = Uploads(lambda *_: AWAY)
    async with server(uploads.answer, patience=0.3) as api:
        with pytest.raises(UnreachableError, match="2 scans could not be brought in"):
            await came_back(api, 2)


async def test_a_long_outbox_goes_in_parts():
    uploads = Uploads(lambda *_: ACCEPTED)
    async with server(uploads.answer) as api:
        assert len(await came_back(api, 501)) == 501
    assert [len(batch) for batch in uploads.batches] == [500, 1]
