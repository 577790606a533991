"""What hears of revocations goes on, whatever happens to it."""

import logging

import pytest

from dibs_realtime.kit.redis_channels import Heard, PlainSubscriber
from tests.support.waiting import eventually

from .node import Start


async def test_a_subscription_that_fails_unforeseen_is_begun_anew(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    get, asked = PlainSubscriber.get, 0

    async def faulty(self: PlainSubscriber) -> Heard:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("a bug of somebody's")
        return await get(self)

    monkeypatch.setattr(PlainSubscriber, "get", faulty)
    await start()
    await eventually(lambda: asked > 1, 10)
    assert [(record.levelno, record.message) for record in caplog.records if record.exc_info] == [
        (logging.ERROR, "the subscription to revocations failed")
    ]
