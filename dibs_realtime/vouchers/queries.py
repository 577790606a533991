"""Reading vouchers: lists, one of them, what an export holds, and what a voucher's page shows to anybody."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from dibs_realtime.kit.database import Database
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import GUEST, PUBLISHED
from dibs_realtime.vouchers.schemas import PublicVoucher, VoucherOut, VoucherQuery, VoucherRecord

_SHAPE = f"""
SELECT v.id, v.code, v.state, v.offer_id, o.title AS offer_title, v.uses, v.max_uses,
       CASE WHEN v.state IN ('released', 'voided') THEN 0 ELSE v.max_uses - v.uses END AS remaining,
       g.name AS guest_name, g.email AS guest_email, v.batch_id, v.created_at, v.updated_at,
       (v.lease ->> 'device_id')::uuid AS leased_to, (v.lease ->> 'until')::timestamptz AS leased_until
  FROM vouchers v
  JOIN offers o ON o.event_id = v.event_id AND o.id = v.offer_id
  {GUEST}
"""  # noqa: S608  # a constant
_ALL = f"{_SHAPE} WHERE v.event_id = $1 AND {PUBLISHED}"
# No code has a character beyond Z, so that this is the last one with its beginning, in every collation.
_LAST = "Z"
# A search that finds few is answered from the indexes of codes and of guests; one that finds many finds enough of them
# on the way from the newest voucher back.
_FEW = 1_000
_FOUND = f"""
(SELECT id FROM vouchers WHERE event_id = $1 AND code BETWEEN $2 AND $3 LIMIT {_FEW + 1})
UNION ALL
(SELECT v.id FROM (SELECT id FROM guests WHERE event_id = $1 AND name ILIKE $4 LIMIT {_FEW + 1}) g
   JOIN vouchers v ON v.event_id = $1 AND v.guest_id = g.id)
"""  # noqa: S608  # a constant


class FoundCode(NamedTuple):
    """A voucher's code and its event."""

    code: str
    event_id: UUID


async def vouchers(
    database: Database, event_id: UUID, query: VoucherQuery, before: UUID | None, *, manager: bool
) -> list[VoucherRecord]:
    """Return vouchers, the newest first, those made before `before`; one more than `query.limit` where there are.

    manager: whole codes and guests are shown and searched; else a search finds a whole code only.
    """
    arguments: list[Any] = [event_id]

    def place(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    wanted = ""
    if query.q is not None and not manager:
        wanted += f" AND v.code = {place(codes.read(query.q))}"
    elif query.q is not None:
        start = codes.read(query.q) or codes.beginning(query.q)
        last = start.ljust(codes.LONGEST, _LAST) if start is not None else None
        found = await database.fetch_aside(_FOUND, event_id, start, last, _part(query.q))
        if len(found) <= _FEW:
            wanted += f" AND v.id = ANY({place([row['id'] for row in found])}::uuid[])"
        else:
            wanted += f" AND (v.code BETWEEN {place(start)} AND {place(last)} OR g.name ILIKE {place(_part(query.q))})"
    if before is not None:
        wanted += f" AND v.id < {place(before)}"
    if query.offer_id is not None:
        wanted += f" AND v.offer_id = {place(query.offer_id)}"
    if query.state is not None:
        wanted += f" AND v.state = {place(query.state)}"
    rows = await database.fetch_aside(f"{_ALL}{wanted} ORDER BY v.id DESC LIMIT {place(query.limit + 1)}", *arguments)
    return [_shown(row, manager=manager) for row in rows]


async def vouchers_of_name(database: Database, event_id: UUID, name: str, limit: int) -> list[VoucherOut]:
    """Return vouchers of guests whose name contains `name`, in the order of the names; codes are masked."""
    rows = await database.fetch(
        f"""{_SHAPE} WHERE v.event_id = $1 AND {PUBLISHED} AND v.guest_id IN (
               SELECT id FROM guests WHERE event_id = $1 AND name ILIKE $2 ORDER BY lower(name), id LIMIT $3)
             ORDER BY lower(g.name), v.guest_id, v.id LIMIT $3""",  # noqa: S608  # constants
        event_id,
        _part(name),
        limit,
    )
    return [
        VoucherOut.model_validate(
            {name: row[name] for name in VoucherOut.model_fields} | {"code": codes.masked(row["code"])}
        )
        for row in rows
    ]


async def voucher(database: Database, event_id: UUID, voucher_id: UUID, *, manager: bool) -> VoucherRecord | None:
    """Return one voucher of the event, or None. `manager`: the whole code and the guest are shown."""
    row = await database.fetchrow(f"{_ALL} AND v.id = $2", event_id, voucher_id)
    return _shown(row, manager=manager) if row is not None else None


async def export_page(
    database: Database, event_id: UUID, after: UUID, limit: int, batch_id: UUID | None
) -> list[Mapping[str, Any]]:
    """Return vouchers in the order in which they were made, those after `after`. batch_id: only that batch's."""
    if batch_id is None:
        return await database.fetch_aside(f"{_ALL} AND v.id > $2 ORDER BY v.id LIMIT $3", event_id, after, limit)
    of_batch = f"{_ALL} AND v.batch_id = $4 AND v.id > $2 ORDER BY v.id LIMIT $3"
    return await database.fetch_aside(of_batch, event_id, after, limit, batch_id)


async def codes_of_batch(database: Database, event_id: UUID, batch_id: UUID) -> list[str]:
    """Return the codes that were issued together, in their order."""
    rows = await database.fetch(
        "SELECT code FROM vouchers WHERE event_id = $1 AND batch_id = $2 ORDER BY id", event_id, batch_id
    )
    return [row["code"] for row in rows]


async def code_of_guest(database: Database, event_id: UUID, guest_id: UUID, voucher_id: UUID) -> str | None:
    """Return the code of a voucher that is this guest's."""
    code: str | None = await database.fetchval(
        f"SELECT v.code FROM vouchers v WHERE v.event_id = $1 AND v.id = $2 AND v.guest_id = $3 AND {PUBLISHED}",  # noqa: S608  # a constant
        event_id,
        voucher_id,
        guest_id,
    )
    return code


async def code_for_member(database: Database, user_id: UUID, voucher_id: UUID) -> FoundCode | None:
    """Return a voucher's code when the user is a member of its event, in whatever role."""
    row = await database.fetchrow(
        f"""SELECT v.code, v.event_id FROM members m
              JOIN vouchers v ON v.event_id = m.event_id AND v.id = $2
             WHERE m.user_id = $1 AND {PUBLISHED}""",  # noqa: S608  # a constant
        user_id,
        voucher_id,
    )
    return FoundCode(row["code"], row["event_id"]) if row is not None else None


async def slug(database: Database, event_id: UUID) -> str:
    """Return the event's address."""
    found: str = await database.fetchval("SELECT slug FROM events WHERE id = $1", event_id)
    return found


async def public_voucher(database: Database, code: str) -> PublicVoucher | None:
    """Return what anybody may know who has a generated code; None: unknown, or of an event that is still a draft."""
    row = await database.fetchrow(
        f"""SELECT v.state, v.max_uses,
                   CASE WHEN v.state IN ('released', 'voided') THEN 0 ELSE v.max_uses - v.uses END AS remaining,
                   o.title, o.description, o.claimable, o.redeem_from, o.redeem_until,
                   e.slug, e.name, e.venue, e.timezone, e.starts_at, e.ends_at, e.status
              FROM vouchers v
              JOIN events e ON e.id = v.event_id AND e.status <> 'draft'
              JOIN offers o ON o.event_id = v.event_id AND o.id = v.offer_id
             WHERE v.code = $1 AND v.generated AND {PUBLISHED}
             ORDER BY v.id DESC LIMIT 1""",  # noqa: S608  # a constant
        code,
    )
    if row is None:
        return None
    event = ("slug", "name", "venue", "timezone", "starts_at", "ends_at", "status")
    offer = ("title", "description", "claimable", "redeem_from", "redeem_until")
    return PublicVoucher.model_validate(
        {
            **{name: row[name] for name in ("state", "max_uses", "remaining")},
            "event": {name: row[name] for name in event},
            "offer": {name: row[name] for name in offer},
        }
    )


def _shown(row: Mapping[str, Any], *, manager: bool) -> VoucherRecord:
    values = dict(row)
    if not manager:
        values |= {"code": codes.masked(values["code"]), "guest_name": None, "guest_email": None}
    return VoucherRecord.model_validate(values)


def _part(text: str) -> str:
    """Return a pattern for texts that contain this one."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
