"""What watchers read: the snapshot, and the figures."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dibs_realtime.dashboard.schemas import Figures, GateFigures, MinuteFigures, OfferFigures, Snapshot, Stats
from dibs_realtime.doors.model import DEVICES
from dibs_realtime.doors.schemas import DeviceResource, GateOut
from dibs_realtime.events.model import EVENT_COUNTERS, EVENTS, GATE_COUNTERS, GATES, event_of
from dibs_realtime.events.schemas import EventResource
from dibs_realtime.kit.database import Database
from dibs_realtime.ledger.editing import render
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.ledger.table import Table
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.commands import shown
from dibs_realtime.offers.model import NO_GATE, OFFER_COUNTERS, OFFERS, OfferCounter, counter_of

RESIDENT: tuple[Table[Any], ...] = (EVENTS, EVENT_COUNTERS, GATES, GATE_COUNTERS, OFFERS, OFFER_COUNTERS, DEVICES)
"""What the ledger's writer keeps of an event between batches, and what a snapshot is made of."""

_FIGURES = tuple(Figures.model_fields)


async def snapshot(database: Database, event_id: UUID) -> Snapshot:
    """Return the state right after the ledger's last entry. Raises Problem 404 for an unknown event."""
    return snapshot_of(await resident_view(database, event_id, RESIDENT))


def snapshot_of(view: View) -> Snapshot:
    """Return the snapshot of what a view holds; lists are in the order of creation."""
    event_id = view.event_id
    conflicts = view.get(EVENT_COUNTERS, event_id)
    offers = sorted((offer for offer in view.all(OFFERS) if not offer.deleted), key=lambda offer: offer.id)
    gates = sorted((gate for gate in view.all(GATES) if not gate.deleted), key=lambda gate: gate.id)
    return Snapshot(
        epoch=view.epoch,
        seq=view.seq,
        event=render(EventResource, event_of(view)),
        offers=[shown(event_id, offer, counter_of(view, offer.id)) for offer in offers],
        gates=[render(GateOut, gate, event_id=event_id, redeemed_units=_units_at(view, gate.id)) for gate in gates],
        devices=[
            render(DeviceResource, device, event_id=event_id)
            for device in sorted(view.all(DEVICES), key=lambda device: device.id)
        ],
        open_conflicts=conflicts.open_conflicts if conflicts else 0,
    )


async def stats(database: Database, event_id: UUID, minutes: int, now: datetime) -> Stats:
    """Return the event's figures with the series of the last `minutes`."""
    view = await resident_view(database, event_id, RESIDENT)
    state = snapshot_of(view)
    rows = await database.fetch_aside(
        """SELECT minute, offer_id, gate_id, claimed, redeemed_units FROM minute_counters
            WHERE event_id = $1 AND minute > $2 ORDER BY minute, offer_id, gate_id""",
        event_id,
        now - timedelta(minutes=minutes),
    )
    refused = await database.fetch_aside("SELECT count(*) FROM attempts WHERE event_id = $1", event_id)
    return Stats(
        seq=state.seq,
        totals=Figures(**_sum(view.all(OFFER_COUNTERS))),
        refused=refused[0][0],
        open_conflicts=state.open_conflicts,
        offers=[
            OfferFigures(
                offer_id=offer.id,
                title=offer.title,
                remaining=offer.remaining,
                **{name: getattr(offer, name) for name in _FIGURES},
            )
            for offer in state.offers
        ],
        gates=[
            GateFigures(gate_id=gate.id, name=gate.name, redeemed_units=gate.redeemed_units) for gate in state.gates
        ],
        minutes=[
            MinuteFigures(
                minute=row["minute"],
                offer_id=row["offer_id"],
                gate_id=None if row["gate_id"] == NO_GATE else row["gate_id"],
                claimed=row["claimed"],
                redeemed_units=row["redeemed_units"],
            )
            for row in rows
        ],
    )


def _units_at(view: View, gate_id: UUID) -> int:
    counter = view.get(GATE_COUNTERS, gate_id)
    return counter.redeemed_units if counter else 0


def _sum(counters: Iterable[OfferCounter]) -> dict[str, int]:
    rows = list(counters)
    return {name: sum(getattr(row, name) for row in rows) for name in _FIGURES}
