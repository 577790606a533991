"""The door's rules: which reason is the first, and where windows begin and end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest

from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.row import replace
from dibs_realtime.offers.model import Offer
from dibs_realtime.redemptions.model import (
    OWN_REVERSAL_WITHIN,
    Redemption,
    RefusalReason,
    Standing,
    judge,
    judge_reversal,
)
from dibs_realtime.vouchers.model import Voucher
from tests.support.things import NOON, offer, voucher

GATE = new_id()
SECOND = timedelta(seconds=1)
State = tuple[Voucher | None, Offer, Standing]


def no_voucher(state: State) -> State:
    return None, state[1], state[2]


def changed(**fields: Any) -> Callable[[State], State]:
    """Return a flaw that changes the voucher, the offer or the standing, whoever has the field."""

    def flaw(state: State) -> State:
        found, of, standing = state
        assert found is not None
        for name, value in fields.items():
            if name in ("event", "offer"):
                standing = replace(standing, **{name: value})
            elif name in ("state", "uses", "max_uses"):
                found = replace(found, **{name: value})
            else:
                of = replace(of, **{name: value})
        return found, of, standing

    return flaw


# As the contract lists them: each flaw with its reason, the first that applies first.
FLAWS: list[tuple[RefusalReason, Callable[[State], State]]] = [
    ("unknown_code", no_voucher),
    ("voided", changed(state="voided")),
    ("event_not_open", changed(event="closed")),
    ("offer_paused", changed(offer="paused")),
    ("not_claimed", changed(claimable=True)),
    ("wrong_gate", changed(gate_ids=[new_id()])),
    ("not_yet_valid", changed(redeem_from=NOON + SECOND)),
    ("expired", changed(redeem_until=NOON)),
    ("already_redeemed", changed(uses=3)),
    ("insufficient_uses", changed(uses=2)),
]


def reason_of(*flaws: Callable[[State], State]) -> RefusalReason | None:
    state: State = (voucher(max_uses=3), offer(), Standing("open", "active"))
    for flaw in flaws:
        state = flaw(state)
    return judge(*state, GATE, 2, NOON)


def test_every_reason_is_here_in_its_order() -> None:
    # `leased` is no flaw of what is judged here (below), and `online_only` is said by doors alone.
    apart = ("leased", "online_only")
    assert [reason for reason, _ in FLAWS] == [reason for reason in get_args(RefusalReason) if reason not in apart]
    assert reason_of() is None


@pytest.mark.parametrize("first", range(len(FLAWS)), ids=[reason for reason, _ in FLAWS])
def test_the_first_reason_wins_over_all_after_it(first: int) -> None:
    reason, flaw = FLAWS[first]
    assert reason_of(flaw) == reason
    # The earlier ones last: what they change of the same thing stands.
    assert reason_of(*(later for _, later in reversed(FLAWS[first:]))) == reason


def test_what_is_lent_to_another_is_neither_used_up_nor_short() -> None:
    standing = Standing("open", "active")
    for uses, units, reason in ((0, 1, "leased"), (2, 2, "leased"), (3, 1, "already_redeemed")):
        assert judge(voucher(max_uses=3, uses=uses), offer(), standing, GATE, units, NOON, lent=True) == reason


@pytest.mark.parametrize("state", ["voided", "released"])
def test_what_is_dead_is_voided(state: str) -> None:
    assert reason_of(changed(state=state)) == "voided"


@pytest.mark.parametrize("status", ["draft", "closed"])
def test_only_an_open_event_is_open(status: str) -> None:
    assert reason_of(changed(event=status)) == "event_not_open"


def test_a_window_includes_its_start_and_excludes_its_end() -> None:
    window = offer(redeem_from=NOON, redeem_until=NOON + SECOND)
    standing = Standing("open", "active")
    at = {
        moment: judge(voucher(), window, standing, None, 1, NOON + moment)
        for moment in (-timedelta(microseconds=1), timedelta(0), SECOND - timedelta(microseconds=1), SECOND)
    }
    assert list(at.values()) == ["not_yet_valid", None, None, "expired"]


def test_gates() -> None:
    standing = Standing("open", "active")
    limited = offer(gate_ids=[new_id(), GATE])
    assert judge(voucher(), limited, standing, GATE, 1, NOON) is None
    assert judge(voucher(), limited, standing, new_id(), 1, NOON) == "wrong_gate"
    assert judge(voucher(), limited, standing, None, 1, NOON) == "wrong_gate"
    assert judge(voucher(), offer(), standing, None, 1, NOON) is None


def test_a_claimed_voucher_of_a_claimable_offer_is_good() -> None:
    held = voucher(state="claimed", guest_id=new_id())
    assert judge(held, offer(claimable=True), Standing("open", "active"), None, 1, NOON) is None


def test_uses() -> None:
    standing = Standing("open", "active")
    twice_used = voucher(uses=2, max_uses=5)
    found = {units: judge(twice_used, offer(), standing, None, units, NOON) for units in (1, 3, 4, 100)}
    assert found == {1: None, 3: None, 4: "insufficient_uses", 100: "insufficient_uses"}
    assert judge(voucher(uses=5, max_uses=5), offer(), standing, None, 100, NOON) == "already_redeemed"


def redemption(**fields: Any) -> Redemption:
    plain = Redemption(
        id=new_id(), seq=9, voucher_id=new_id(), offer_id=new_id(), gate_id=None, device_id=None, actor_type="user",
        actor_id=new_id(), units=1, redeemed_at=NOON, received_at=NOON, offline=False, reversed_at=None,
    )  # fmt: skip
    return replace(plain, **fields)


def test_who_may_take_back_what_and_until_when() -> None:
    done = redemption()
    mine, stranger = done.actor_id, new_id()
    last = NOON + OWN_REVERSAL_WITHIN
    assert timedelta(minutes=15) == OWN_REVERSAL_WITHIN
    assert judge_reversal(done, mine, any_time=False, now=last) is None
    assert judge_reversal(done, mine, any_time=False, now=last + SECOND) == "too_late"
    assert judge_reversal(done, stranger, any_time=False, now=NOON) == "not_yours"
    assert judge_reversal(done, stranger, any_time=True, now=last + timedelta(days=300)) is None
    taken_back = replace(done, reversed_at=NOON)
    for manager in (True, False):
        assert judge_reversal(taken_back, stranger, any_time=manager, now=NOON) == "already_reversed"


def test_the_quarter_of_an_hour_begins_when_the_server_heard_of_it() -> None:
    late = redemption(redeemed_at=NOON - timedelta(hours=8), offline=True)
    assert judge_reversal(late, late.actor_id, any_time=False, now=NOON + timedelta(minutes=14)) is None
