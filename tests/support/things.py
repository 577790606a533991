"""Offers and vouchers in memory, for the pure rules."""

from datetime import UTC, datetime
from typing import Any

from dibs_realtime.kit.ids import new_id
from dibs_realtime.ledger.row import replace
from dibs_realtime.offers.model import Offer
from dibs_realtime.vouchers.model import Voucher

NOON = datetime(2026, 6, 24, 12, tzinfo=UTC)


def offer(**fields: Any) -> Offer:
    """Return an offer without any limit, except for what is given."""
    plain = Offer(
        id=new_id(), title="Drink", description="", quantity=None, claimable=False, per_guest_limit=None, max_uses=1,
        claim_from=None, claim_until=None, redeem_from=None, redeem_until=None, gate_ids=[], status="active",
        deleted=False, version=1, created_at=NOON, updated_at=NOON,
    )  # fmt: skip
    return replace(plain, **fields)


def voucher(**fields: Any) -> Voucher:
    """Return a voucher that nobody has and nobody used, except for what is given."""
    plain = Voucher(
        id=new_id(), code="ABCD", offer_id=new_id(), batch_id=None, state="issued", uses=0, max_uses=1, guest_id=None,
        generated=False, poolable=True, holds_place=True, last_redemption_id=None, created_at=NOON, updated_at=NOON,
    )  # fmt: skip
    return replace(plain, **fields)
