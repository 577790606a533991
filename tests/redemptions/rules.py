"""Cases of the door's rules, drawn by Hypothesis and answered by the Python rules.

`make vectors` writes them to tests/vectors/door_rules.json, which the tests of web/src/lib/offline/rules.ts read.
Nothing that differs from one Python or Hypothesis to the next is drawn: the same source records the same file.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import DrawFn, booleans, composite, integers, just, lists, none, one_of, sampled_from

from dibs_realtime.offers.model import Offer
from dibs_realtime.redemptions.model import Standing, gate_of_scan, judge
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.model import Voucher

Case = dict[str, Any]
SCENES = 420
PLAIN_SCENES = 40
SCANS_OF_A_SCENE = 6
READ = 400

CHANGES = [
    # Wall clocks that go forward or back that night: hours that are missing, and hours that come twice.
    (zone := ZoneInfo(name), datetime(2026, month, day, hour, minute, tzinfo=zone))
    for name, month, day, hour, minute in (
        ("Europe/Vilnius", 3, 29, 3, 30),
        ("Europe/Vilnius", 10, 25, 3, 30),
        ("America/New_York", 3, 8, 2, 30),
        ("America/New_York", 11, 1, 1, 30),
        ("Australia/Lord_Howe", 4, 5, 1, 45),
        ("Australia/Lord_Howe", 10, 4, 2, 15),
    )
]
ZONES = [ZoneInfo(name) for name in ("Europe/Vilnius", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")]
FOLDED = [wall for _, wall in CHANGES]
EDGES: list[tuple[Literal["from", "until"], timedelta]] = [
    (edge, timedelta(microseconds=away))
    for edge in ("from", "until")
    for away in (-3_600_000_000, -1_000, -1, 0, 1, 1_000, 3_600_000_000)
]
GATES = {"a": UUID(int=1), "b": UUID(int=2), "c": UUID(int=3)}
_NAMES = {gate_id: name for name, gate_id in GATES.items()}
_NEVER = datetime(2026, 1, 1, tzinfo=UTC)


@composite
def moments(draw: DrawFn) -> datetime:
    """Draw what somebody set on a clock on some wall."""
    wall = draw(sampled_from(FOLDED)) + timedelta(
        minutes=draw(sampled_from([0, 0, 30, 60, -60, 24 * 60])),
        microseconds=draw(sampled_from([0, 0, 1_000, 123_456])),
    )
    return _there(wall, draw(sampled_from(ZONES)), draw(integers(0, 1)))


def _there(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """Return what a clock on the wall shows there, with its distance from UTC at that moment."""
    there = wall.replace(tzinfo=zone, fold=fold)
    return there.replace(tzinfo=timezone(there.utcoffset() or timedelta()), fold=0)


@composite
def judged(draw: DrawFn, *, plain: bool = False) -> list[Case]:
    """Draw a voucher at a door and let the rules answer what happens at some moments.

    plain: nothing but the windows is in the way, and every edge of them is tried.
    """
    start = draw(moments())
    end = start.astimezone(draw(sampled_from(ZONES))) + timedelta(hours=draw(sampled_from([1, 2, 24])))
    end = end.replace(tzinfo=timezone(end.utcoffset() or timedelta()))
    # Most scans are plain ones: else the reasons that are looked for last would hardly ever come up.
    rarely = just(False) if plain else integers(0, 9).map(lambda n: n == 5)
    max_uses = draw(sampled_from([1, 1, 2, 5, 1_000]))
    voucher = None if draw(rarely) else {
        "state": draw(sampled_from(["voided", "released"])) if draw(rarely) else "issued",
        "claimed": draw(booleans()),
        "uses": draw(sampled_from([0] if plain else [0, 0, max_uses - 1, max_uses])),
        "max_uses": max_uses,
    }  # fmt: skip
    offer = {
        "claimable": draw(rarely),
        "redeem_from": start.isoformat() if plain or draw(booleans()) else None,
        "redeem_until": end.isoformat() if plain or draw(booleans()) else None,
        "gate_ids": list(draw(sampled_from([""] if plain else ["", "", "", "a", "bc", "ab"]))),
    }
    scene: Case = {
        "voucher": voucher,
        "offer": offer,
        "event_status": draw(sampled_from(["draft", "closed"])) if draw(rarely) else "open",
        "offer_status": "paused" if draw(rarely) else "active",
        "wanted_gate": draw(one_of(none(), sampled_from("abc"))),
        "own_gate": draw(one_of(none(), sampled_from("ab"))),
        "gates": {"a": draw(rarely), "b": draw(rarely)},
        "alone": draw(booleans()),
        "units": 1 if plain else draw(sampled_from([1, 1, 2, max_uses])),
        "lent": not plain and draw(booleans()),
    }
    some = lists(sampled_from(EDGES), min_size=SCANS_OF_A_SCENE, max_size=SCANS_OF_A_SCENE)
    return _scans(scene, start, end, EDGES if plain else draw(some))


def over_changes() -> list[list[Case]]:
    """Return windows from the one to the other time that the clocks of a night show the same."""
    scenes = []
    for zone, wall in CHANGES:
        start, end = sorted((_there(wall, zone, 0), _there(wall, zone, 1)))
        scene: Case = {
            "voucher": {"state": "issued", "claimed": False, "uses": 0, "max_uses": 1},
            "offer": {
                "claimable": False, "redeem_from": start.isoformat(), "redeem_until": end.isoformat(), "gate_ids": [],
            },
            "event_status": "open", "offer_status": "active", "wanted_gate": None, "own_gate": "a",
            "gates": {"a": False, "b": False}, "alone": True, "units": 1, "lent": False,
        }  # fmt: skip
        scenes.append(_scans(scene, start, end, EDGES))
    return scenes


def _scans(scene: Case, start: datetime, end: datetime, edges: Iterable[tuple[str, timedelta]]) -> list[Case]:
    cases = []
    for edge, away in edges:
        at = ((start if edge == "from" else end) + away).astimezone(UTC).isoformat().replace("+00:00", "Z")
        case = {"edge": [edge, away // timedelta(microseconds=1)], "at": at, **scene}
        cases.append(case | answered(case))
    return cases


def answered(case: Case) -> Case:
    """Return what the Python rules say of a case."""
    offer, voucher = case["offer"], case["voucher"]
    gate_id = gate_of_scan(
        _gate(case["wanted_gate"]),
        _gate(case["own_gate"]),
        {GATES[name]: deleted for name, deleted in case["gates"].items()},
        alone=case["alone"],
    )
    reason = judge(
        None if voucher is None else _voucher(voucher),
        Offer(
            UUID(int=9), "Drink", "", None, offer["claimable"], None, 1, None, None, _time(offer["redeem_from"]),
            _time(offer["redeem_until"]), [GATES[name] for name in offer["gate_ids"]], case["offer_status"],
            deleted=False, version=1, created_at=_NEVER, updated_at=_NEVER,
        ),
        Standing(case["event_status"], case["offer_status"]),
        gate_id,
        case["units"],
        datetime.fromisoformat(case["at"]),
        lent=case["lent"],
    )  # fmt: skip
    return {"gate_id": None if gate_id is None else _NAMES[gate_id], "reason": reason}


@composite
def scanned(draw: DrawFn) -> Case:
    """Draw what a camera, a keyboard or a wedge scanner may deliver."""
    pieces = ["0", "7", "Q", "q", "o", "O", "i", "L", "u", "U", "-", " ", "ab", "7KQ4M", "X2P9T"]
    strange = [
        "_",
        ".",
        "ä",
        "\u017f",
        "ß",
        "\u0130",
        "\uff10",
        "\n",
        "\t",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "\x1c",
        "/",
        "?",
        "#",
        "%20",
    ]
    text = "".join(draw(lists(sampled_from(pieces), max_size=14)))
    if draw(booleans()):
        place = draw(integers(0, len(text)))
        text = text[:place] + draw(sampled_from(strange)) + text[place:]
    if draw(booleans()):
        scheme = draw(sampled_from(["https://", "HTTP://", "http\u017f://", "ftp://", "https:"]))
        host = draw(sampled_from(["party.example", "PARTY.EXAMPLE:8443", "a b", ""]))
        path = draw(sampled_from(["/v/", "/V/", "/x/v/", "/v//", "/w/"]))
        text = scheme + host + path + text + draw(sampled_from(["", "/", "?a=b", "#x", "/?q", "/x"]))
    text = draw(sampled_from(["", " ", "\n", "\ufeff"])) + text + draw(sampled_from(["", " ", "\r\n"]))
    return {"text": text, "code": codes.read(text)}


def record() -> dict[str, list[Case]]:
    """Return the cases of the file, all different."""
    return {
        "judged": [
            case
            for cases in over_changes() + _collected(judged(plain=True), PLAIN_SCENES) + _collected(judged(), SCENES)
            for case in cases
        ],
        "read": _collected(scanned(), READ),
    }


def _collected(strategy: Any, count: int) -> list[Any]:
    found: dict[str, Any] = {}

    @settings(
        max_examples=count + count // 10,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: Any) -> None:
        if len(found) < count:
            found.setdefault(repr(case), case)

    collect()
    return list(found.values())


def _voucher(shape: Case) -> Voucher:
    return Voucher(
        UUID(int=8), "7KQ4MX2P9T", UUID(int=9), None, shape["state"], shape["uses"], shape["max_uses"],
        UUID(int=7) if shape["claimed"] else None, generated=True, poolable=False, holds_place=True,
        last_redemption_id=None, created_at=_NEVER, updated_at=_NEVER,
    )  # fmt: skip


def _gate(raw: str | None) -> UUID | None:
    return None if raw is None else GATES[raw]


def _time(raw: str | None) -> datetime | None:
    return None if raw is None else datetime.fromisoformat(raw)
