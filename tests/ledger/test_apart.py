"""A batch that the database refuses: the culprit gets the error, its neighbours their results, and few pay for it."""

import asyncio
from typing import Any

import pytest

from dibs_realtime.events.commands import UpdateEvent
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.problems import Problem
from dibs_realtime.ledger import writer
from tests.ledger.night import Night


async def test_an_address_that_another_event_has(database: Database, monkeypatch: pytest.MonkeyPatch):
    night, other = await Night(database).begin(), await Night(database).begin()
    codes = await night.issue(await night.offer(), 20)
    taken = UpdateEvent(night.event_id, night.owner, {"slug": f"night-{other.event_id.hex}"}, None)
    tickets = []
    write = writer.write

    async def counted_write(connection: Any, view: Any, lines: Any) -> bool:
        tickets.append(len(lines))
        return await write(connection, view, lines)

    monkeypatch.setattr(writer, "write", counted_write)
    problem, *verdicts = await asyncio.gather(
        night.submit(taken), *(night.redeem(code) for code in codes), return_exceptions=True
    )
    assert isinstance(problem, Problem)
    assert (problem.status, problem.slug) == (409, "slug_taken")
    assert [verdict["verdict"] for verdict in verdicts] == ["accepted"] * 20
    assert tickets == [21, 20, 1]  # all together, the neighbours, the culprit
