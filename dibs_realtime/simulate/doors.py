"""A door: a paired device that redeems over its socket or over REST, and judges alone when it is cut off."""

import asyncio
import random
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dibs_realtime.simulate.account import Account
from dibs_realtime.simulate.line import Line
from dibs_realtime.simulate.problems import AGAIN, ApiError, UnreachableError, pause
from dibs_realtime.simulate.rest import Api
from dibs_realtime.simulate.tickets import Ticket

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
        self._list: dict[str, int] = {}

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
        self, ticket: Ticket, shown: str, *, units: int = 1, gate_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Scan a ticket and return the verdict, in which `alone` tells that the door judged by itself.

        shown: the code as it is scanned or typed. Raises ApiError for what is no verdict.
        """
        request = {"code": shown, "idempotency_key": key or fresh_key(), "units": units, "gate_id": gate_id}
        async with self._hands:
            answer = None if self.is_quiet else await self._ask_while_online(request)
            return dict(answer or self._judge_alone(request, ticket))

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

    async def go_quiet(self, uses: Mapping[str, int]) -> None:
        """Lose the network: from now on the door judges alone, by `uses` of codes as it last heard of them."""
        self._list = dict(uses)
        self._cut.set()
        await self.line.close()

    async def come_back(self) -> list[dict[str, Any]]:
        """Have the network again: bring in what was judged alone, and return the server's verdicts on it.

        Raises UnreachableError when the server puts items off for longer than the client is patient; they stay.
        """
        self._cut.clear()
        self.line.open()
        results: list[dict[str, Any]] = []
        deadline, tries = time.monotonic() + self._api.patience, 0
        while self._outbox:
            items = self._outbox[:BATCH]
            answer = await self._api.post(f"{self._path}/redemptions/batch", {"items": items}, token=self._token)
            left = [item for item, result in zip(items, answer["results"], strict=True) if _is_put_off(result)]
            # Only now: what was not answered stays, and goes again with the same keys.
            self._outbox[: len(items)] = left
            results += [result for result in answer["results"] if self._counts(result)]
            if left:
                self._api.figures.again("items of an upload")
                if time.monotonic() > deadline:
                    raise UnreachableError(f"{len(self._outbox)} scans could not be brought in.")
                await asyncio.sleep(pause(tries))
                tries += 1
        self._list.clear()
        return results

    def _counts(self, result: dict[str, Any]) -> bool:
        """Count one result of an upload; return whether it is a verdict."""
        if "problem" in result:
            if not _is_put_off(result):
                self._api.figures.problem(f"an item of an upload: {result['problem']['status']}")
            return False
        self._api.figures.verdict("upload", result)
        if result["conflict_id"]:
            self._api.figures.note("conflicts opened by uploads")
        return True

    def _judge_alone(self, request: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
        """Judge by the door's own list, as a scanner does; what other doors do meanwhile it cannot know."""
        now, used = datetime.now(UTC).isoformat(), self._list.get(ticket.code, 0)
        reason = self._reason_alone(ticket, used, request["units"], request["gate_id"] or self.gate_id)
        verdict = "refused" if reason else "accepted"
        if reason is None:
            self._list[ticket.code] = used + request["units"]
        local = {"verdict": verdict, "reason": reason, "device_time": now, "clock_offset_ms": 0}
        self._outbox.append({**request, "scanned_at": now, "local": local})
        self._api.figures.note(f"scans that a door judged alone: {verdict}")
        return {"verdict": verdict, "reason": reason, "redemption_id": None, "voucher": None, "alone": True}

    @staticmethod
    def _reason_alone(ticket: Ticket, used: int, units: int, gate_id: str | None) -> str | None:
        if not ticket.genuine:
            return "unknown_code"
        if ticket.gate_ids and gate_id not in ticket.gate_ids:
            return "wrong_gate"
        if used >= ticket.max_uses:
            return "already_redeemed"
        return "insufficient_uses" if used + units > ticket.max_uses else None

    async def _hand_token(self, refused: bool) -> str:
        del refused  # it has no other
        return self._token


def _is_put_off(result: Mapping[str, Any]) -> bool:
    """Return whether an item of a batch is to be sent again: the server was busy or away just then."""
    return "problem" in result and result["problem"]["status"] in AGAIN


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
