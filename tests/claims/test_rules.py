"""The rules of calling dibs: which reason is the first, and where windows begin and end."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from dibs_realtime.claims.model import ClaimReason, judge
from dibs_realtime.offers.model import OfferCounter, remaining
from tests.support.things import NOON, offer

SECOND = timedelta(seconds=1)
PLAIN: dict[str, Any] = {"claimable": True, "per_guest_limit": 2}
# As the contract lists them. What is changed: the offer, or (with a star) what else is judged.
FLAWS: list[tuple[ClaimReason, dict[str, Any]]] = [
    ("event_not_open", {"*event": "closed"}),
    ("offer_paused", {"status": "paused"}),
    ("not_claimable", {"claimable": False}),
    ("not_yet_open", {"claim_from": NOON + SECOND}),
    ("closed", {"claim_until": NOON}),
    ("guest_limit_reached", {"*held": 2}),
    ("sold_out", {"*left": 0}),
]


def reason_of(**changes: Any) -> ClaimReason | None:
    others = {"*event": "open", "*held": 1, "*left": 1}
    others |= {name: value for name, value in changes.items() if name in others}
    fields = {**PLAIN, **{name: value for name, value in changes.items() if name not in others}}
    return judge(offer(**fields), others["*event"], others["*held"], others["*left"], NOON)


def test_every_reason_is_here_in_its_order() -> None:
    assert tuple(reason for reason, _ in FLAWS) == get_args(ClaimReason)
    assert reason_of() is None


@pytest.mark.parametrize("first", range(len(FLAWS)), ids=[reason for reason, _ in FLAWS])
def test_the_first_reason_wins_over_all_after_it(first: int) -> None:
    reason, flaw = FLAWS[first]
    assert reason_of(**flaw) == reason
    together: dict[str, Any] = {}
    for _, later in FLAWS[first:]:
        together |= later
    assert reason_of(**together) == reason


def test_a_window_includes_its_start_and_excludes_its_end() -> None:
    window = offer(claimable=True, claim_from=NOON, claim_until=NOON + SECOND)
    moments = (-timedelta(microseconds=1), timedelta(0), SECOND - timedelta(microseconds=1), SECOND)
    found = [judge(window, "open", 0, None, NOON + moment) for moment in moments]
    assert found == ["not_yet_open", None, None, "closed"]


def test_what_is_left() -> None:
    capped = offer(quantity=10)
    assert remaining(offer(), OfferCounter(capped.id, issued=5, unclaimed=5, places=5)) is None
    assert remaining(capped, OfferCounter(capped.id)) == 10
    # Six places are taken, and of those two vouchers are nobody's yet.
    assert remaining(capped, OfferCounter(capped.id, issued=6, claimed=4, unclaimed=2, places=6)) == 6
    # The organizer lowered the cap below what is out there.
    assert remaining(capped, OfferCounter(capped.id, issued=12, claimed=12, places=12)) == 0
