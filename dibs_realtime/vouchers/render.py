"""Vouchers as one caller may see them."""

from typing import Any

from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import OFFERS
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import Voucher


def voucher_shape(view: View, voucher: Voucher, *, whole_code: bool) -> dict[str, Any]:
    """Return `VoucherOut` as a dict, from what a command read; hidden codes keep their last two characters."""
    offer = view.get(OFFERS, voucher.offer_id)
    return {
        "id": voucher.id,
        "code": voucher.code if whole_code else codes.masked(voucher.code),
        "state": voucher.state,
        "offer_id": voucher.offer_id,
        "offer_title": offer.title if offer is not None else "",
        "uses": voucher.uses,
        "max_uses": voucher.max_uses,
        "remaining": voucher.remaining,
        "guest_name": voucher.guest_name,
    }
