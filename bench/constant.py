"""`python -m bench.constant`: `dibs serve` with one route more, which answers every door with the same verdict.

Everything around it is the product's own: the server, the middleware, admitting the caller, reading and validating the
same request. What is missing is the ledger: the ratio tells what that costs.
"""

from datetime import UTC, datetime
from unittest.mock import patch

from aiohttp import web

from dibs_realtime import app, serving, settings
from dibs_realtime.kit import json
from dibs_realtime.kit.http.binding import bind
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.ids import new_id
from dibs_realtime.redemptions.schemas import RedeemRequest, RedemptionVerdict
from dibs_realtime.settings import Settings
from dibs_realtime.vouchers.schemas import VoucherOut


def routes() -> Routes:
    """Return the one route."""
    r = Routes("bench")
    verdict = _verdict()

    @r.post("/bench/{event_id}/constant", who="D dev", answer=RedemptionVerdict)
    async def constant(call: Call, body: RedeemRequest) -> bytes:
        """Answer the same to everybody."""
        del call, body
        return verdict

    return r


def create_app(configured: Settings) -> web.Application:
    """Return the product's application with the route added."""
    application = _product(configured)
    parts = application[app.PARTS]
    bind(application, routes(), parts.gatekeeper, parts.addresses)
    return application


_product = app.create_app


def main() -> None:
    # Served by the product's own code, so that the two can differ in nothing else.
    with patch.object(app, "create_app", create_app):
        serving.run(settings.load())


def _verdict() -> bytes:
    voucher = VoucherOut(
        id=new_id(),
        code="••••••••9T",
        state="redeemed",
        offer_id=new_id(),
        offer_title="1 free drink",
        uses=1,
        max_uses=1,
        remaining=0,
        guest_name=None,
    )
    verdict = RedemptionVerdict(
        verdict="accepted",
        reason=None,
        message="Welcome.",
        replayed=False,
        dry_run=False,
        redemption_id=new_id(),
        seq=4711,
        redeemed_at=datetime.now(UTC),
        voucher=voucher,
        previous=None,
        conflict_id=None,
        leased_until=None,
    )
    return json.dumps(verdict.model_dump())


if __name__ == "__main__":
    main()
