"""Holds what doors showed against what the server has."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dibs_realtime.kit import json
from dibs_realtime.kit.database import Database

Window = tuple[datetime | None, datetime | None]
"""From when on and until when a code is good; None: always."""
TOO_EARLY_OR_LATE = ("not_yet_valid", "expired")
BESIDE = {"late", "clock", "reversed", "turned_away"}
"""Conflicts about admissions that the server has, too."""


@dataclass
class Scan:
    """One guest at one door."""

    door: int
    key: str
    code: str
    units: int
    at: datetime
    sure: bool
    """Whether the door could know what time it was."""
    shown: list[tuple[str, str | None, bool]] = field(default_factory=list)
    """Verdict, reason, and whether it was the door's own, in the order in which they were shown."""

    @property
    def admitted(self) -> bool:
        """Whether the door ever told the guest to come in."""
        return any(verdict == "accepted" for verdict, _, _ in self.shown)


@dataclass(frozen=True)
class Server:
    """What the server has of some vouchers."""

    redemptions: dict[str, str]
    """By key: the voucher's code."""
    unkeyed: int
    """Redemptions that belong to no key."""
    conflicts: list[tuple[str, str, str | None]]
    """Key, reason, code."""
    max_uses: dict[str, int]
    units: Counter[str]
    """Redeemed, by code."""


async def read(database: Database, event_id: str, codes: list[str]) -> Server:
    """Read it."""
    vouchers = await database.fetch(
        "SELECT id, code, max_uses FROM vouchers WHERE event_id = $1 AND code = ANY($2::text[])", UUID(event_id), codes
    )
    code_of = {row["id"]: row["code"] for row in vouchers}
    rows = await database.fetch(
        "SELECT id, voucher_id, units FROM redemptions WHERE event_id = $1 AND voucher_id = ANY($2::uuid[])",
        UUID(event_id),
        list(code_of),
    )
    verdicts = await database.fetch(
        "SELECT key, answer FROM verdicts WHERE event_id = $1 AND scope = 'door'", UUID(event_id)
    )
    keys = {json.loads(row["answer"])["redemption_id"]: row["key"] for row in verdicts}
    conflicts = await database.fetch(
        "SELECT key, reason, voucher_id FROM conflicts WHERE event_id = $1", UUID(event_id)
    )
    return Server(
        {keys[str(row["id"])]: code_of[row["voucher_id"]] for row in rows if str(row["id"]) in keys},
        sum(str(row["id"]) not in keys for row in rows),
        [(row["key"], row["reason"], code_of.get(row["voucher_id"])) for row in conflicts],
        {row["code"]: row["max_uses"] for row in vouchers},
        Counter[str]({code_of[row["voucher_id"]]: 0 for row in rows})
        + sum((Counter({code_of[row["voucher_id"]]: row["units"]}) for row in rows), Counter[str]()),
    )


def violations(scans: list[Scan], server: Server, windows: dict[str, Window], voided: set[str]) -> list[str]:
    """Return everything that is not as it must be; windows: of codes that are not always good. voided: codes."""
    found: list[str] = []
    by_key = {scan.key: scan for scan in scans}
    conflicts: defaultdict[str, list[str]] = defaultdict(list)
    for key, reason, _ in server.conflicts:
        if key in by_key or not key.startswith("earlier"):
            conflicts[key].append(reason)
    for key, scan in by_key.items():
        opened = conflicts.pop(key, [])
        refused = [reason for reason in opened if reason not in BESIDE]
        recorded = key in server.redemptions
        if len(opened) > 1:
            found.append(f"{key}: more than one conflict: {opened}")
        if scan.admitted and not recorded and not refused:
            found.append(f"{key}: an admission without a record")
        if recorded and not scan.admitted and "turned_away" not in opened:
            found.append(f"{key}: a record without an admission")
        if refused and (recorded or not scan.admitted):
            found.append(f"{key}: a conflict that was invented: {refused}")
        if refused in (["already_redeemed"], ["insufficient_uses"]):
            used = server.units[scan.code]
            if used + scan.units <= server.max_uses[scan.code]:
                found.append(f"{key}: a conflict over uses that are left")
        if refused == ["voided"] and scan.code not in voided:
            found.append(f"{key}: a conflict over a voucher that nobody voided")
        if "turned_away" in opened and not (recorded and ("refused", True) in _by_door(scan)):
            found.append(f"{key}: nobody was turned away")
        if scan.sure:
            found += [f"{key}: {wrong}" for wrong in _out_of_time(scan, windows.get(scan.code, (None, None)))]
    found += _twice_at_a_door(scans, server.max_uses)
    found += [f"{key}: a conflict of no guest's: {reasons}" for key, reasons in conflicts.items()]
    found += [f"{key}: a record of no guest's" for key in server.redemptions if key not in by_key]
    if server.unkeyed:
        found.append(f"{server.unkeyed} redemptions without a key")
    found += [f"{code}: too many uses" for code, units in server.units.items() if units > server.max_uses[code]]
    return found


def _twice_at_a_door(scans: list[Scan], max_uses: dict[str, int]) -> list[str]:
    """Return what a door gave out more often than a voucher has uses: whatever happened, it knew what it did itself."""
    given: Counter[tuple[int, str]] = Counter()
    for scan in scans:
        given[scan.door, scan.code] += scan.units if scan.admitted else 0
    return [
        f"door {door} gave out {units} uses of {code}"
        for (door, code), units in given.items()
        if code in max_uses and units > max_uses[code]
    ]


def _out_of_time(scan: Scan, window: Window) -> list[str]:
    """Return what a door that could know the time told its guest at the wrong one."""
    since, until = window
    is_early = since is not None and scan.at < since
    is_late = until is not None and scan.at >= until
    refusals = {reason for _, reason, provisional in scan.shown if provisional and reason in TOO_EARLY_OR_LATE}
    found: list[str] = []
    if scan.admitted and is_early:
        found.append("let in before the offer began")
    if scan.admitted and is_late:
        found.append("let in after the offer ended")
    if "not_yet_valid" in refusals and not is_early:
        found.append("turned away as too early, in time")
    if "expired" in refusals and not is_late:
        found.append("turned away as too late, in time")
    return found


def _by_door(scan: Scan) -> set[tuple[str, bool]]:
    return {(verdict, provisional) for verdict, _, provisional in scan.shown}
