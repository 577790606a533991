"""Whatever runs in the background ends when its owner does."""

import asyncio

import pytest

from dibs_realtime.kit import tasks
from dibs_realtime.kit.tasks import end


@pytest.mark.parametrize("lost", [0, 1, 3])
async def test_a_loop_that_loses_cancellations_ends_all_the_same(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)
    left = lost

    async def loop() -> None:
        nonlocal left
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:  # as a driver that tells of its broken connection instead
                left -= 1
                if left < 0:
                    raise

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    await end(task, None)
    assert task.cancelled()
    assert left == -1


async def test_it_waits_for_what_a_task_does_at_its_end() -> None:
    done: list[str] = []

    async def careful() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            done.append("tidied")

    async def faulty() -> None:
        raise ValueError("nobody needs to know")

    running = [asyncio.create_task(careful()), asyncio.create_task(faulty())]
    await asyncio.sleep(0)
    await end(*running)
    assert done == ["tidied"]
    await end(*running)
