"""An organizer's account: signed in, and kept so."""

import asyncio
import time
from http import HTTPStatus
from typing import Any

from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.rest import Api

EARLY = 60.0
"""An access token is renewed so many seconds before it ends."""


class Account:
    """Calls the server as an organizer."""

    def __init__(self, api: Api, email: str, password: str) -> None:
        self.api = api
        self.email = email
        self._password = password
        self._access = self._refresh = ""
        self._good_until = 0.0
        self._renewing = asyncio.Lock()

    async def register(self, name: str) -> None:
        """Make the account. Raises ApiError 409 when somebody has this address."""
        new = {"email": self.email, "password": self._password, "name": name}
        self._take(await self.api.post("/auth/register", new))

    async def sign_in(self) -> None:
        """Sign in. Raises ApiError 401."""
        self._take(await self.api.post("/auth/login", {"email": self.email, "password": self._password}))

    async def token(self, refused: bool = False) -> str:
        """Return an access token that is good for a while; `refused`: the last one was not accepted."""
        was = self._access
        async with self._renewing:
            if time.monotonic() >= self._good_until or (refused and self._access == was):
                try:
                    self._take(await self.api.post("/auth/refresh", {"refresh_token": self._refresh}))
                except ApiError as error:
                    if error.status != HTTPStatus.UNAUTHORIZED:
                        raise
                    await self.sign_in()
            return self._access

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Call the server and return its answer. Raises ApiError, UnreachableError."""
        try:
            return await self.api.call(method, path, body, token=await self.token(), key=key)
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        return await self.api.call(method, path, body, token=await self.token(refused=True), key=key)

    async def listed(self, path: str) -> list[dict[str, Any]]:
        """Return all items of a list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.call("GET", f"{path}?limit=200{cursor}")
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    async def sign_out(self) -> None:
        """End the session."""
        await self.call("POST", "/auth/logout")

    def _take(self, signed_in: dict[str, Any]) -> None:
        self._access, self._refresh = signed_in["access_token"], signed_in["refresh_token"]
        self._good_until = time.monotonic() + max(1.0, signed_in["expires_in"] - EARLY)
