"""What the demo prints, so that a person can take part in its night: as a guest, at a door, as its organizer."""

import asyncio
import contextlib
from datetime import UTC, datetime

import segno
from rich.columns import Columns
from rich.console import Console, Group
from rich.text import Text

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.party import DOOR_FOR_YOU, GATE_FOR_YOU, Party
from dibs_realtime.simulate.problems import ApiError, UnreachableError
from dibs_realtime.simulate.reducer import Row

EARLY = 20.0
"""A door's link is replaced so many seconds before it ends."""
RETRY = 5.0
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
_BORDER = 2
"""Empty modules around a symbol: fewer than on paper, the terminal is dark or light around it anyway."""


class Welcome:
    """Prints the ways into the night. The link that makes a phone a door is renewed until somebody takes it."""

    def __init__(self, account: Account, party: Party, console: Console) -> None:
        self._account = account
        self._party = party
        self._console = console
        self._pairing: Row = {}

    async def tell(self, password: str) -> None:
        """Print all of it. Raises ApiError, UnreachableError."""
        self._pairing = await self._new_pairing()
        door: str = self._pairing["pairing_url"]
        # The server knows under which address people reach it.
        place = door.partition("/door/")[0]
        event = self._party.event
        ways = (
            ("1  Call dibs as a guest", f"{place}/e/{event['slug']}", "Then show your code at the door."),
            ("2  Be the door", door, f"Opens a door at the {GATE_FOR_YOU}."),
            ("3  Watch as the organizer", f"{place}/app/", f"{self._account.email}  {password}"),
        )
        self._console.print(f"[bold]“{event['name']}” is on.[/bold] A demo night, with made-up guests and doors.")
        self._console.print("Take part, in two windows or on two phones:\n")
        blocks = [
            Group(Text(title, style="bold"), symbol(link), Text(link), Text(note, style="dim"), "")
            for title, link, note in ways
        ]
        self._console.print(Columns(blocks, padding=(0, 3)), soft_wrap=False)

    async def keep(self) -> None:
        """Renew the door's link before it ends, and print it, until a phone has been paired with it."""
        while True:
            ends = datetime.fromisoformat(self._pairing["expires_at"])
            await asyncio.sleep(max(RETRY, (ends - datetime.now(UTC)).total_seconds() - EARLY))
            with contextlib.suppress(ApiError, UnreachableError):  # it is asked for again
                device = await self._device()
                if device is None or device["status"] != "new":
                    return
                self._pairing = await self._new_pairing()
                self._console.print(f"The door's link is a new one: {self._pairing['pairing_url']}", markup=False)

    async def _new_pairing(self) -> Row:
        """Return a pairing for a phone of the person's own: the device that nobody took, or one more."""
        path, device = f"{self._party.path}/devices", await self._device()
        if device is not None and device["status"] == "new":
            pairing: Row = await self._account.call("POST", f"{path}/{device['id']}/pairing")
        else:
            new = {"label": DOOR_FOR_YOU, "gate_id": self._party.gates[GATE_FOR_YOU]["id"]}
            pairing = await self._account.call("POST", path, new)
        return pairing

    async def _device(self) -> Row | None:
        """Return the newest device that was made for the person."""
        devices = await self._account.listed(f"{self._party.path}/devices")
        return next((device for device in reversed(devices) if device["label"] == DOOR_FOR_YOU), None)


def symbol(content: str) -> Text:
    """Return a QR code for a terminal: two modules a character, dark on white where there are colours."""
    rows = [list(map(bool, row)) for row in segno.make_qr(content, error="l").matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    lines = (
        "".join(_HALVES[top, bottom] for top, bottom in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return Text("\n".join(lines), style="black on white", no_wrap=True)
