"""What anybody may watch: the public counts of an event's offers."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

from dibs_realtime.kit.tasks import end
from dibs_realtime.simulate.line import Line
from dibs_realtime.simulate.observer import differences
from dibs_realtime.simulate.reducer import Row
from dibs_realtime.simulate.rest import Api

SHOWN = ("status", "claimed", "redeemed", "remaining")
SETTLE_SECONDS = 5.0
"""The last counts are sent within a fifth of a second; a busy server may need longer."""


class PublicObserver:
    """Watches the numbers of a public page, without any account."""

    def __init__(self, api: Api, slug: str) -> None:
        self._api = api
        self._slug = slug
        self._numbers: dict[str, dict[str, Any]] = {}
        self._watching: asyncio.Task[None] | None = None
        self.line = Line(api, self._no_token, {"counts": self._on_counts, "open": self._on_open})

    def start(self) -> None:
        """Watch from now on."""
        self.line.open()

    async def close(self) -> None:
        """Stop watching."""
        await end(self._watching)
        await self.line.close()

    async def converges(self) -> list[str]:
        """Compare what was told with what the public page says; return the differences that stay."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            page = await self._api.get(f"/public/events/{self._slug}")
            found = differences(self._numbers, _numbers(page["offers"]))
            if not found or time.monotonic() > deadline:
                return found
            await asyncio.sleep(0.25)

    def _on_open(self, _: Any) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        ack = await self.line.call("watch_public", {"slug": self._slug})
        self._numbers = _numbers(ack["offers"])

    def _on_counts(self, counts: Mapping[str, Any]) -> None:
        self._numbers.update(counts["offers"])
        self._api.figures.note("public counts told")

    async def _no_token(self, refused: bool) -> None:
        del refused


def _numbers(offers: Iterable[Row]) -> dict[str, dict[str, Any]]:
    return {offer["id"]: {name: offer[name] for name in SHOWN} for offer in offers}
