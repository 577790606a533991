"""Guests: they sign in to the event, call dibs over REST or a socket of their own, and give back."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from dibs_realtime.simulate.doors import fresh_key
from dibs_realtime.simulate.line import Line
from dibs_realtime.simulate.rest import Api

NAMES = (
    "Ada", "Agnė", "Aino", "Ben", "Chloé", "Darius", "Elif", "Emil", "Fatou", "Gintarė", "Hana", "Igor", "Ines",
    "Jonas", "Kaja", "Lena", "Liam", "Maja", "Milan", "Nora", "Ola", "Petra", "Rasa", "Sami", "Sofia", "Tomas", "Uma",
    "Vera", "Wojtek", "Yuki", "Zoé",
)  # fmt: skip
SOCKET_SHARE = 0.7
"""How many of the guests want a socket."""
MOST_WAITING = 25
"""Guests who wait to sign in; who finds a longer queue does without."""


class Guest:
    """Somebody with a wallet."""

    def __init__(self, api: Api, token: str) -> None:
        self._api = api
        self._token = token
        self._line: Line | None = None

    @property
    def has_socket(self) -> bool:
        """Whether claims go over a socket."""
        return self._line is not None

    def open(self) -> None:
        """Connect a socket: from now on claims go over it."""
        self._line = Line(self._api, self._hand_token, {"voucher": self._told})
        self._line.open()

    async def close(self) -> None:
        """Leave."""
        if self._line is not None:
            await self._line.close()

    async def claim(self, offer_id: str) -> dict[str, Any]:
        """Call dibs and return the verdict. Raises ApiError for what is none."""
        body = {"idempotency_key": fresh_key()}
        if self._line is not None:
            ack = await self._line.call("claim", {"offer_id": offer_id, **body}, timed="claim over Socket.IO")
            verdict = ack["claim"]
        else:
            verdict = await self._api.post(
                f"/offers/{offer_id}/claims", body, token=self._token, timed="claim over REST"
            )
        self._api.figures.verdict("claim", verdict)
        return dict(verdict)

    async def release(self, voucher_id: str) -> None:
        """Give a voucher back."""
        await self._api.post(f"/guest/vouchers/{voucher_id}/release", token=self._token)
        self._api.figures.note("vouchers given back")

    async def _hand_token(self, refused: bool) -> str:
        del refused  # there is no other
        return self._token

    def _told(self, _voucher: Any) -> None:
        self._api.figures.note("vouchers told to their guests at once")


class Entrance:
    """Where guests sign in, one after the other: the server limits how many a second come from one address.

    sockets: guests who may have a socket at the same time; all others claim over REST.
    """

    def __init__(self, api: Api, event: Mapping[str, Any], access_code: str | None, sockets: int) -> None:
        self._api = api
        self._event = event
        self._access_code = access_code
        self._sockets_left = sockets
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def sign_in(self, rng: random.Random) -> Guest | None:
        """Return a new guest, or None when the queue is too long. Raises ApiError."""
        if self._waiting >= MOST_WAITING:
            self._api.figures.note("guests who did not queue to sign in")
            return None
        self._waiting += 1
        try:
            async with self._turn:
                signed_in = await self._api.post(f"/public/events/{self._event['slug']}/guests", self._form(rng))
        finally:
            self._waiting -= 1
        guest = Guest(self._api, signed_in["access_token"])
        if self._sockets_left > 0 and rng.random() < SOCKET_SHARE:
            self._sockets_left -= 1
            guest.open()
        return guest

    async def leave(self, guest: Guest) -> None:
        """Let a guest go; the next one may have the socket."""
        if guest.has_socket:
            self._sockets_left += 1
        await guest.close()

    def _form(self, rng: random.Random) -> dict[str, str]:
        form: dict[str, str] = {}
        if self._event["guest_name"] != "off":
            form["name"] = rng.choice(NAMES)
        if self._access_code is not None:
            form["access_code"] = self._access_code
        return form
