"""Gates, devices and pairing over REST."""

from uuid import UUID

from dibs_realtime.accounts.caller import device as calling_device
from dibs_realtime.doors.commands import (
    CreateDevice,
    CreateGate,
    DeleteGate,
    RevokeDevice,
    UpdateDevice,
    UpdateGate,
)
from dibs_realtime.doors.model import DEVICES, Device, device_of
from dibs_realtime.doors.pairing import PairingOffice
from dibs_realtime.doors.repository import ABSENT, Presence, PresenceRepository
from dibs_realtime.doors.schemas import (
    DeviceOut,
    DevicePatch,
    DeviceResource,
    GateOut,
    GatePatch,
    GateResource,
    NewDevice,
    NewGate,
    OwnDevicePatch,
    Paired,
    Pairing,
    PairRequest,
)
from dibs_realtime.events.actors import actor_of
from dibs_realtime.events.model import EVENTS, GATE_COUNTERS, GATES, Gate, event_of, live_gate
from dibs_realtime.events.schemas import EventResource
from dibs_realtime.kit import paging, problems
from dibs_realtime.kit.clock import Clock
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.ids import new_id
from dibs_realtime.kit.wire import Page, PageQuery
from dibs_realtime.ledger.editing import check_version, render
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.ledger.view import View
from dibs_realtime.ledger.writer import Ledger


def gate_routes(database: Database, ledger: Ledger) -> Routes:
    """Return the routes of gates."""
    r = Routes("gates")

    async def read(event_id: UUID) -> View:
        return await resident_view(database, event_id, (EVENTS, GATES, GATE_COUNTERS))

    def shown(view: View, gate: Gate) -> GateOut:
        counter = view.get(GATE_COUNTERS, gate.id)
        return render(GateOut, gate, event_id=view.event_id, redeemed_units=counter.redeemed_units if counter else 0)

    async def changed(event_id: UUID, gate: Gate) -> GateOut:
        return shown(await read(event_id), gate)

    @r.get("/events/{event_id}/gates", who="V D dev")
    async def list_gates(call: Call, query: PageQuery) -> Page[GateOut]:
        """List the event's gates."""
        after, view = paging.after(query), await read(call.event_id)
        gates = [gate for gate in view.all(GATES) if not gate.deleted and (after is None or gate.id > after)]
        rows = [shown(view, gate) for gate in sorted(gates, key=lambda gate: gate.id)]
        return paging.page(rows[: query.limit + 1], query, lambda row: row.id)

    @r.post("/events/{event_id}/gates", who="M", status=201, problems=(409,))
    async def create(call: Call, body: NewGate) -> GateOut:
        """Add a gate."""
        command = CreateGate(call.event_id, actor_of(call.caller), new_id(), body.name)
        return await changed(call.event_id, await ledger.submit(command))

    @r.patch("/events/{event_id}/gates/{gate_id}", who="M")
    async def update(call: Call, body: GatePatch) -> GateOut:
        """Rename a gate."""
        command = UpdateGate(
            call.event_id, actor_of(call.caller), call.path["gate_id"], {"name": body.name}, call.if_match
        )  # fmt: skip
        return await changed(call.event_id, await ledger.submit(command))

    @r.delete("/events/{event_id}/gates/{gate_id}", who="M", problems=(409,))
    async def delete(call: Call) -> None:
        """Delete a gate that no offer is limited to."""
        await ledger.submit(DeleteGate(call.event_id, actor_of(call.caller), call.path["gate_id"], call.if_match))

    return r


def device_routes(
    database: Database,
    ledger: Ledger,
    office: PairingOffice,
    presence: PresenceRepository,
    public_url: str,
    clock: Clock,
) -> Routes:
    """Return the routes of devices."""
    r = Routes("devices")

    def shown(event_id: UUID, device: Device, seen: dict[UUID, Presence]) -> DeviceOut:
        here = seen.get(device.id, ABSENT)
        online = here.online and device.status == "paired"
        return render(DeviceOut, device, event_id=event_id, online=online, last_seen_at=here.last_seen_at)

    async def with_presence(event_id: UUID, device: Device) -> DeviceOut:
        return shown(event_id, device, await presence.of(event_id, clock()))

    async def known(call: Call) -> Device:
        view = await resident_view(database, call.event_id, (DEVICES,))
        device = device_of(view, call.path["device_id"])
        if device is None:
            raise problems.not_found()
        return device

    async def pairing(event_id: UUID, device: Device) -> Pairing:
        code, expires_at = await office.code_for(event_id, device.id)
        return Pairing(
            device=await with_presence(event_id, device),
            pairing_code=code,
            pairing_url=f"{public_url}/door/#{code}",
            expires_at=expires_at,
        )

    @r.post("/events/{event_id}/devices", who="M", status=201, problems=(409,))
    async def create(call: Call, body: NewDevice) -> Pairing:
        """Add a device and get its pairing code: 15 minutes, single use."""
        command = CreateDevice(call.event_id, actor_of(call.caller), new_id(), **body.model_dump())
        return await pairing(call.event_id, await ledger.submit(command))

    @r.get("/events/{event_id}/devices", who="M")
    async def list_devices(call: Call, query: PageQuery) -> Page[DeviceOut]:
        """List the event's devices and whether they are connected."""
        after, seen = paging.after(query), await presence.of(call.event_id, clock())
        view = await resident_view(database, call.event_id, (DEVICES,))
        devices = sorted(
            (device for device in view.all(DEVICES) if after is None or device.id > after), key=lambda device: device.id
        )
        rows = [shown(call.event_id, device, seen) for device in devices[: query.limit + 1]]
        return paging.page(rows, query, lambda row: row.id)

    @r.patch("/events/{event_id}/devices/{device_id}", who="M", problems=(409,))
    async def update(call: Call, body: DevicePatch) -> DeviceOut:
        """Change a device. What is left out stays."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        command = UpdateDevice(
            call.event_id, actor_of(call.caller), call.path["device_id"], changes, call.if_match
        )  # fmt: skip
        return await with_presence(call.event_id, await ledger.submit(command))

    @r.delete("/events/{event_id}/devices/{device_id}", who="M")
    async def revoke(call: Call) -> None:
        """End a device for good; its token ends within a second, everywhere."""
        device = await known(call)
        if device.status != "revoked":
            check_version(device, call.if_match)
        # Its sessions first: whatever fails afterwards, no phone works on that everybody sees as ended. And once more
        # for a phone that was paired just then.
        await office.end_sessions(call.event_id, device.id, "device_revoked")
        # Its version was looked at: what its phone changes in the meantime must not keep half of this.
        await ledger.submit(RevokeDevice(call.event_id, actor_of(call.caller), device.id))
        await office.end_sessions(call.event_id, device.id, "device_revoked")

    @r.post("/events/{event_id}/devices/{device_id}/pairing", who="M", problems=(409,))
    async def pair_anew(call: Call) -> Pairing:
        """Get a new pairing code for the same device (a lost phone); its old token ends."""
        device = await known(call)
        if device.status == "revoked":
            raise problems.conflict("This device was ended. Add a new one.")
        await office.end_sessions(call.event_id, device.id, "paired_again")
        return await pairing(call.event_id, device)

    @r.post("/devices/pair", who="-", problems=(404, 409, 429))
    async def pair(call: Call, body: PairRequest) -> Paired:
        """Trade a pairing code for the device's token. The same code and nonce within a minute answer again."""
        user_agent = call.request.headers.get("User-Agent", "")[:300]
        event_id, device, token = await office.pair(body.pairing_code, body.pairing_nonce, call.address, user_agent)
        view = await resident_view(database, event_id, (EVENTS, GATES))
        gate = live_gate(view, device.gate_id) if device.gate_id else None
        return Paired(
            device_token=token,
            device=render(DeviceResource, device, event_id=event_id),
            event=render(EventResource, event_of(view)),
            gate=render(GateResource, gate, event_id=event_id) if gate else None,
        )

    @r.patch("/devices/me", who="dev", problems=(409,))
    async def move(call: Call, body: OwnDevicePatch) -> DeviceOut:
        """Move this device to another gate, unless it is locked to its own."""
        me = calling_device(call)
        command = UpdateDevice(
            me.event_id, actor_of(me), me.device_id, {"gate_id": body.gate_id}, call.if_match, by_itself=True
        )  # fmt: skip
        return await with_presence(me.event_id, await ledger.submit(command))

    return r
