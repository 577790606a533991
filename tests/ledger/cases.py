"""One recorded case for every kind of entry: the snapshot before, the entries, the snapshot after.

`make vectors` writes them to tests/vectors/ledger_law.json, where the TypeScript reducer's tests read them.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from dibs_realtime.doors.commands import DeleteGate, MarkPaired, RevokeDevice, UpdateDevice, UpdateGate
from dibs_realtime.events.commands import SetEventStatus, UpdateEvent
from dibs_realtime.kit.clock import utc_now
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.ids import new_id
from dibs_realtime.offers.commands import DeleteOffer, UpdateOffer
from dibs_realtime.redemptions.leases import EndLease
from dibs_realtime.redemptions.resolution import ResolveConflict
from dibs_realtime.redemptions.schemas import LocalJudgement
from dibs_realtime.vouchers.commands import VoidVoucher
from tests.ledger.night import Night

Case = dict[str, Any]


class Recorder:
    """Runs steps on a night and keeps what each did."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.cases: list[Case] = []

    async def step(self, name: str, act: Callable[[], Awaitable[Any]]) -> Any:
        before = await self.night.snapshot()
        result = await act()
        after = await self.night.snapshot()
        entries = await self.night.entries(before["seq"])
        self.cases.append({"name": name, "before": before, "entries": entries, "after": after})
        return result


async def record(database: Database) -> list[Case]:
    """Play a small night that makes every kind of entry but `event.created`, which makes the event itself."""
    night = await Night(database).begin(opened=False)
    event_id, owner, submit, step = night.event_id, night.owner, night.submit, (r := Recorder(night)).step
    await step("event opened", lambda: submit(SetEventStatus(event_id, owner, "open", None)))
    await step("event updated", lambda: submit(UpdateEvent(event_id, owner, {"name": "Midsummer", "venue": "Hill"}, 2)))
    gate_id = await step("gate created", night.gate)
    bar_id = await step("a second gate", lambda: night.gate("Bar"))
    await step("gate updated", lambda: submit(UpdateGate(event_id, owner, bar_id, {"name": "Long bar"}, None)))
    drink = await step("offer created, capped", lambda: night.offer(quantity=10, max_uses=3))
    flash = await step(
        "offer created, claimable", lambda: night.offer(title="Flash", claimable=True, quantity=2, per_guest_limit=1)
    )
    spare = await step("an offer without a cap", lambda: night.offer(title="Spare"))
    await step("offer deleted", lambda: submit(DeleteOffer(event_id, owner, spare.id, None)))
    codes = await step("vouchers issued", lambda: night.issue(drink, 5))
    await step(
        "offer updated, the cap too",
        lambda: submit(UpdateOffer(event_id, owner, drink.id, {"quantity": 20, "title": "Drink"}, None)),
    )
    await step(
        "offer updated, no cap", lambda: submit(UpdateOffer(event_id, owner, drink.id, {"quantity": None}, None))
    )
    await step(
        "offer updated, capped again", lambda: submit(UpdateOffer(event_id, owner, drink.id, {"quantity": 7}, None))
    )
    door = await step("device created and paired", lambda: night.device("Phone 1", gate_id))
    assert door.id is not None
    lost = await step("device created", lambda: night.device("Phone 2", bar_id, paired=False))
    assert lost.id is not None
    await step("device updated", lambda: submit(UpdateDevice(event_id, owner, door.id, {"can_search": True}, None)))
    await step("device paired anew", lambda: submit(MarkPaired(event_id, door.id, new_id())))
    await step("device revoked", lambda: submit(RevokeDevice(event_id, owner, lost.id)))
    first = await step("redeemed at a gate", lambda: night.redeem(codes[0], actor=door))
    await step("two more units", lambda: night.redeem(codes[0], actor=door, units=2))
    await step("refused: no entry", lambda: night.redeem(codes[0], actor=door))
    await step("reversed", lambda: night.reverse(first["redemption_id"]))
    second = await step("redeemed nowhere in particular", lambda: night.redeem(codes[1]))
    await step("a used voucher voided", lambda: submit(VoidVoucher(event_id, owner, second["voucher"]["id"], "torn")))
    await step("its redemption reversed", lambda: night.reverse(second["redemption_id"]))
    third = await step("redeemed by a device", lambda: night.redeem(codes[2], actor=door))
    await step("back to the pool", lambda: night.reverse(third["redemption_id"]))
    await step("an unused voucher voided", lambda: submit(VoidVoucher(event_id, owner, third["voucher"]["id"], "lost")))
    guests = [new_id(), new_id(), new_id()]
    claims = [await step("claimed", lambda g=guest: night.claim(flash.id, g)) for guest in guests]
    await step("released", lambda: night.release(guests[0], claims[0]["voucher"]["id"]))
    await step("claimed from the pool", lambda: _pooled_claim(night))
    local = LocalJudgement(verdict="accepted", device_time=utc_now(), clock_offset_ms=0, staff="Ona")
    await step(
        "a conflict opened", lambda: night.redeem(codes[0], "conflict-key-0001", actor=door, units=3, local=local)
    )
    await step(
        "an offline admission",
        lambda: night.redeem(codes[3], actor=door, local=local, scanned_at=utc_now() - timedelta(seconds=5)),
    )
    conflict_id = await database.fetchval("SELECT id FROM conflicts WHERE event_id = $1", event_id)
    await step(
        "a conflict resolved",
        lambda: submit(ResolveConflict(event_id, owner, conflict_id, "accepted_as_is", "the guest was in")),
    )
    wrist = await step("an offer that is lent", lambda: night.offer(title="Wristband", max_uses=3, offline="lease"))
    [band] = await step("its voucher issued", lambda: night.issue(wrist, 1))
    await step("redeemed, the rest lent", lambda: night.redeem(band, actor=door))
    lent_id = await database.fetchval("SELECT id FROM vouchers WHERE lease IS NOT NULL")
    await step("a lease recalled", lambda: submit(EndLease(event_id, owner, lent_id, None)))
    await step("gate deleted", lambda: submit(DeleteGate(event_id, owner, bar_id, None)))
    await step("event closed", lambda: submit(SetEventStatus(event_id, owner, "closed", None)))
    return r.cases


async def _pooled_claim(night: Night) -> None:
    offer = await night.offer(title="Poster", claimable=True, quantity=5)
    await night.issue(offer, 3)
    await night.claim(offer.id, new_id())
