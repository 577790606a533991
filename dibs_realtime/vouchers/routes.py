"""Vouchers over REST."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web

from dibs_realtime.accounts.caller import Caller, Guest
from dibs_realtime.events.actors import actor_of
from dibs_realtime.kit import paging, problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.keys import idempotency_key
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.wire import Page
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.vouchers import bodies, qr, queries
from dibs_realtime.vouchers.commands import VoidVoucher
from dibs_realtime.vouchers.importing import Importing
from dibs_realtime.vouchers.issuing import Issuing
from dibs_realtime.vouchers.lookup import PublicLookup
from dibs_realtime.vouchers.schemas import (
    ExportQuery,
    Imported,
    ImportQuery,
    Issued,
    IssueRequest,
    PublicVoucher,
    VoidRequest,
    VoucherQuery,
    VoucherRecord,
)
from dibs_realtime.vouchers.sheet import MOST_BYTES

RoleOf = Callable[[Caller | None, UUID], Awaitable[str | None]]
"""Answers a member's role in an event; None for everybody else."""

_CODES_BYTES = 6_000_000  # 100,000 codes as people write them


def routes(
    database: Database,
    ledger: Ledger,
    issuing: Issuing,
    importing: Importing,
    lookup: PublicLookup,
    role_of: RoleOf,
    public_url: str,
) -> Routes:
    """Return the slice's routes."""
    r = Routes("vouchers")

    async def manages(call: Call, event_id: UUID) -> bool:
        return await role_of(call.caller, event_id) in ("owner", "manager")

    async def shown(call: Call, voucher_id: UUID) -> VoucherRecord:
        manager = await manages(call, call.event_id)
        found = await queries.voucher(database, call.event_id, voucher_id, manager=manager)
        if found is None:
            raise problems.not_found()
        return found

    async def address(call: Call) -> str:
        """Return what the QR of the voucher in the path holds; its guest and its event's managers may have it."""
        voucher_id = call.path["voucher_id"]
        if isinstance(call.caller, Guest):
            code = await queries.code_of_guest(database, call.caller.event_id, call.caller.guest_id, voucher_id)
            if code is None:
                raise problems.not_found()
            return qr.address(public_url, code)
        found = await queries.code_for_member(database, call.caller.user_id, voucher_id)
        if found is None:
            raise problems.not_found()
        if not await manages(call, found.event_id):
            raise problems.forbidden()
        return qr.address(public_url, found.code)

    @r.post(
        "/events/{event_id}/vouchers",
        who="M",
        status=201,
        problems=(409,),
        headers=("Idempotency-Key",),
        max_bytes=_CODES_BYTES,
    )
    async def issue(call: Call, body: IssueRequest) -> Issued:
        """Issue vouchers of an offer: generated codes, or your own, all or none.

        409 with the type `urn:dibs:problem:codes_taken` names in `codes` those of your own that are alike, or that the
        event has already (the first 100 of `count`); with `urn:dibs:problem:over_quantity` `free` more fit the offer.
        """
        return await issuing.issue(call.event_id, actor_of(call.caller), body, idempotency_key(call))

    @r.post(
        "/events/{event_id}/vouchers/import",
        who="M",
        headers=("Idempotency-Key",),
        consumes="text/csv",
        max_bytes=MOST_BYTES,
        answer=Imported,
    )
    async def import_csv(call: Call, query: ImportQuery) -> bytes:
        """Import a CSV file of codes: `code, offer, max_uses?, guest_name?, guest_email?`.

        UTF-8, with commas or semicolons. All good rows land; each bad one is named with its line and a reason.
        With `dry_run` nothing lands: the answer tells what would, as things stand now.
        """
        key = idempotency_key(call)
        raw = await bodies.received(call.request, "text/csv", MOST_BYTES)
        if query.dry_run:
            return await bodies.imported(await importing.check(call.event_id, raw))
        return await bodies.imported(await importing.bring(call.event_id, actor_of(call.caller), raw, key))

    @r.get("/events/{event_id}/vouchers", who="V")
    async def list_vouchers(call: Call, query: VoucherQuery) -> Page[VoucherRecord]:
        """List vouchers, the newest first. Viewers see no whole code and no guest, and find whole codes only."""
        manager = await manages(call, call.event_id)
        rows = await queries.vouchers(database, call.event_id, query, paging.after(query), manager=manager)
        return paging.page(rows, query, lambda row: row.id)

    @r.get("/events/{event_id}/vouchers/export", who="M", produces="text/csv")
    async def export(call: Call, query: ExportQuery) -> web.StreamResponse:
        """Export all vouchers with their guests, or those of one batch.

        Cells that a spreadsheet would run are made harmless.
        """
        return await bodies.export(call.request, database, call.event_id, query.batch_id)

    @r.get("/events/{event_id}/vouchers/{voucher_id}", who="V")
    async def read(call: Call) -> VoucherRecord:
        """Read a voucher. Viewers see neither the whole code nor the guest."""
        return await shown(call, call.path["voucher_id"])

    @r.post("/events/{event_id}/vouchers/{voucher_id}/void", who="M", problems=(409,), headers=("Idempotency-Key",))
    async def void(call: Call, body: VoidRequest) -> VoucherRecord:
        """End a voucher for good. An unused one gives its place back. Repeating it changes nothing."""
        voucher_id, key = call.path["voucher_id"], idempotency_key(call) or ""
        await ledger.submit(VoidVoucher(call.event_id, actor_of(call.caller), voucher_id, body.reason, key))
        return await shown(call, voucher_id)

    @r.get("/vouchers/{voucher_id}/qr.svg", who="G M", produces="image/svg+xml")
    async def qr_svg(call: Call) -> web.Response:
        """Draw a voucher's QR code: for its guest and for managers."""
        return bodies.picture(qr.svg(await address(call)), "image/svg+xml")

    @r.get("/vouchers/{voucher_id}/qr.png", who="G M", produces="image/png")
    async def qr_png(call: Call) -> web.Response:
        """Draw a voucher's QR code in pixels, for printing: for its guest and for managers."""
        return bodies.picture(qr.png(await address(call)), "image/png")

    @r.get("/public/vouchers/{code}", who="-", problems=(429,))
    async def public_voucher(call: Call) -> PublicVoucher:
        """Look a generated code up: its event, what it gives and how it stands, not whose it is."""
        return await lookup.find(call.path["code"], call.address)

    return r
