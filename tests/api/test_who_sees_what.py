"""Marked codes, names and addresses are planted; then everything that leaves the process is searched for them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis.asyncio as plain_redis

from dibs_realtime.kit import json
from dibs_realtime.kit.database import Database
from tests.api.conftest import Log
from tests.support.rest import Client, Rest
from tests.support.sockets import Socket
from tests.support.waiting import eventually
from tests.support.world import PASSWORD, Device, Guest, Organizer, World, fresh_key, redeem

# No letter that is read as a digit: a code is searched for as it is stored.
OWN_CODE = "MARKEDBEER7"
TYPED = "MARKEDTYPE77"
ACCESS_CODE = "marked-sesame"
GUEST, GUEST_EMAIL = "Marked Gudrun", "marked-gudrun@dibs.example"
LISTED, LISTED_EMAIL = "Marked Liselotte", "marked-liselotte@dibs.example"
OWNER, OWNER_EMAIL = "Marked Olga", "marked-olga@dibs.example"
DOOR, VIEWER, MANAGER = "Marked Dora", "Marked Vera", "Marked Mia"
NAMES = (GUEST, GUEST_EMAIL, LISTED, LISTED_EMAIL, OWNER, OWNER_EMAIL, DOOR, VIEWER, MANAGER)


class Overheard:
    """What left the process, by the way it took."""

    def __init__(self) -> None:
        self.ways: dict[str, list[bytes]] = {}

    def note(self, way: str, *said: Any) -> None:
        self.ways.setdefault(way, []).extend(part if isinstance(part, bytes) else json.dumps(part) for part in said)

    def tells(self, secret: str, *ways: str) -> list[str]:
        """Return the ways that a secret took."""
        # Codes are compared as a person would write them, with and without dashes.
        forms = {secret.encode(), secret.replace("-", "").encode(), f"{secret[:5]}-{secret[5:]}".encode()}
        return [way for way in ways or self.ways if any(form in said for form in forms for said in self.ways[way])]


class Night:
    """The people of the night, what they know, and what is overheard."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heard = Overheard()
        self.codes: list[str] = [OWN_CODE]
        self.tokens: list[str] = [PASSWORD]

    async def begin(self) -> None:
        world = self.world
        self.owner: Organizer = await world.organizer(OWNER, OWNER_EMAIL)
        event = await world.event(
            self.owner, guest_access="access_code", access_code=ACCESS_CODE, guest_name="optional"
        )
        self.id, self.path, self.slug = event["id"], f"/events/{event['id']}", event["slug"]
        self.manager = await world.member(self.owner, self.id, "manager", MANAGER)
        self.viewer = await world.member(self.owner, self.id, "viewer", VIEWER)
        self.door = await world.member(self.owner, self.id, "door", DOOR)
        self.gate = await world.gate(self.owner, self.id)
        self.flash = await world.offer(self.owner, self.id, title="Flash", quantity=5)
        self.ticket = await world.offer(self.owner, self.id, title="Ticket", claimable=False, max_uses=3)
        self.device: Device = await world.device(self.owner, self.id, gate_id=self.gate["id"])
        self.searcher: Device = await world.device(self.owner, self.id, "Box office", can_search=True)
        self.guest: Guest = await world.guest(self.slug, name=GUEST, email=GUEST_EMAIL, access_code=ACCESS_CODE)
        self.other: Guest = await world.guest(self.slug, access_code=ACCESS_CODE)
        people: tuple[Rest, ...] = (
            self.owner,
            self.manager,
            self.viewer,
            self.door,
            self.device,
            self.searcher,
            self.guest,
            self.other,
        )
        self.tokens += [str(person.token) for person in people] + [self.owner.refresh_token]

    async def happen(self) -> None:
        """Do everything that changes an event, and everything that fails at a door."""
        owner, device = self.owner, self.device
        listed = f"code,offer,guest_name,guest_email\n{OWN_CODE},Ticket,{LISTED},{LISTED_EMAIL}\n".encode()
        csv = {"Content-Type": "text/csv"}
        assert (await owner.post(f"{self.path}/vouchers/import", data=listed, headers=csv))["imported"] == 1
        rejected = f"code,offer,guest_email\nMARKED!,Ticket,\nMARKED99,Ticket,{LISTED_EMAIL}x y\n".encode()
        assert len((await owner.post(f"{self.path}/vouchers/import", data=rejected, headers=csv))["rejected"]) == 2
        self.codes += await self.world.codes(owner, self.id, self.ticket["id"], 3)
        claimed, given_back = [await self.guest.claim(self.flash["id"]) for _ in range(2)]
        self.codes += [claimed["voucher"]["code"], given_back["voucher"]["code"]]
        await self.guest.post(f"/guest/vouchers/{given_back['voucher']['id']}/release")
        self.verdicts = [
            await device.redeem(claimed["voucher"]["code"]),
            await device.redeem(claimed["voucher"]["code"]),
            await device.redeem(TYPED),
            await redeem(self.door, self.id, OWN_CODE),
            await redeem(self.door, self.id, given_back["voucher"]["code"]),
        ]
        alone = {"verdict": "accepted", "device_time": self.world.clock(), "clock_offset_ms": 0, "staff": DOOR}
        late = await device.redeem(claimed["voucher"]["code"], scanned_at=self.world.clock(), local=alone)
        unknown = await device.redeem(f"{TYPED}8", scanned_at=self.world.clock(), local=alone)
        assert late["conflict_id"]
        assert unknown["conflict_id"]
        settled = {"outcome": "dismissed", "reason": "it is all right"}
        await owner.post(f"{self.path}/conflicts/{late['conflict_id']}/resolution", settled)
        reversal = {"idempotency_key": fresh_key(), "reason": "spilled"}
        await device.post(f"{self.path}/redemptions/{self.verdicts[0]['redemption_id']}/reversal", reversal)
        (unused,) = (await owner.get(f"{self.path}/vouchers", q=self.codes[1]))["items"]
        await owner.post(f"{self.path}/vouchers/{unused['id']}/void", {"reason": "lost"})
        await owner.patch(self.path, {"access_code": f"{ACCESS_CODE}-2", "description": "Bring a coat."})
        await owner.patch(f"{self.path}/devices/{device.id}", {"label": "Front phone"})
        await owner.post(f"{self.path}/close")
        await owner.post(f"{self.path}/open")
        await device.redeem(self.codes[2])  # the last entry: who has seen it has seen all

    async def look(self) -> None:
        """Read what those may read who may not see codes and guests."""
        watching = ("", "/snapshot", "/ledger", "/gates", "/offers")
        listing = ("/stats", "/vouchers", "/attempts", "/redemptions", "/conflicts")
        public = (f"/public/events/{self.slug}", f"/public/vouchers/{self.codes[-1]}")
        for name, caller, paths in (
            ("viewer", self.viewer, (*watching, *listing)),
            ("door", self.door, watching),
            ("device", self.device, watching),
            ("other guest", self.other, ("/guest/vouchers",)),
            ("nobody", self.world.nobody, public),
        ):
            for path in paths:
                whole = path if path.startswith(("/guest/", "/public/")) else f"{self.path}{path}"
                self.heard.note(f"REST to {name}: {path or '/'}", await caller.get(whole))
        for name, caller in (("door", self.door), ("device", self.searcher)):
            found = await caller.get(f"{self.path}/door-search", q="marked")
            assert {voucher["guest_name"] for voucher in found["items"]} == {GUEST, LISTED}
            self.heard.note(f"search by {name}", found)
        listed = await self.viewer.get(f"{self.path}/vouchers")
        for voucher in listed["items"]:
            self.heard.note("REST to viewer: a voucher", await self.viewer.get(f"{self.path}/vouchers/{voucher['id']}"))


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[list[bytes]]:
    """Every message that goes over Redis."""
    connection, heard = plain_redis.Redis.from_url(redis_url), []
    subscriber = connection.pubsub()
    await subscriber.psubscribe("*")

    async def listen() -> None:
        async for message in subscriber.listen():
            heard.append(json.dumps([str(part) for part in message.values()]))  # noqa: PERF401  # it never ends

    task = asyncio.create_task(listen())
    yield heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await subscriber.aclose()
    await connection.aclose()


async def test_marked_values_stay_with_those_who_may_see_them(
    world: World,
    client: Client,
    second_node: Client,
    database: Database,
    redis_url: str,
    bus: list[bytes],
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    night = Night(world)
    heard = night.heard
    await night.begin()
    async with AsyncExitStack() as stack:
        watchers = {}
        for name, caller in {"manager": night.manager, "viewer": night.viewer, "door": night.door,
                             "device": night.device}.items():  # fmt: skip
            # The other node hears of everything over Redis.
            watchers[name] = await stack.enter_async_context(Socket(second_node, caller.token))
            assert (await watchers[name].call("watch", {"event_id": night.id}))["ok"]
        public = await stack.enter_async_context(Socket(client))
        assert (await public.call("watch_public", {"slug": night.slug}))["ok"]
        mine, others = [
            await stack.enter_async_context(Socket(second_node, guest.token)) for guest in (night.guest, night.other)
        ]
        await night.happen()

        async def is_told() -> bool:
            # What is refused is called out once, and not to a node that begins to listen only now.
            await night.device.redeem(TYPED)
            return bool(watchers["viewer"].named("scan"))

        await eventually(is_told)
        snapshot = await night.owner.get(f"{night.path}/snapshot")
        for name, socket in watchers.items():
            await socket.until(lambda socket=socket: last(socket) >= snapshot["seq"])
            heard.note(f"messages to {name}", *socket.messages)
        await watchers["viewer"].next("head")
        await mine.next("voucher")
        await public.next("counts")
        heard.note("messages to the public", *public.messages)
        heard.note("messages to another guest", *others.messages)
        assert {"ledger", "head", "presence"} <= {name for name, _ in watchers["viewer"].messages}
        assert any(voucher["code"] in night.codes for voucher in mine.named("voucher"))
    await night.look()

    async def fail(*_: Any) -> None:
        raise ValueError(f"{GUEST} {night.codes[-1]} {OWN_CODE}")

    with monkeypatch.context() as patched:
        patched.setattr("dibs_realtime.claims.queries.wallet", fail)
        heard.note("a fault", await night.guest.refused(500, "GET", "/guest/vouchers"))
    heard.note("bus", *bus)
    heard.note("redis", *await everything(redis_url))
    heard.note("metrics", *[await (await node.get("/metrics")).read() for node in (client, second_node)])
    heard.note(
        "ledger in the database",
        *[row["e"].encode() for row in await database.fetch("SELECT l::text AS e FROM ledger l")],
    )
    heard.note("the log", log.written.getvalue().encode())
    heard.note("our records", *[as_it_was(record) for record in log.records if record.name.startswith("dibs_realtime")])
    # It was really a night, and it was really looked at.
    assert len(heard.ways["ledger in the database"]) == snapshot["seq"]
    for way in ("bus", "redis", "metrics", "the log", "our records"):
        assert len(b"".join(heard.ways[way])) > 100, way
    assert "a request failed" in log.written.getvalue()

    secrets = (*night.codes, *night.tokens, TYPED, ACCESS_CODE, "MARKED99", *NAMES)
    leaks = {(secret, way) for secret in secrets for way in heard.tells(secret)}
    # Who searches for a guest's name is told it, and nothing else.
    assert leaks == {(name, f"search by {who}") for name in (GUEST, LISTED) for who in ("door", "device")}

    # Those who may see them do.
    vouchers = json.dumps(await night.manager.get(f"{night.path}/vouchers"))
    for secret in (OWN_CODE, night.codes[1], GUEST, GUEST_EMAIL, LISTED, LISTED_EMAIL):
        assert secret.encode() in vouchers, secret
    assert night.codes[-2].encode() in json.dumps(await night.guest.get("/guest/vouchers"))
    # At the door: whose voucher it is, and no more of the code than its end.
    accepted = night.verdicts[0]["voucher"]
    assert (accepted["guest_name"], len(accepted["code"]) <= 3) == (GUEST, True)
    for verdict in night.verdicts:
        assert not any(code.encode() in json.dumps(verdict) for code in (*night.codes, TYPED))
        assert GUEST_EMAIL.encode() not in json.dumps(verdict)


def last(socket: Socket) -> int:
    frames = socket.named("ledger")
    return int(frames[-1]["to_seq"]) if frames else 0


def as_it_was(record: logging.LogRecord) -> bytes:
    """Return a record's text and fields before anything was blanked; not its exception: that is told without values."""
    fields = {name: str(value) for name, value in vars(record).items() if name not in ("exc_info", "exc_text", "args")}
    return json.dumps({**fields, "message": record.getMessage()})


async def everything(redis_url: str) -> list[bytes]:
    """Return all keys of Redis with what they hold."""
    found: list[bytes] = []
    async with plain_redis.Redis.from_url(redis_url) as connection:
        async for key in connection.scan_iter():
            kind = (await connection.type(key)).decode()
            assert kind in ("string", "zset"), f"{key!r} is a {kind}: read it here, too"
            held = [await connection.get(key)] if kind == "string" else await connection.zrange(key, 0, -1)
            found += [key, *held]
    return found
