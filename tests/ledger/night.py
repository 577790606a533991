"""An event driven by commands alone, without HTTP: the ledger's own tests and the recorded cases use it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.accounts.sessions import SessionDirectory
from dibs_realtime.claims.commands import ClaimVoucher, ReleaseVoucher
from dibs_realtime.dashboard.queries import RESIDENT, snapshot
from dibs_realtime.doors.commands import CreateDevice, CreateGate, MarkPaired
from dibs_realtime.events.commands import SetEventStatus
from dibs_realtime.events.model import Event
from dibs_realtime.events.repository import EventRepository
from dibs_realtime.kit import json
from dibs_realtime.kit.clock import Clock, utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.redis import Redis
from dibs_realtime.kit.tokens import Tokens
from dibs_realtime.ledger.command import Command, Lane
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.queries import entries_after
from dibs_realtime.ledger.writer import Ledger
from dibs_realtime.offers.commands import CreateOffer
from dibs_realtime.offers.schemas import NewOffer, OfferOut
from dibs_realtime.redemptions.case import Scan
from dibs_realtime.redemptions.commands import Redeem
from dibs_realtime.redemptions.reversal import Reverse
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.commands import PublishBatch, Share


def sessions_of(database: Database) -> SessionDirectory:
    """Return a directory that is never opened: nights have no callers, only commands."""
    return SessionDirectory(database, Redis("redis://localhost:1/0"), Tokens("x" * 32), utc_now)


class Night:
    """One event; `ledgers` are the nodes that write it (more than one: the same event on several nodes)."""

    def __init__(self, database: Database, *, nodes: int = 1, clock: Clock = utc_now) -> None:
        self.database = database
        self.clock = clock
        self.ledgers = [Ledger(database, clock, RESIDENT) for _ in range(nodes)]
        self.event_id = new_id()
        self.owner = Actor("user", new_id(), "Organizer")
        self.door = Actor("user", self.owner.id, "Door staff")
        self._turn = 0

    async def begin(self, *, opened: bool = True) -> "Night":
        now, owner_id = self.clock(), self.owner.id
        assert owner_id is not None
        await self.database.execute(
            "INSERT INTO users (id, email, name, created_at, updated_at) VALUES ($1, $2, 'Owner', $3, $3)",
            owner_id,
            f"{owner_id}@dibs.example",
            now,
        )
        event = Event(
            id=self.event_id, slug=f"night-{self.event_id.hex}", name="Night", description="", venue="",
            timezone="Europe/Vilnius", starts_at=now, ends_at=now + timedelta(hours=8), status="draft",
            guest_access="open", access_code=None, guest_name="off", version=1, created_at=now, updated_at=now,
        )  # fmt: skip
        actor = {"type": "user", "id": owner_id, "label": "Organizer"}
        await EventRepository(self.database, sessions_of(self.database)).add(event, owner_id, actor, None, "")
        if opened:
            await self.submit(SetEventStatus(self.event_id, self.owner, "open", None))
        return self

    async def submit(self, command: Command[Any]) -> Any:
        """Run a command on the nodes by turns."""
        self._turn += 1
        return await self.ledgers[self._turn % len(self.ledgers)].submit(command)

    async def offer(self, **fields: Any) -> OfferOut:
        new = NewOffer(**{"title": "Drink", "claimable": False, **fields})
        made: OfferOut = await self.submit(
            CreateOffer(self.event_id, self.owner, str(new_id()), new_id(), new, "offer")
        )
        return made

    async def gate(self, name: str = "Main") -> UUID:
        gate = await self.submit(CreateGate(self.event_id, self.owner, new_id(), name))
        return UUID(str(gate.id))

    async def device(self, label: str = "Phone 1", gate_id: UUID | None = None, *, paired: bool = True) -> Actor:
        device = await self.submit(CreateDevice(self.event_id, self.owner, new_id(), label, gate_id, False, False))
        if paired:
            await self.submit(MarkPaired(self.event_id, device.id, new_id()))
        return Actor("device", device.id, label)

    async def issue(self, offer: OfferOut, count: int) -> list[str]:
        """Stage codes and publish them as one entry."""
        made, now, batch_id = [codes.generate() for _ in range(count)], self.clock(), new_id()
        await self.stage(batch_id, offer, made)
        await self.submit(
            PublishBatch(self.event_id, self.owner, str(batch_id), batch_id, (Share(offer.id, count),), {}, str(now))
        )
        return made

    async def stage(self, batch_id: UUID, offer: OfferOut, made: list[str]) -> None:
        now = self.clock()
        await self.database.execute(
            "INSERT INTO voucher_batches (event_id, id, created_at) VALUES ($1, $2, $3)", self.event_id, batch_id, now
        )
        await self.database.execute(
            """INSERT INTO vouchers (event_id, id, code, offer_id, batch_id, state, max_uses, generated, poolable,
                                     created_at, updated_at)
               SELECT $1, u.id, u.code, $2, $3, 'issued', $4, true, true, $5, $5
                 FROM unnest($6::uuid[], $7::text[]) AS u (id, code)""",
            self.event_id, offer.id, batch_id, offer.max_uses, now, [new_id() for _ in made], made,
        )  # fmt: skip

    async def redeem(self, code: str, key: str | None = None, **wanted: Any) -> dict[str, Any]:
        verdict: dict[str, Any] = await self.submit(self.redeeming(code, key, **wanted))
        return verdict

    def redeeming(
        self,
        code: str,
        key: str | None = None,
        *,
        actor: Actor | None = None,
        gate_id: UUID | None = None,
        units: int = 1,
        scanned_at: Any = None,
        local: LocalJudgement | None = None,
    ) -> Redeem:
        who = actor or self.door
        read = codes.read(code)
        scan = Scan(read, codes.digest(read or code), None, gate_id, units, False, scanned_at, local)
        device_id = who.id if who.type == "device" else None
        return Redeem(self.event_id, who, device_id, key or f"key-{new_id()}", scan, new_id(), new_id(), Lane.DOOR)

    async def claim(self, offer_id: UUID, guest_id: UUID, key: str | None = None) -> dict[str, Any]:
        command = ClaimVoucher(
            self.event_id, Actor("guest", guest_id, "Guest"), key or f"key-{new_id()}", offer_id, guest_id, new_id(),
            codes.generate(),
        )  # fmt: skip
        verdict: dict[str, Any] = await self.submit(command)
        return verdict

    async def release(self, guest_id: UUID, voucher_id: UUID) -> Any:
        return await self.submit(ReleaseVoucher(self.event_id, Actor("guest", guest_id, "Guest"), guest_id, voucher_id))

    async def reverse(self, redemption_id: UUID, *, key: str | None = None, any_time: bool = True) -> dict[str, Any]:
        verdict: dict[str, Any] = await self.submit(
            Reverse(self.event_id, self.owner, key or f"key-{new_id()}", redemption_id, "a mistake", any_time)
        )
        return verdict

    async def snapshot(self) -> dict[str, Any]:
        """Return the snapshot as it goes over the wire."""
        state = await snapshot(self.database, self.event_id)
        shape: dict[str, Any] = json.loads(state.model_dump_json())
        return shape

    async def entries(self, after_seq: int = 0) -> list[dict[str, Any]]:
        """Return all entries after a number, as they go over the wire."""
        found: list[dict[str, Any]] = []
        while True:
            stretch = await entries_after(self.database, self.event_id, after_seq + len(found), 1_000)
            found += json.loads(json.dumps(stretch.entries))
            if after_seq + len(found) >= stretch.head_seq:
                return found

    async def recount(self) -> dict[str, dict[str, int]]:
        """Count every offer's figures from the vouchers and redemptions themselves, not from the counters."""
        rows = await self.database.fetch(
            """SELECT o.id::text,
                      count(v.id) AS issued,
                      count(v.id) FILTER (WHERE v.guest_id IS NOT NULL AND v.state NOT IN ('released', 'voided'))
                          AS claimed,
                      count(v.id) FILTER (WHERE v.state = 'voided') AS voided,
                      count(v.id) FILTER (WHERE v.state = 'released') AS released,
                      count(v.id) FILTER (WHERE v.poolable AND v.uses = 0) AS unclaimed,
                      count(v.id) FILTER (WHERE v.holds_place) AS places,
                      coalesce(sum(v.uses), 0)::bigint AS uses,
                      (SELECT coalesce(sum(r.units), 0)::bigint FROM redemptions r
                        WHERE r.event_id = o.event_id AND r.offer_id = o.id AND r.reversed_at IS NULL)
                          AS redeemed_units
                 FROM offers o
                 LEFT JOIN vouchers v ON v.event_id = o.event_id AND v.offer_id = o.id
                      AND (v.batch_id IS NULL OR EXISTS (SELECT FROM voucher_batches b
                           WHERE b.event_id = v.event_id AND b.id = v.batch_id AND b.seq IS NOT NULL))
                WHERE o.event_id = $1 AND NOT o.deleted GROUP BY o.event_id, o.id""",
            self.event_id,
        )
        return {row["id"]: {name: row[name] for name in dict(row) if name != "id"} for row in rows}
