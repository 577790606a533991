"""The live state in Python: a snapshot, and how the ledger's entries carry it on.

The law: a snapshot at s plus the entries after s equals a later snapshot, always. This is the twin of the web apps'
reducer (`web/src/lib/live/reducer.ts`); both are held to the recorded cases in `tests/vectors/ledger_law.json`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Snapshot = dict[str, Any]
Entry = Mapping[str, Any]

COUNTERS = ("issued", "claimed", "redeemed_units", "voided", "released", "unclaimed", "places")
"""The figures of an offer that entries move by their `data.counts`."""


class GapError(ValueError):
    """An entry is missing: after `seq` came `next_seq`."""

    def __init__(self, seq: int, next_seq: int) -> None:
        super().__init__(f"after entry {seq} came entry {next_seq}")
        self.seq = seq
        self.next_seq = next_seq


def apply(snapshot: Snapshot, entries: Sequence[Entry]) -> Snapshot:
    """Return the state after `entries`, which come in the order of their `seq`.

    Pure: `snapshot` stays as it is, and what no entry touched is shared. Entries up to its `seq` are known already and
    left out. Raises GapError for the first one that does not follow.
    """
    state = snapshot
    for entry in entries:
        if entry["seq"] <= state["seq"]:
            continue
        if entry["seq"] != state["seq"] + 1:
            raise GapError(state["seq"], entry["seq"])
        change = _CHANGES.get(entry["kind"])
        # A kind that a later server adds changes nothing here but its counts.
        state = _counted({**state, **(change(state, entry) if change else {}), "seq": entry["seq"]}, entry)
    return state


# ── what an entry makes, changes and removes: the parts of the state that are new ──


def _event_created(_state: Snapshot, entry: Entry) -> Snapshot:
    return {"event": entry["data"]}


def _event_updated(state: Snapshot, entry: Entry) -> Snapshot:
    return {"event": _changed(state["event"], entry)}


def _event_status(state: Snapshot, entry: Entry) -> Snapshot:
    return {"event": {**state["event"], **entry["data"]}}


def _gate_created(state: Snapshot, entry: Entry) -> Snapshot:
    return {"gates": _put(state["gates"], {**entry["data"], "redeemed_units": 0})}


def _gate_updated(state: Snapshot, entry: Entry) -> Snapshot:
    return {"gates": _patched(state["gates"], entry.get("gate_id"), lambda gate: _changed(gate, entry))}


def _gate_deleted(state: Snapshot, entry: Entry) -> Snapshot:
    return {"gates": _without(state["gates"], entry.get("gate_id"))}


def _offer_created(state: Snapshot, entry: Entry) -> Snapshot:
    fresh = {**entry["data"], **dict.fromkeys(COUNTERS, 0)}
    return {"offers": _put(state["offers"], _with_remaining(fresh))}


def _offer_updated(state: Snapshot, entry: Entry) -> Snapshot:
    def changed(offer: Row) -> Row:
        return _with_remaining(_changed(offer, entry))

    return {"offers": _patched(state["offers"], entry.get("offer_id"), changed)}


def _offer_deleted(state: Snapshot, entry: Entry) -> Snapshot:
    return {"offers": _without(state["offers"], entry.get("offer_id"))}


def _device_created(state: Snapshot, entry: Entry) -> Snapshot:
    return {"devices": _put(state["devices"], dict(entry["data"]))}


def _device_changed(state: Snapshot, entry: Entry) -> Snapshot:
    device_id = entry["data"].get("device_id")
    return {"devices": _patched(state["devices"], device_id, lambda device: _changed(device, entry))}


def _conflict_opened(state: Snapshot, _entry: Entry) -> Snapshot:
    return {"open_conflicts": state["open_conflicts"] + 1}


def _conflict_resolved(state: Snapshot, _entry: Entry) -> Snapshot:
    return {"open_conflicts": state["open_conflicts"] - 1}


_CHANGES: Mapping[str, Callable[[Snapshot, Entry], Snapshot]] = {
    "event.created": _event_created,
    "event.updated": _event_updated,
    "event.opened": _event_status,
    "event.closed": _event_status,
    "gate.created": _gate_created,
    "gate.updated": _gate_updated,
    "gate.deleted": _gate_deleted,
    "offer.created": _offer_created,
    "offer.updated": _offer_updated,
    "offer.deleted": _offer_deleted,
    "device.created": _device_created,
    "device.updated": _device_changed,
    "device.paired": _device_changed,
    "device.revoked": _device_changed,
    "conflict.opened": _conflict_opened,
    "conflict.resolved": _conflict_resolved,
}


def _counted(state: Snapshot, entry: Entry) -> Snapshot:
    """Add `data.counts` to the entry's offer, and the redeemed units to its gate as well."""
    counts = entry["data"].get("counts")
    if not counts:
        return state

    def offer_with(offer: Row) -> Row:
        return _with_remaining({**offer, **{name: offer[name] + counts.get(name, 0) for name in COUNTERS}})

    def gate_with(gate: Row) -> Row:
        return {**gate, "redeemed_units": gate["redeemed_units"] + counts["redeemed_units"]}

    after = {**state, "offers": _patched(state["offers"], entry.get("offer_id"), offer_with)}
    if counts.get("redeemed_units"):
        after["gates"] = _patched(state["gates"], entry.get("gate_id"), gate_with)
    return after


def _with_remaining(offer: Row) -> Row:
    """Tell how many more people can still get one: free places, and vouchers that are nobody's. None: no limit."""
    quantity = offer["quantity"]
    left = None if quantity is None else max(0, quantity - offer["places"]) + offer["unclaimed"]
    return {**offer, "remaining": left}


# ── rows ──


def _changed(row: Row, entry: Entry) -> Row:
    return {**row, **entry["data"].get("changes", {})}


def _put(rows: Sequence[Row], row: Row) -> list[Row]:
    """Return the rows with one more, in the order of creation (ids are time-ordered)."""
    return sorted([*_without(rows, row["id"]), row], key=lambda known: known["id"])


def _patched(rows: Sequence[Row], row_id: Any, change: Callable[[Row], Row]) -> list[Row]:
    return [change(row) if row["id"] == row_id else row for row in rows]


def _without(rows: Sequence[Row], row_id: Any) -> list[Row]:
    return [row for row in rows if row["id"] != row_id]
