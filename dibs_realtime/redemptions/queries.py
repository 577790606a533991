"""Reading redemptions, refused attempts, and the answer that a key got."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dibs_realtime.kit import json
from dibs_realtime.kit.database import Database
from dibs_realtime.redemptions.commands import SCOPE
from dibs_realtime.redemptions.render import verdict_shape
from dibs_realtime.redemptions.schemas import AttemptOut, ConflictOut, RedemptionOut
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import GUEST


async def redemptions(
    database: Database, event_id: UUID, before: UUID | None, limit: int, voucher_id: UUID | None = None
) -> list[RedemptionOut]:
    """Return redemptions, the newest first; one more than `limit` where there are. voucher_id: of that one only."""
    # A plan for both, or with stale statistics, would walk over the event's redemptions to find the voucher's.
    source = "redemptions"
    if voucher_id is not None:
        source = "(SELECT * FROM redemptions WHERE event_id = $1 AND voucher_id = $4 OFFSET 0)"
    rows = await database.fetch_aside(
        f"""SELECT r.id, r.seq, r.voucher_id, r.offer_id, r.gate_id, r.device_id, r.actor_type, r.actor_id, r.units,
                  r.redeemed_at, r.received_at, r.offline, r.reversed_at, d.label
             FROM {source} r LEFT JOIN devices d ON d.event_id = r.event_id AND d.id = r.device_id
            WHERE r.event_id = $1 AND ($2::uuid IS NULL OR r.id < $2)
            ORDER BY r.id DESC LIMIT $3""",  # noqa: S608  # constants
        event_id,
        before,
        limit + 1,
        *([voucher_id] if voucher_id is not None else []),
    )
    return [RedemptionOut.model_validate(_with_actor(row)) for row in rows]


async def attempts(database: Database, event_id: UUID, before: UUID | None, limit: int) -> list[AttemptOut]:
    """Return refused attempts, the newest first; one more than `limit` where there are."""
    rows = await database.fetch_aside(
        """SELECT id, at, coalesce(scanned_at, at) AS scanned_at, reason, voucher_id, offer_id, gate_id, device_id,
                  actor_type, actor_id, actor_label AS label, units, offline
             FROM attempts WHERE event_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3""",
        event_id,
        before,
        limit + 1,
    )
    return [AttemptOut.model_validate(_with_actor(row)) for row in rows]


async def conflicts(
    database: Database, event_id: UUID, before: UUID | None, limit: int, *, staff: bool
) -> list[ConflictOut]:
    """Return conflicts, the newest first; one more than `limit` where there are.

    staff: with the names that were typed at doors.
    """
    rows = await database.fetch_aside(
        """SELECT id, reason, voucher_id, sides, opened_at, resolved_at, resolution
             FROM conflicts WHERE event_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3""",
        event_id,
        before,
        limit + 1,
    )
    return [
        ConflictOut.model_validate(
            {
                **dict(row),
                "sides": [
                    {name: value for name, value in side.items() if staff or name != "staff"}
                    for side in json.loads(row["sides"])
                ],
                "resolution": json.loads(row["resolution"]) if row["resolution"] else None,
            }
        )
        for row in rows
    ]


async def verdict_of_key(
    database: Database, event_id: UUID, key: str, actor_id: UUID | None, now: datetime
) -> dict[str, Any] | None:
    """Return the verdict that a key got, as `verdict_shape` makes it; None: that request never counted."""
    row = await database.fetchrow(
        f"""SELECT s.answer, v.id, v.code, v.offer_id, o.title AS offer_title, g.name AS guest_name
             FROM verdicts s
             LEFT JOIN vouchers v ON v.event_id = s.event_id AND v.id = (s.answer ->> 'voucher_id')::uuid
             LEFT JOIN offers o ON o.event_id = v.event_id AND o.id = v.offer_id
             {GUEST}
            WHERE s.event_id = $1 AND s.scope = $2 AND s.key = $3""",  # noqa: S608  # a constant
        event_id,
        SCOPE,
        key,
    )
    if row is None:
        return None
    voucher = None
    if row["id"] is not None:
        voucher = {
            "id": row["id"],
            "code": codes.masked(row["code"]),
            "offer_id": row["offer_id"],
            "offer_title": row["offer_title"],
            "guest_name": row["guest_name"],
        }
    answer = json.loads(row["answer"])
    return verdict_shape(answer, voucher, actor_id=actor_id, now=now, replayed=True, dry_run=False)


def _with_actor(row: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(row)
    label = values.pop("label") or "Door staff"
    values["actor"] = {"type": values.pop("actor_type"), "id": values.pop("actor_id"), "label": label}
    return values
