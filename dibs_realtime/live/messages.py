"""Every message on a socket, both ways: these validate what comes in, and the API's description is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dibs_realtime.claims.schemas import ClaimRequest, ClaimVerdict, PublicOffer, WalletVoucher
from dibs_realtime.dashboard.schemas import ActorOut, EntryOut, Snapshot
from dibs_realtime.kit.wire import ProblemDetails, Utc, Wire
from dibs_realtime.redemptions.model import RefusalReason
from dibs_realtime.redemptions.schemas import RedeemRequest, RedemptionVerdict

# ── from clients ──


class Handshake(BaseModel):
    """What a client sends to connect. Client libraries add members of their own."""

    model_config = ConfigDict(extra="ignore")

    token: str | None = None
    language: Annotated[
        str | None, Field(description="Like `Accept-Language`, which pages cannot set on a websocket.")
    ] = None


class Watch(Wire):
    """Watch an event; with `after_seq` (and the `epoch` it belongs to) go on where the last connection ended."""

    event_id: UUID
    epoch: UUID | None = None
    after_seq: Annotated[int, Field(ge=0, le=2**53)] | None = None


class Unwatch(Wire):
    """Watch it no more."""

    event_id: UUID


class WatchPublic(Wire):
    """Watch the counts of an event's public page."""

    slug: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Redeem(RedeemRequest):
    """Redeem a voucher: the same request, rules and verdict as over REST."""

    event_id: UUID


class Claim(ClaimRequest):
    """Call dibs on an offer."""

    offer_id: UUID


# ── acknowledgements ──


class _Ok(Wire):
    ok: Literal[True]


class Done(_Ok):
    """It is done."""


class Watching(_Ok):
    """Where the watcher stands: a snapshot at `head_seq`, or the entries after `after_seq` up to `head_seq`.

    `resync`: the watcher's own state is of no use any more, it starts from the snapshot.
    """

    epoch: UUID
    head_seq: int
    snapshot: Snapshot | None
    entries: list[EntryOut]
    resync: bool


class WatchingPublic(_Ok):
    """The event and its offers as they are now; changes follow as `counts`."""

    status: Literal["open", "closed"]
    offers: list[PublicOffer]


class Redeemed(_Ok):
    """The door's verdict, and the server's time in milliseconds since 1970: by it doors set their clocks."""

    verdict: RedemptionVerdict
    server_time: int


class Claimed(_Ok):
    """The verdict on a claim."""

    claim: ClaimVerdict


class SocketProblem(ProblemDetails):
    """The same problem as over REST. `retry_after`: seconds, where an HTTP answer has the header."""

    retry_after: int | None = None


class NotOk(Wire):
    """It could not be done."""

    ok: Literal[False]
    problem: SocketProblem


# ── to clients ──


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LedgerFrame(_Sent):
    """New entries, contiguous and in order."""

    event_id: UUID
    epoch: UUID
    from_seq: int
    to_seq: int
    entries: list[EntryOut]


class Head(_Sent):
    """Where the ledger stands, at least every two seconds. Whoever is behind, or of another epoch, watches anew."""

    event_id: UUID
    epoch: UUID
    head_seq: int


class Burn(_Sent):
    """How vouchers stand at entry `seq`, by their ordinals in the door's snapshot: `[ordinal, uses, flags]` each.

    Flags 1: claimed, 2: over for good. With it everything up to entry `through` has been told; 0: more follows. A door
    that was away asks `GET …/door-snapshot/state` first: what happened after the last `through`, or `seq` of a state,
    that it knows.
    """

    event_id: UUID
    epoch: UUID
    seq: int
    through: int
    burns: list[list[int]]


class OfferCounts(_Sent):
    """An offer's public numbers, and whether it is given out at the moment."""

    status: Literal["active", "paused"]
    claimed: int
    redeemed: int
    remaining: int | None


class Counts(_Sent):
    """Whether an event is open, and the public numbers of its offers, at most five times a second."""

    slug: str
    status: Literal["open", "closed"]
    offers: dict[UUID, OfferCounts]


class Scan(_Sent):
    """A refused attempt at a door. Best effort: the list of attempts has them all.

    `scanned_at` is earlier than `at` where the door judged alone.
    """

    event_id: UUID
    attempt_id: UUID
    at: Utc
    scanned_at: Utc
    reason: RefusalReason
    voucher_id: UUID | None
    offer_id: UUID | None
    gate_id: UUID | None
    device_id: UUID | None
    actor: ActorOut
    units: int
    offline: bool


class DevicePresence(_Sent):
    """Whether a device is connected."""

    device_id: UUID
    label: str
    gate_id: UUID | None
    online: bool
    last_seen_at: Utc | None


class Presence(_Sent):
    """All devices of the event that are not revoked."""

    event_id: UUID
    devices: list[DevicePresence]


class Unwatched(_Sent):
    """The caller may not watch this event any more."""

    event_id: UUID
    reason: str


class RoleChanged(_Sent):
    """The caller may go on watching this event, in another role: what they may do and see is to be asked for anew."""

    event_id: UUID


class MembersChanged(_Sent):
    """Somebody joined the event, left it or has another role; who works on it is to be asked for anew.

    The ledger says nothing of members: it keeps nothing of persons.
    """

    event_id: UUID


class SessionEnded(_Sent):
    """The session is over; the server disconnects."""

    reason: str


class Reconnect(_Sent):
    """The node disconnects next: come back at a random moment within so many milliseconds.

    It is about to stop; or it does not know what this guest or door was not told, who asks for everything then.
    """

    within_ms: int


# ── the whole protocol ──


@dataclass(frozen=True, slots=True)
class Call:
    """A message from clients, who may send it (the contract's letters) and its acknowledgement."""

    request: type[Wire]
    answer: type[Wire]
    who: str


@dataclass(frozen=True, slots=True)
class Push:
    """A message to clients, and to whom."""

    payload: type[BaseModel]
    audience: str


CALLS: Mapping[str, Call] = {
    "watch": Call(Watch, Watching, "V D dev"),
    "unwatch": Call(Unwatch, Done, "-"),
    "watch_public": Call(WatchPublic, WatchingPublic, "-"),
    "redeem": Call(Redeem, Redeemed, "D dev"),
    "claim": Call(Claim, Claimed, "G"),
}

PUSHES: Mapping[str, Push] = {
    "ledger": Push(LedgerFrame, "those who watch the event"),
    "head": Push(Head, "those who watch the event"),
    "scan": Push(Scan, "those who watch the event"),
    "presence": Push(Presence, "those who watch the event"),
    "burn": Push(Burn, "devices that watch the event"),
    "counts": Push(Counts, "those who watch the public page"),
    "voucher": Push(WalletVoucher, "the guest who has the voucher"),
    "unwatched": Push(Unwatched, "one connection"),
    "role_changed": Push(RoleChanged, "one connection"),
    "members_changed": Push(MembersChanged, "those who watch the event, and the member whom it is about"),
    "session_ended": Push(SessionEnded, "one connection"),
    "reconnect": Push(Reconnect, "those whom the node disconnects next"),
}
