"""An event driven without HTTP, and the use cases on it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.vouchers.importing import Importing, Outcome
from dibs_realtime.vouchers.issuing import Issuing
from dibs_realtime.vouchers.publishing import Publisher
from dibs_realtime.vouchers.repository import StagingRepository
from dibs_realtime.vouchers.schemas import Issued, IssueRequest
from tests.ledger.night import Night
from tests.support.waiting import PATIENCE


@dataclass
class Desk:
    """One node's use cases on the night's event."""

    night: Night
    publisher: Publisher
    issuing: Issuing
    importing: Importing

    @property
    def staging(self) -> StagingRepository:
        return self.publisher.staging

    async def issue(self, *, key: str | None = None, **fields: object) -> Issued:
        request = IssueRequest.model_validate(fields)
        return await self.issuing.issue(self.night.event_id, self.night.owner, request, key)

    async def bring(self, text: str | bytes, key: str | None = None) -> Outcome:
        raw = text.encode() if isinstance(text, str) else text
        return await self.importing.bring(self.night.event_id, self.night.owner, raw, key)

    async def count(self, table: str = "vouchers") -> int:
        """Return how many rows there are, visible or not."""
        found: int = await self.night.database.fetchval(
            f"SELECT count(*) FROM {table} WHERE event_id = $1", self.night.event_id
        )
        return found

    async def codes(self) -> list[str]:
        rows = await self.night.database.fetch(
            "SELECT code FROM vouchers WHERE event_id = $1 ORDER BY id", self.night.event_id
        )
        return [row["code"] for row in rows]

    async def entries(self) -> list[dict[str, Any]]:
        """Return the entries that issued something."""
        return [entry for entry in await self.night.entries() if entry["kind"] == "vouchers.issued"]


@pytest.fixture
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who brings in the same codes as somebody else wait for as long as a busy machine takes."""
    monkeypatch.setattr("dibs_realtime.kit.database.STATEMENT_SECONDS", 2 * PATIENCE)  # of pools that open from now on
    monkeypatch.setattr("dibs_realtime.vouchers.repository.WAIT", timedelta(seconds=PATIENCE))


def desk_of(night: Night, node: int = 0) -> Desk:
    publisher = Publisher(night.database, night.ledgers[node], utc_now)
    return Desk(night, publisher, Issuing(night.database, publisher), Importing(night.database, publisher))


@pytest.fixture
async def night(database: Database) -> Night:
    return await Night(database, nodes=2).begin()


@pytest.fixture
def desk(night: Night) -> Desk:
    return desk_of(night)


@pytest.fixture
def other_desk(night: Night) -> Desk:
    """Another node on the same event."""
    return desk_of(night, 1)
