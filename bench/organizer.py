"""Prepares a hot event over the public REST API, as an organizer would."""

import csv
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import aiohttp

CODES_A_CALL = 100_000
_TIMEOUT = aiohttp.ClientTimeout(total=180)


class PreparationError(Exception):
    """The server did not do what the contract says; the text tells which call and what came back."""


@dataclass(slots=True)
class HotEvent:
    """An open event with one offer of ample vouchers, and a paired door's token."""

    event_id: str
    device_token: str
    organizer_token: str
    offer_id: str
    codes: list[str] = field(default_factory=list)


class Organizer:
    """A client of the API on a loopback port: `async with Organizer(port) as organizer`."""

    def __init__(self, port: int, token: str | None = None) -> None:
        """token: of an account that is signed in already."""
        self._base = f"http://127.0.0.1:{port}/api/v1"
        self._session: aiohttp.ClientSession
        self._token = token

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def prepare(self, vouchers: int, *, name: str = "bench") -> HotEvent:
        """Sign up, make and open an event, issue `vouchers` codes, pair a door. Raises PreparationError."""
        account = {"email": f"{name}@example.com", "password": secrets.token_urlsafe(24), "name": "Bench"}
        token: str = (await self.post("/auth/register", account, 201))["access_token"]
        self._token = token
        now = datetime.now(UTC)
        event = await self.post(
            "/events",
            {
                "name": "Bench",
                "slug": name,
                "timezone": "Europe/Vilnius",
                "starts_at": now.isoformat(),
                "ends_at": (now + timedelta(hours=12)).isoformat(),
            },
            201,
        )
        path = f"/events/{event['id']}"
        offer = await self.post(f"{path}/offers", {"title": "1 free drink", "claimable": False, "max_uses": 1}, 201)
        await self.post(f"{path}/open", None, 200)
        created = await self.post(f"{path}/devices", {"label": "Door 1"}, 201)
        pairing = {"pairing_code": created["pairing_code"], "pairing_nonce": secrets.token_urlsafe(24)}
        paired = await self.post("/devices/pair", pairing, 200)
        hot = HotEvent(event["id"], paired["device_token"], token, offer["id"])
        for begin in range(0, vouchers, CODES_A_CALL):
            count = min(CODES_A_CALL, vouchers - begin)
            await self.post(f"{path}/vouchers", {"offer_id": offer["id"], "count": count}, 201)
        hot.codes = await self._codes(path)
        if len(hot.codes) != vouchers:
            raise PreparationError(f"{vouchers} codes were issued, the export has {len(hot.codes)}.")
        return hot

    async def _codes(self, path: str) -> list[str]:
        url = f"{self._base}{path}/vouchers/export?format=csv"
        async with self._session.get(url, headers=self._headers()) as response:
            text = (await response.read()).decode("utf-8-sig")
            if response.status != 200:
                raise PreparationError(f"GET {url}: {response.status} {text[:500]}")
        return [row["code"] for row in csv.DictReader(text.splitlines())]

    async def post(self, path: str, body: dict[str, Any] | None, expected: int) -> dict[str, Any]:
        """Send a call and return its answer. Raises PreparationError for another status than `expected`."""
        async with self._session.post(f"{self._base}{path}", json=body, headers=self._headers()) as response:
            text = await response.text()
            if response.status != expected:
                raise PreparationError(f"POST {path}: {response.status} instead of {expected}: {text[:500]}")
            answer: dict[str, Any] = await response.json(content_type=None)
            return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}
