"""The door's book over REST, for paired devices."""

import hashlib
from typing import Any

from aiohttp import web

from dibs_realtime.doors.book import queries
from dibs_realtime.doors.book.model import STATE
from dibs_realtime.doors.book.schemas import ChunkQuery, DoorState, StateQuery
from dibs_realtime.kit import json, problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Call, Routes

FORMAT = 1
MEDIA_TYPE = "application/octet-stream"
_COMPRESSED_FROM = 1_024


def _etag(book: Any, chunk: int, next_chunk: int, records: bytes) -> str:
    """Return what a chunk is known by: its records and their history, and not what lies outside the seal."""
    place = f"{book['epoch']} {(book['salt'] or b'').hex()} {chunk} {next_chunk} {bool(book['seq'])} "
    return f'"{hashlib.sha256(place.encode() + records).hexdigest()[:32]}"'


def routes(database: Database) -> Routes:
    """Return the book's routes."""
    r = Routes("doors")

    @r.get("/events/{event_id}/door-snapshot", who="dev", produces=MEDIA_TYPE, headers=("If-None-Match",))
    async def snapshot(call: Call, query: ChunkQuery) -> web.Response:
        """Fetch what a door needs to judge alone: 5,000 sealed vouchers a chunk. 304: as in the ETag.

        The body: 4 bytes, the length of a JSON header; the header; `count` records of 74 bytes; `count` states of 3
        bytes (uses, flags). Header: `format`, `epoch`, `seq` (what the states are current to), `sealed_seq` (up to
        which entry everything is sealed), `chunk`, `next` (what to ask for then), `last` (the newest: there is more
        while `next` is smaller), `vouchers`, `count`, `salt`, `iterations`. A voucher whose guest changed comes again.
        """
        rows = await queries.chunk(database, call.event_id, query.chunk)
        if not rows:
            raise problems.not_found()
        book, seals = rows[0], [row for row in rows if row["revision"] is not None]
        records = b"".join(row["record"] for row in seals)
        next_chunk = seals[-1]["revision"] if seals else query.chunk
        etag = _etag(book, query.chunk, next_chunk, records)
        if etag in call.request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers={"ETag": etag})
        header = json.dumps(
            {
                "format": FORMAT,
                "epoch": book["epoch"],
                "seq": book["head_seq"],
                "sealed_seq": book["seq"] or 0,
                "chunk": query.chunk,
                "next": next_chunk,
                "last": book["last_revision"] or 0,
                "vouchers": book["sealed"] or 0,
                "count": len(seals),
                "salt": (book["salt"] or b"").hex(),
                "iterations": book["iterations"] or 0,
            }
        )
        states = b"".join(STATE.pack(row["uses"], row["flags"]) for row in seals)
        body = len(header).to_bytes(4) + header + records + states
        return web.Response(body=body, content_type=MEDIA_TYPE, headers={"ETag": etag})

    @r.get("/events/{event_id}/door-snapshot/state", who="dev", answer=DoorState)
    async def state(call: Call, query: StateQuery) -> web.Response:
        """Fetch how vouchers stand by ordinal, after a time without the `burn` messages of the socket."""
        found = await queries.states_after(database, call.event_id, query.after_seq)
        response = web.Response(body=json.dumps(found), content_type="application/json", charset="utf-8")
        if len(response.body) > _COMPRESSED_FROM:  # type: ignore[arg-type]  # bytes, as above
            response.enable_compression()
        return response

    return r
