"""Guests over REST, and the public page's data."""

from aiohttp import web

from dibs_realtime.accounts.caller import guest
from dibs_realtime.claims import install, queries
from dibs_realtime.claims.desk import GuestDesk
from dibs_realtime.claims.schemas import (
    ClaimRequest,
    ClaimVerdict,
    GuestLink,
    GuestSession,
    NewGuest,
    OpenLink,
    PublicEvent,
    PublicPage,
    WalletVoucher,
)
from dibs_realtime.kit import json, paging, problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.wire import Page, PageQuery
from dibs_realtime.vouchers.schemas import VoucherOut


def routes(desk: GuestDesk, database: Database, public_url: str) -> Routes:
    """Return the slice's routes."""
    r = Routes("guests")

    async def existing(slug: str) -> PublicEvent:
        found = await queries.public_event(database, slug)
        if found is None:
            raise problems.not_found()
        return found

    @r.get("/public/events/{slug}", who="-")
    async def public_event(call: Call) -> PublicPage:
        """Read an open or closed event and its claimable offers."""
        found = await existing(call.path["slug"])
        return PublicPage(**dict(found), url=f"{public_url}/e/{found.slug}")

    @r.get("/public/events/{slug}/manifest", who="-", produces="application/manifest+json")
    async def manifest(call: Call) -> web.Response:
        """Read what makes the event's page an app of its own on a phone (a web application manifest)."""
        found = await existing(call.path["slug"])
        body = json.dumps(install.manifest(found.slug, found.name))
        return web.Response(body=body, content_type="application/manifest+json")

    @r.post("/public/events/{slug}/guests", who="-", status=201, problems=(403, 429))
    async def sign_in(call: Call, body: NewGuest) -> GuestSession:
        """Become a guest of an event. What is asked for is the event's choice; there is no account."""
        return await desk.sign_in(call.path["slug"], body, call.address, _agent(call))

    @r.post("/offers/{offer_id}/claims", who="G", answer=ClaimVerdict)
    async def claim(call: Call, body: ClaimRequest) -> bytes:
        """Call dibs on an offer. A refusal is an answer too: look at `verdict`."""
        return json.dumps(await desk.claim(guest(call), call.path["offer_id"], body.idempotency_key))

    @r.get("/guest/vouchers", who="G")
    async def wallet(call: Call, query: PageQuery) -> Page[WalletVoucher]:
        """List my vouchers, the newest first."""
        me = guest(call)
        rows = await queries.wallet(database, me.event_id, me.guest_id, paging.after(query), query.limit)
        return paging.page(rows, query, lambda row: row.id)

    @r.post("/guest/vouchers/{voucher_id}/release", who="G", problems=(409,), answer=VoucherOut)
    async def release(call: Call) -> bytes:
        """Give an unused voucher back; somebody else may have its place."""
        return json.dumps(await desk.release(guest(call), call.path["voucher_id"]))

    @r.post("/guest/links", who="G", status=201)
    async def link(call: Call) -> GuestLink:
        """Get a single-use address that opens my wallet on another device within 10 minutes."""
        token, expires_at = await desk.link(guest(call))
        return GuestLink(url=f"{public_url}/wallet/#{token}", expires_at=expires_at)

    @r.post("/guest/links/open", who="-", status=201, problems=(404, 429))
    async def open_link(call: Call, body: OpenLink) -> GuestSession:
        """Trade a wallet link for a token of this device."""
        return await desk.open_link(body.token, call.address, _agent(call))

    return r


def _agent(call: Call) -> str:
    return call.request.headers.get("User-Agent", "")[:300]
