"""Commands on gates and devices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.doors.model import DEVICES, Device, device_of, labelled
from dibs_realtime.doors.schemas import DeviceResource, GateResource
from dibs_realtime.events.model import GATE_COUNTERS, GATES, Gate, GateCounter, live_gate
from dibs_realtime.kit import problems
from dibs_realtime.ledger.command import Command
from dibs_realtime.ledger.editing import check_version, edited, render
from dibs_realtime.ledger.model import Actor, Draft
from dibs_realtime.ledger.row import replace
from dibs_realtime.ledger.view import View
from dibs_realtime.offers.model import OFFERS

MOST_GATES = 200
MOST_DEVICES = 500


def gate_shape(event_id: UUID, gate: Gate) -> dict[str, Any]:
    """Return the gate as entries hold it."""
    return render(GateResource, gate, event_id=event_id).model_dump(mode="json")


def device_shape(event_id: UUID, device: Device) -> dict[str, Any]:
    """Return the device as entries hold it."""
    return render(DeviceResource, device, event_id=event_id).model_dump(mode="json")


@dataclass(frozen=True)
class CreateGate(Command[Gate]):
    """Add a gate."""

    event_id: UUID
    actor: Actor
    gate_id: UUID
    name: str

    def decide(self, view: View) -> Gate:
        if sum(not gate.deleted for gate in view.all(GATES)) >= MOST_GATES or len(view.all(GATES)) >= 10 * MOST_GATES:
            raise problems.conflict(f"An event has at most {MOST_GATES} gates.")
        gate = Gate(self.gate_id, self.name, deleted=False, version=1, created_at=view.now, updated_at=view.now)
        view.put(GATES, gate)
        view.put(GATE_COUNTERS, GateCounter(gate.id, 0))
        view.append(Draft("gate.created", self.actor, gate_id=gate.id, data=gate_shape(self.event_id, gate)))
        return gate


@dataclass(frozen=True)
class UpdateGate(Command[Gate]):
    """Change a gate."""

    event_id: UUID
    actor: Actor
    gate_id: UUID
    changes: Mapping[str, Any]
    if_match: int | None

    def decide(self, view: View) -> Gate:
        before = live_gate(view, self.gate_id)
        if before is None:
            raise problems.not_found()
        check_version(before, self.if_match)
        gate, changes = edited(before, self.changes, view.now)
        if changes:
            view.put(GATES, gate)
            shape = gate_shape(self.event_id, gate)
            data = {"changes": {name: shape[name] for name in changes}}
            view.append(Draft("gate.updated", self.actor, gate_id=gate.id, data=data))
        return gate


@dataclass(frozen=True)
class DeleteGate(Command[None]):
    """Delete a gate that no offer names. Devices that stood there stand nowhere then."""

    event_id: UUID
    actor: Actor
    gate_id: UUID
    if_match: int | None

    def decide(self, view: View) -> None:
        gate = live_gate(view, self.gate_id)
        if gate is None:
            raise problems.not_found()
        check_version(gate, self.if_match)
        for offer in view.all(OFFERS):
            if not offer.deleted and gate.id in offer.gate_ids:
                raise problems.conflict(f"The offer “{offer.title}” is limited to this gate.")
        for device in view.all(DEVICES):
            if device.gate_id == gate.id:
                _change_device(view, self.event_id, self.actor, device, {"gate_id": None})
        view.put(GATES, replace(gate, deleted=True, version=gate.version + 1, updated_at=view.now))
        view.append(Draft("gate.deleted", self.actor, gate_id=gate.id))


@dataclass(frozen=True)
class CreateDevice(Command[Device]):
    """Add a device; it is paired later."""

    event_id: UUID
    actor: Actor
    device_id: UUID
    label: str
    gate_id: UUID | None
    gate_locked: bool
    can_search: bool

    def decide(self, view: View) -> Device:
        if sum(device.status != "revoked" for device in view.all(DEVICES)) >= MOST_DEVICES:
            raise problems.conflict(f"An event has at most {MOST_DEVICES} devices.")
        _check_gate(view, self.gate_id)
        device = Device(
            id=self.device_id,
            label=self.label,
            gate_id=self.gate_id,
            gate_locked=self.gate_locked,
            can_search=self.can_search,
            status="new",
            session_id=None,
            first_paired_at=None,
            paired_at=None,
            version=1,
            created_at=view.now,
            updated_at=view.now,
        )
        view.put(DEVICES, device)
        view.append(Draft("device.created", self.actor, data=device_shape(self.event_id, device)))
        return device


@dataclass(frozen=True)
class UpdateDevice(Command[Device]):
    """Change a device. `by_itself`: it asks for another gate, which a locked one may not."""

    event_id: UUID
    actor: Actor
    device_id: UUID
    changes: Mapping[str, Any]
    if_match: int | None
    by_itself: bool = False

    def decide(self, view: View) -> Device:
        device = _living(view, self.device_id)
        check_version(device, self.if_match)
        if self.by_itself and device.gate_locked:
            raise problems.forbidden("This device is locked to its gate.")
        if "gate_id" in self.changes:
            _check_gate(view, self.changes["gate_id"])
        return _change_device(view, self.event_id, labelled(view, self.actor), device, self.changes)


@dataclass(frozen=True)
class MarkPaired(Command[Device]):
    """A phone holds the device's token now. Repeating it with the same session changes nothing."""

    event_id: UUID
    device_id: UUID
    session_id: UUID

    def decide(self, view: View) -> Device:
        device = _living(view, self.device_id)
        if device.session_id == self.session_id:
            return device
        after = replace(
            device,
            status="paired",
            session_id=self.session_id,
            first_paired_at=device.first_paired_at or view.now,
            paired_at=view.now,
            version=device.version + 1,
            updated_at=view.now,
        )
        return _note(view, self.event_id, Actor("device", device.id, device.label), "device.paired", after)


@dataclass(frozen=True)
class RevokeDevice(Command[Device]):
    """End a device for good. Repeating it changes nothing."""

    event_id: UUID
    actor: Actor
    device_id: UUID

    def decide(self, view: View) -> Device:
        device = device_of(view, self.device_id)
        if device is None:
            raise problems.not_found()
        if device.status == "revoked":
            return device
        after = replace(device, status="revoked", version=device.version + 1, updated_at=view.now)
        return _note(view, self.event_id, self.actor, "device.revoked", after)


def _note(view: View, event_id: UUID, actor: Actor, kind: str, device: Device) -> Device:
    view.put(DEVICES, device)
    shape = device_shape(event_id, device)
    changes = {name: shape[name] for name in ("status", "paired_at", "version", "updated_at")}
    view.append(Draft(kind, actor, data={"device_id": device.id, "changes": changes}))
    return device


def _change_device(view: View, event_id: UUID, actor: Actor, before: Device, wanted: Mapping[str, Any]) -> Device:
    device, changes = edited(before, wanted, view.now)
    if changes:
        view.put(DEVICES, device)
        shape = device_shape(event_id, device)
        data = {"device_id": device.id, "changes": {name: shape[name] for name in changes}}
        view.append(Draft("device.updated", actor, data=data))
    return device


def _living(view: View, device_id: UUID) -> Device:
    device = device_of(view, device_id)
    if device is None:
        raise problems.not_found()
    if device.status == "revoked":
        raise problems.conflict("This device was ended. Add a new one.")
    return device


def _check_gate(view: View, gate_id: UUID | None) -> None:
    if gate_id is not None and live_gate(view, gate_id) is None:
        raise problems.unprocessable("This is no gate of this event.", loc=("body", "gate_id"))
