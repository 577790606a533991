"""A door: a paired device that redeems over its socket or over REST, and judges alone when it is cut off."""

import asyncio
import random
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.line import Line
from dibs_realtime.simulate.problems import ApiError
from dibs_realtime.simulate.rest import Api

REST_SHARE = 0.2
"""How many of its scans a door sends over REST although it has a socket."""
BATCH = 500


def fresh_key() -> str:
    """Return an idempotency key."""
    return secrets.token_urlsafe(18)


class Door:
    """One device. It scans one code after the other, as a person does."""

    def __init__(self, api: Api, paired: Mapping[str, Any], rng: random.Random) -> None:
        """paired: the answer to the pairing."""
        self._api = api
        self._token: str = paired["device_token"]
        self._rng = rng
        self._path = f"/events/{paired['event']['id']}"
        self.event_id: str = paired["event"]["id"]
        self.id: str = paired["device"]["id"]
        self.label: str = paired["device"]["label"]
        self.gate_id: str | None = paired["device"]["gate_id"]
        self.line = Line(api, self._hand_token)
        self._cut = asyncio.Event()
        self._hands = asyncio.Lock()
        self._outbox: list[dict[str, Any]] = []
        self._seen: set[str] = set()

    @property
    def is_quiet(self) -> bool:
        """Whether it has no network and judges alone."""
        return self._cut.is_set()

    @property
    def has_to_upload(self) -> bool:
        """Whether it judged alone what the server does not know yet."""
        return bool(self._outbox)

    def open(self) -> None:
        """Begin the shift."""
        self.line.open()

    async def close(self) -> None:
        """End the shift."""
        await self.line.close()

    async def redeem(
        self, code: str, *, units: int = 1, gate_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Scan a code and return the verdict, in which `alone` tells that the door judged by itself.

        Raises ApiError for what is no verdict.
        """
        request = {"code": code, "idempotency_key": key or fresh_key(), "units": units, "gate_id": gate_id}
        async with self._hands:
            answer = None if self.is_quiet else await self._ask_while_online(request)
            return dict(answer or self._judge_alone(request))

    async def reverse(self, redemption_id: str, reason: str) -> dict[str, Any]:
        """Take one of its redemptions back."""
        body = {"idempotency_key": fresh_key(), "reason": reason}
        verdict = await self._api.post(f"{self._path}/redemptions/{redemption_id}/reversal", body, token=self._token)
        self._api.figures.verdict("reversal", verdict)
        return dict(verdict)

    async def _ask_while_online(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Ask the server; None: the network went away first, and whether it counted is known only later."""
        asked, cut = asyncio.create_task(self._ask(request)), asyncio.create_task(self._cut.wait())
        try:
            await asyncio.wait((asked, cut), return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()
            if not asked.done():
                asked.cancel()
        if asked.done():
            return asked.result()
        self._api.figures.note("answers lost to a door that was cut off")
        return None

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._rng.random() < REST_SHARE:
            path, what = f"{self._path}/redemptions", "redeem over REST"
            verdict: dict[str, Any] = await self._api.post(path, request, token=self._token, timed=what)
        else:
            message = {"event_id": self.event_id, **request}
            verdict = (await self.line.call("redeem", message, timed="redeem over Socket.IO"))["verdict"]
        self._api.figures.verdict("redeem", verdict)
        return verdict

    # ── cut off ──

    async def go_quiet(self) -> None:
        """Lose the network: from now on the door judges alone."""
        self._cut.set()
        await self.line.close()

    async def come_back(self) -> list[dict[str, Any]]:
        """Have the network again: bring in what was judged alone, and return the server's verdicts on it."""
        self._cut.clear()
        self.line.open()
        results: list[dict[str, Any]] = []
        while self._outbox:
            items = self._outbox[:BATCH]
            answer = await self._api.post(f"{self._path}/redemptions/batch", {"items": items}, token=self._token)
            # Only now: what was not answered stays, and goes again with the same keys.
            del self._outbox[: len(items)]
            for result in answer["results"]:
                if "problem" in result:
                    self._api.figures.problem(f"batch item {result['problem']['status']}")
                    continue
                self._api.figures.verdict("upload", result)
                if result["conflict_id"]:
                    self._api.figures.note("conflicts opened by uploads")
                results.append(result)
        self._seen.clear()
        return results

    def _judge_alone(self, request: dict[str, Any]) -> dict[str, Any]:
        """Admit what this door has not seen yet; it can know no better."""
        now = datetime.now(UTC).isoformat()
        bare = request["code"].upper().rpartition("/V/")[2].replace("-", "")
        known = bare in self._seen
        self._seen.add(bare)
        verdict, reason = ("refused", "already_redeemed") if known else ("accepted", None)
        local = {"verdict": verdict, "reason": reason, "device_time": now, "clock_offset_ms": 0}
        self._outbox.append({**request, "scanned_at": now, "local": local})
        self._api.figures.note("scans judged by a door alone")
        return {"verdict": verdict, "reason": reason, "redemption_id": None, "alone": True}

    async def _hand_token(self, refused: bool) -> str:
        del refused  # it has no other
        return self._token


async def pair(account: Account, event_id: str, device_id: str | None, rng: random.Random, **device: Any) -> Door:
    """Add a device to the event, or pair the given one anew, and return the door that it is.

    Raises ApiError when the account may not.
    """
    path = f"/events/{event_id}/devices"
    pairing = await account.call("POST", f"{path}/{device_id}/pairing" if device_id else path, device or None)
    body = {"pairing_code": pairing["pairing_code"], "pairing_nonce": fresh_key()}
    return Door(account.api, await account.api.post("/devices/pair", body), rng)


async def revoke(account: Account, door: Door) -> None:
    """End the device for good; one that is gone already is fine."""
    try:
        await account.call("DELETE", f"/events/{door.event_id}/devices/{door.id}")
    except ApiError as error:
        account.api.figures.problem(f"ending a device: {error}")
