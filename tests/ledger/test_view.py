"""The view takes back what a command put, and finds rows where they would be found now."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.view import Resident, View
from dibs_realtime.offers.model import MINUTE_COUNTERS, MinuteCounter
from dibs_realtime.vouchers.model import VOUCHER_BY_CODE, VOUCHERS, VOUCHERS_OF_GUEST, Voucher

NOW = datetime(2026, 6, 1, 20, tzinfo=UTC)
ONE, TWO = new_id(), new_id()


def voucher(code: str, guest_id: UUID | None = None) -> Voucher:
    return Voucher(
        id=new_id(), code=code, offer_id=ONE, batch_id=None, state="issued", uses=0, max_uses=1, guest_id=guest_id,
        generated=True, poolable=True, holds_place=True, last_redemption_id=None, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


KNOWN, NEW = voucher("KN0WN", ONE), voucher("NEW1", TWO)
MOVED, USED = replace(KNOWN, guest_id=TWO), replace(KNOWN, uses=1)
CODES, GUESTS = ("KN0WN", "NEW1"), (ONE, TWO)


@pytest.fixture
def view() -> View:
    view = View(new_id(), Resident(new_id(), 7, NOW, {}), NOW)
    view.load(VOUCHER_BY_CODE, [KNOWN])
    view.load(VOUCHERS_OF_GUEST, [KNOWN])
    return view


def seen(view: View) -> Any:
    """Return all that a command can see of the vouchers, and all that would be written."""
    return (
        [view.get(VOUCHERS, row.id) for row in (KNOWN, NEW)],
        [view.first(VOUCHER_BY_CODE, code) for code in CODES],
        [view.select(VOUCHERS_OF_GUEST, guest) for guest in GUESTS],
        {table: dict(rows) for table, rows in view.changes.inserted.items() if rows},
        {table: dict(rows) for table, rows in view.changes.updated.items() if rows},
    )


def minute(units: int) -> MinuteCounter:
    return MinuteCounter(NOW, ONE, TWO, 0, units)


STEPS: dict[str, list[tuple[Any, Any]]] = {
    "a new row": [(VOUCHERS, NEW)],
    "a new row, changed": [(VOUCHERS, NEW), (VOUCHERS, replace(NEW, guest_id=ONE))],
    "a known row": [(VOUCHERS, USED)],
    "a known row, twice": [(VOUCHERS, USED), (VOUCHERS, replace(USED, guest_id=TWO))],
    "a row that changed hands": [(VOUCHERS, MOVED)],
    "deltas": [(MINUTE_COUNTERS, minute(1)), (MINUTE_COUNTERS, minute(2))],
}


@pytest.mark.parametrize("before", [[], *STEPS.values()], ids=["nothing", *STEPS])
@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_what_is_taken_back_was_never_there(view: View, before: list[Any], steps: list[Any]) -> None:
    view.mark()
    for table, row in before:
        view.put(table, row)
    earlier, mark = seen(view), view.mark()
    for table, row in steps:
        view.put(table, row)
    assert seen(view) != earlier or before == steps
    view.take_back(mark)
    assert seen(view) == earlier


def test_rows_are_found_where_they_are_now(view: View) -> None:
    view.put(VOUCHERS, NEW)
    view.put(VOUCHERS, MOVED)
    assert view.first(VOUCHER_BY_CODE, "NEW1") == NEW
    assert view.first(VOUCHER_BY_CODE, "KN0WN") == MOVED
    assert (view.select(VOUCHERS_OF_GUEST, ONE), view.select(VOUCHERS_OF_GUEST, TWO)) == ([], [NEW, MOVED])
    assert view.changes.inserted == {VOUCHERS: {NEW.id: NEW}}
    assert view.changes.updated == {VOUCHERS: {KNOWN.id: MOVED}}


def test_deltas_add_up(view: View) -> None:
    view.put(MINUTE_COUNTERS, minute(1))
    view.put(MINUTE_COUNTERS, minute(2))
    assert list(view.changes.inserted[MINUTE_COUNTERS].values()) == [minute(3)]
    assert view.changes.updated == {}


def test_a_row_that_the_batch_before_changed_is_laid_over(view: View) -> None:
    view.lay_over(VOUCHERS, {MOVED.id: MOVED, NEW.id: NEW})
    assert view.get(VOUCHERS, KNOWN.id) == MOVED
    assert view.first(VOUCHER_BY_CODE, "NEW1") == NEW
    assert (view.select(VOUCHERS_OF_GUEST, ONE), view.select(VOUCHERS_OF_GUEST, TWO)) == ([], [MOVED, NEW])
