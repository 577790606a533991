"""The law: a snapshot at s plus the entries after s equals a later snapshot. Always."""

import json
import os
from pathlib import Path

from dibs_realtime.kit.database import Database
from dibs_realtime.simulate.reducer import apply
from tests.ledger.cases import record

VECTORS = Path(__file__).parents[1] / "vectors" / "ledger_law.json"
KINDS = {
    "event.updated", "event.opened", "event.closed", "gate.created", "gate.updated", "gate.deleted", "offer.created",
    "offer.updated", "offer.deleted", "vouchers.issued", "voucher.claimed", "voucher.released", "voucher.voided",
    "voucher.redeemed", "redemption.reversed", "device.created", "device.updated", "device.paired", "device.revoked",
    "conflict.opened", "conflict.resolved", "lease.ended",
}  # fmt: skip


async def test_every_kind_of_entry_obeys_the_law(database: Database):
    cases = await record(database)
    if os.environ.get("DIBS_RECORD_VECTORS"):  # `make vectors`
        VECTORS.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
    for case in cases:
        assert apply(case["before"], case["entries"]) == case["after"], case["name"]
    assert {entry["kind"] for case in cases for entry in case["entries"]} == KINDS
    # and all of it at once, from the first snapshot on
    entries = [entry for case in cases for entry in case["entries"]]
    assert [entry["seq"] for entry in entries] == list(range(2, 2 + len(entries)))
    assert apply(cases[0]["before"], entries) == cases[-1]["after"]


def test_the_recorded_cases_cover_every_kind_and_obey_the_law():
    cases = json.loads(VECTORS.read_text())
    assert {entry["kind"] for case in cases for entry in case["entries"]} == KINDS
    for case in cases:
        assert apply(case["before"], case["entries"]) == case["after"], case["name"]
