"""A long night's outbox is brought in whole, in order, and once."""

import time

import pytest

from dibs_realtime.kit.database import Database
from tests.doors.book import current
from tests.offline.doors import Doors
from tests.support.clock import MovableClock
from tests.support.world import Party, fresh_key

SCANS = 5_000


@pytest.mark.timeout(900)
async def test_five_thousand_admissions_are_brought_in(party: Party, clock: MovableClock, database: Database):
    await party.owner.post(f"{party.path}/vouchers", {"offer_id": party.ticket["id"], "count": SCANS})
    rows = await database.fetch("SELECT code FROM vouchers WHERE generated ORDER BY id")
    codes = [row["code"] for row in rows][-SCANS:]
    snapshot = await party.owner.get(f"{party.path}/snapshot")
    await current(party.device)
    async with Doors([party.device], clock) as doors:
        await doors.do("open", 0, event_id=party.id, mutation="none")
        await doors.do("scene", 0, snapshot=snapshot)
        await doors.do("refresh", 0)
        doors.fate[0] = "down"
        for code in codes:
            await doors.do("scan", 0, key=fresh_key(), code=code, units=1)
        await doors.do("reload", 0)  # and the battery died in between
        doors.fate[0] = "ok"
        began = time.perf_counter()
        answer = await doors.do("flush", 0)
        print(f"{SCANS} scans were brought in within {time.perf_counter() - began:.1f} s")
        assert answer["pending"] == 0
    redeemed = await database.fetch(
        """SELECT v.code FROM redemptions r JOIN vouchers v ON v.event_id = r.event_id AND v.id = r.voucher_id
            WHERE r.offline ORDER BY r.seq"""
    )
    assert [row["code"] for row in redeemed] == codes
    assert (await party.owner.get(f"{party.path}/snapshot"))["open_conflicts"] == 0
