"""Bodies that are no JSON model: the file that comes in, its long answer, the file that goes out, pictures."""

import asyncio
from contextlib import aclosing
from uuid import UUID

from aiohttp import web

from dibs_realtime.kit import json, problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.binding import too_large
from dibs_realtime.kit.http.middleware import DATA_POLICY, SECURITY_HEADERS
from dibs_realtime.kit.ids import new_id
from dibs_realtime.vouchers import exporting, queries
from dibs_realtime.vouchers.importing import Outcome

_PART = 2_000
"""Rejected rows that are encoded at once."""
_PRIVATE = {"Cache-Control": "private, no-store"}


async def received(request: web.Request, content_type: str, limit: int) -> bytes:
    """Return the body. Raises Problem 413 above `limit` bytes and 415 for another content type."""
    if request.content_type != content_type:
        raise problems.Problem(415, f"Send this as {content_type}.", slug="unsupported-media-type")
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    raw = bytearray()
    async for part in request.content.iter_any():
        raw += part
        if len(raw) > limit:
            raise too_large(limit)
    return bytes(raw)


async def imported(outcome: Outcome) -> bytes:
    """Return `Imported` as JSON; the list may be as long as the file, so that it is written part by part."""
    return await asyncio.to_thread(_imported, outcome)


def picture(content: bytes, content_type: str) -> web.Response:
    """Return a picture that nobody may keep."""
    return web.Response(body=content, content_type=content_type, headers=_PRIVATE)


async def export(request: web.Request, database: Database, event_id: UUID, batch_id: UUID | None) -> web.StreamResponse:
    """Send vouchers of an event as a CSV file: all, or those of a batch. Raises Problem 503 before the first byte."""
    slug = await queries.slug(database, event_id)
    async with aclosing(exporting.export(database, event_id, batch_id)) as parts:
        first = await anext(parts)
        response = web.StreamResponse(
            headers={
                **SECURITY_HEADERS,
                **_PRIVATE,
                "Content-Security-Policy": DATA_POLICY,
                "X-Request-ID": str(new_id()),  # what is sent in parts gets no header later
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="vouchers-{slug}.csv"',
            }
        )
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        try:
            await response.write(first)
            async for part in parts:
                await response.write(part)
            await response.write_eof()
        except ConnectionError:
            pass  # the reader went away
        except problems.Problem:
            # The status is sent already: only a connection that breaks off says that this is not all.
            if request.transport is not None:
                request.transport.abort()
    return response


def _imported(outcome: Outcome) -> bytes:
    rejected = outcome.rejected
    parts = [
        b",".join(
            json.dumps({"line": fault.line, "code": fault.code, "reason": fault.reason})
            for fault in rejected[start : start + _PART]
        )
        for start in range(0, len(rejected), _PART)
    ]
    head = json.dumps({"imported": outcome.imported, "seq": outcome.seq})[:-1]
    return head + b',"rejected":[' + b",".join(parts) + b"]}"
