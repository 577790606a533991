"""What a delivery costs: ours, socket.io for Node and stock python-socketio, with as many clients at the same rate.

All three are up and connected at the same time and take turns. Ours and Node are two nodes each: what is measured is
the one that the watchers are on, which gets every message from the other by Redis. A message is one ledger frame of
the same bytes, a delivery one message at one client, and its cost the CPU time of the process, the kernel's included.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import psutil

from bench.live.festival import Festival
from bench.live.talk import Talk, TalkError, talking
from bench.processes import free_port
from bench.rows import Form, Row, absolute, ratio
from bench.usage import Usage
from dibs_realtime.kit import json
from dibs_realtime.processes.child import pause
from dibs_realtime.processes.ports import answers

DELIVERIES_A_SECOND = 10_000
"""What the slowest of the three can still bear."""
SETTLE_SECONDS = 2.0
START_SECONDS = 20.0
PYTHON = sys.executable
HERE = Path(__file__).parent


@dataclass(slots=True)
class Contestant:
    """One server with its clients. emit: sends messages at a rate for some seconds, and returns what came of it."""

    name: str
    pid: int
    swarm: Talk
    emit: Callable[[float, float], "Sent"]
    clients: int


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages were sent; last_seq: where they are numbered by the server, the last one's number."""

    messages: int
    last_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU, and the messages that reached clients: `ledger` those compared, `other` what came besides."""

    cpu: float
    ledger: int
    other: int

    @property
    def each(self) -> float:
        """Microseconds of CPU a delivery."""
        return self.cpu / (self.ledger + self.other) * 1e6


def measure(festival: Festival, form: Form, tell: Callable[[str], None]) -> list[Row]:
    """Return the rows of fan-out, and that of the memory of an idle watcher. Raises TalkError."""
    rows = []
    memory: dict[int, float] = {}
    for clients in form.crowds:
        tell(f"fan-out: {clients:,} clients connect to each of three")
        costs: dict[str, list[Cost]] = {}
        with ExitStack() as running:
            payload = _payload(festival)
            ours, memory[clients] = running.enter_context(_ours(festival, clients))
            everybody = [
                ours,
                running.enter_context(_node(festival, payload, clients)),
                running.enter_context(_stock(festival, payload, clients)),
            ]
            pause(SETTLE_SECONDS)
            for number in range(form.rounds):
                for contestant in everybody:
                    tell(f"fan-out to {clients:,}: {contestant.name}, round {number + 1} of {form.rounds}")
                    costs.setdefault(contestant.name, []).append(_round(contestant, form.seconds))
        each = {name: [cost.each for cost in found] for name, found in costs.items()}
        alone = [cost.cpu / cost.ledger * 1e6 for cost in costs["ours"]]
        for name, theirs, bar in (("node", "socket.io for Node", 0.7), ("stock", "stock python-socketio", 0.2)):
            title = f"CPU a delivery, {clients:,} watchers ÷ {theirs}"
            rows.append(ratio(title, "µs", bar, each["ours"], each[name], ours_by_entries_alone=alone))
    rows.append(absolute("memory of an idle watcher", "kB", 25, list(memory.values()), watchers=list(memory)))
    return rows


def _round(contestant: Contestant, seconds: float) -> Cost:
    usage = Usage({"server": contestant.pid})
    contestant.swarm.ask("count", timed=False)
    before = usage.read()["server"]
    sent = contestant.emit(DELIVERIES_A_SECOND / contestant.clients, seconds)
    wanted = sent.messages * contestant.clients
    if sent.last_seq is None:
        got = contestant.swarm.ask("until", ledger=wanted)
        is_whole = got["ledger"] == wanted
    else:  # two entries that were committed together come in one message
        got = contestant.swarm.ask("settle", seq=sent.last_seq)
        is_whole = got["seqs"] == [sent.last_seq] and not got["gaps"]
    cpu = usage.read()["server"] - before
    if not is_whole:
        raise TalkError(f"{contestant.name}: {sent} for {contestant.clients} clients, but {got}")
    return Cost(cpu, got["ledger"], got["other"])


@contextmanager
def _swarm(festival: Festival, name: str) -> Iterator[Talk]:
    with talking([PYTHON, "-m", "bench.live.swarm"], festival.folder / f"swarm-{name}.log") as swarm:
        yield swarm


@contextmanager
def _ours(festival: Festival, clients: int) -> Iterator[tuple[Contestant, float]]:
    """Yield two nodes of ours, and the kB that each watcher takes in the memory of its node."""
    event_id = festival.event.event_id
    with ExitStack() as running:
        doors_node, watched = (running.enter_context(festival.node()) for _ in range(2))
        doors = running.enter_context(talking([PYTHON, "-m", "bench.live.doors"], festival.folder / "doors.log"))
        swarm = running.enter_context(_swarm(festival, "ours"))
        process = psutil.Process(watched.pid)
        # The first watchers bring what all of them share: code, the event, pages of the allocator.
        first = clients // 10
        swarm.ask("connect", port=watched.port, tokens=festival.tokens[:first], event_id=event_id)
        pause(SETTLE_SECONDS)
        before = process.memory_info().rss
        swarm.ask("connect", port=watched.port, tokens=festival.tokens[first:clients], event_id=event_id)
        pause(SETTLE_SECONDS)
        memory = (process.memory_info().rss - before) / (clients - first) / 1024

        def emit(rate: float, seconds: float) -> Sent:
            answer = doors.ask(
                "redeem",
                port=doors_node.port,
                path=festival.redemptions,
                token=festival.event.device_token,
                codes=festival.codes(int(rate * seconds)),
                rate=rate,
                seconds=seconds,
            )
            return Sent(answer["answered"], answer["last_seq"])

        yield Contestant("ours", watched.pid, swarm, emit, clients), memory


@contextmanager
def _node(festival: Festival, payload: dict[str, Any], clients: int) -> Iterator[Contestant]:
    redis = unquote(urlsplit(festival.servers.redis_url).path)
    program = Path(PYTHON).with_name("node")
    with ExitStack() as running:
        nodes = []
        for name in ("emitting", "watched"):
            port = free_port()
            log = festival.folder / f"node-{name}.log"
            nodes.append(
                (port, running.enter_context(talking([program, HERE / "socketio.mjs", str(port), redis], log)))
            )
            _wait_until_open(port)
        (_, emitting), (port, watched) = nodes
        swarm = running.enter_context(_swarm(festival, "node"))
        swarm.ask("connect", port=port, tokens=[None] * clients)
        yield Contestant("node", watched.pid, swarm, _emitter(emitting, payload), clients)


@contextmanager
def _stock(festival: Festival, payload: dict[str, Any], clients: int) -> Iterator[Contestant]:
    port = free_port()
    program = [PYTHON, "-m", "bench.live.stock", str(port)]
    with talking(program, festival.folder / "stock.log") as server, _swarm(festival, "stock") as swarm:
        _wait_until_open(port)
        swarm.ask("connect", port=port, tokens=[None] * clients)
        yield Contestant("stock", server.pid, swarm, _emitter(server, payload), clients)


def _emitter(server: Talk, payload: dict[str, Any]) -> Callable[[float, float], Sent]:
    def emit(rate: float, seconds: float) -> Sent:
        return Sent(server.ask("emit", payload=payload, rate=rate, seconds=seconds)["sent"])

    return emit


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers("127.0.0.1", port):
        if time.monotonic() > deadline:
            raise TalkError("A server to compare with did not start.")
        pause(0.05)


def _payload(festival: Festival) -> dict[str, Any]:
    """Return a `ledger` message as ours sends it: one redemption of this very event."""
    token, event_id = festival.event.device_token, festival.event.event_id
    with festival.node() as node, talking([PYTHON, "-m", "bench.live.doors"], festival.folder / "sample.log") as doors:
        more = {"path": festival.redemptions, "token": token, "codes": festival.codes(1)}
        doors.ask("redeem", port=node.port, rate=1, seconds=1, **more)
        url = f"http://127.0.0.1:{node.port}/api/v1/events/{event_id}/ledger"
        with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=10) as answer:
            page = json.loads(answer.read())
    entry = page["entries"][-1]
    if entry["kind"] != "voucher.redeemed":
        raise TalkError(f"The last entry is no redemption: {entry['kind']}")
    seq = entry["seq"]
    return {"event_id": event_id, "epoch": page["epoch"], "from_seq": seq, "to_seq": seq, "entries": [entry]}
