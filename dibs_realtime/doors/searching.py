"""Finding a guest who has no code at hand: for door staff and for devices that may search."""

from dibs_realtime.accounts.caller import Device
from dibs_realtime.doors.model import DEVICES, device_of
from dibs_realtime.kit import problems
from dibs_realtime.kit.database import Database
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.ledger.queries import resident_view
from dibs_realtime.vouchers import queries
from dibs_realtime.vouchers.schemas import FoundVouchers, NameQuery


def search_routes(database: Database) -> Routes:
    """Return the door's search."""
    r = Routes("devices")

    @r.get("/events/{event_id}/door-search", who="D dev", problems=(403,))
    async def search(call: Call, query: NameQuery) -> FoundVouchers:
        """Find vouchers by a part of the guest's name; redeem one of them by its `voucher_id`.

        For door staff, and for devices with `can_search`; 403 for others. Codes are masked, addresses are left out.
        """
        if isinstance(call.caller, Device):
            view = await resident_view(database, call.event_id, (DEVICES,))
            device = device_of(view, call.caller.device_id)
            if device is None or not device.can_search:
                raise problems.forbidden("This device may not search: scan the code.")
        if query.q is None:
            return FoundVouchers(items=[])
        return FoundVouchers(items=await queries.vouchers_of_name(database, call.event_id, query.q, query.limit))

    return r
