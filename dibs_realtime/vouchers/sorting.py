"""Which rows of a CSV land and which do not, and why: pure rules."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from dibs_realtime.accounts.schemas import email_address
from dibs_realtime.offers.model import Offer
from dibs_realtime.vouchers import codes
from dibs_realtime.vouchers.repository import Picks
from dibs_realtime.vouchers.schemas import RejectReason
from dibs_realtime.vouchers.sheet import Row

MOST_USES = 1_000
_USES = re.compile(r"[0-9]{1,4}")
_PLAIN_LOCAL_PART = re.compile(r"(?=.{1,64}$)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")


class Fault(NamedTuple):
    """A row that does not land. `place` counts the rows from 0."""

    place: int
    line: int
    code: str | None
    reason: RejectReason


@dataclass(slots=True)
class Sorted:
    """A file's rows: those that land unless their code is there already or their offer is full, and those that do not.

    places, lines, written: of each pick its row (from 0), its line, and its code as it is in the file.
    """

    picks: Picks = field(default_factory=Picks)
    places: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class OfferFinder:
    """Finds offers as a row names them: by id, or by a title that only one of the event's offers has."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        living = [offer for offer in offers if not offer.deleted]
        titles = Counter(_title(offer.title) for offer in living)
        self._found: dict[str, Offer | None] = {
            _title(offer.title): offer for offer in living if titles[_title(offer.title)] == 1
        }
        self._by_id = {offer.id: offer for offer in living}

    def find(self, written: str) -> Offer | None:
        """Return the offer, or None."""
        name = _title(written)
        if name not in self._found:
            self._found[name] = self._with_id(written)
        return self._found[name]

    def _with_id(self, written: str) -> Offer | None:
        try:
            return self._by_id.get(UUID(written))
        except ValueError:
            return None


class EmailReader:
    """Checks addresses: each domain once, because that is what takes long, and most are of the same few."""

    def __init__(self) -> None:
        self._domains: dict[str, str] = {}

    def read(self, written: str) -> str | None:
        """Return the address in its normal form, or None for what is none."""
        local_part, _, domain = written.rpartition("@")
        known = self._domains.get(domain)
        if known is not None and _PLAIN_LOCAL_PART.fullmatch(local_part):
            return f"{local_part}@{known}"
        try:
            address = email_address(written)
        except ValueError:
            return None
        self._domains[domain] = address.rpartition("@")[2]
        return address


def sort(rows: Iterable[Row], offers: Iterable[Offer], progress: Callable[[int], None] | None = None) -> Sorted:
    """Judge each row by itself."""
    finder, emails, found = OfferFinder(offers), EmailReader(), Sorted()
    for place, row in enumerate(rows):
        if progress is not None and place % 1_000 == 0:
            progress(place)
        reason = _judge(row, finder, emails, found.picks)
        if reason is not None:
            found.faults.append(Fault(place, row.line, row.code, reason))
            continue
        found.places.append(place)
        found.lines.append(row.line)
        found.written.append(row.code or "")
    return found


def settle(rows: Sorted, taken: Collection[str], free: Mapping[UUID, int | None]) -> tuple[Picks, list[Fault]]:
    """Return what lands and all that does not, judged by what is there: `taken` codes and `free` places of each offer.

    The first of alike codes lands.
    """
    left = dict(free)
    seen = set(taken)
    picks, faults, wanted = Picks(), list(rows.faults), rows.picks
    for n, (code, offer_id) in enumerate(zip(wanted.codes, wanted.offer_ids, strict=True)):
        places = left.get(offer_id, 0)
        reason: RejectReason | None = "duplicate" if code in seen else "over_quantity" if places == 0 else None
        if reason is not None:
            faults.append(Fault(rows.places[n], rows.lines[n], rows.written[n], reason))
            continue
        seen.add(code)
        picks.add(code, offer_id, wanted.max_uses[n], wanted.guests.get(n))
        if places is not None:
            left[offer_id] = places - 1
    return picks, sorted(faults, key=attrgetter("place"))


def compress(faults: Iterable[Fault]) -> dict[str, list[list[int]]]:
    """Return the faults without codes: per reason the stretches of rows, each as its first and last place."""
    stretches: dict[str, list[list[int]]] = {}
    for fault in faults:
        of_reason = stretches.setdefault(fault.reason, [])
        if of_reason and of_reason[-1][1] == fault.place - 1:
            of_reason[-1][1] = fault.place
        else:
            of_reason.append([fault.place, fault.place])
    return stretches


def restore(rows: Iterable[Row], stretches: Mapping[str, Sequence[Sequence[int]]]) -> list[Fault]:
    """Return the faults that were compressed, their codes read from the same file again."""
    reasons: dict[int, Any] = {
        place: reason
        for reason, of_reason in stretches.items()
        for first, last in of_reason
        for place in range(first, last + 1)
    }
    return [Fault(place, row.line, row.code, reasons[place]) for place, row in enumerate(rows) if place in reasons]


def _judge(row: Row, finder: OfferFinder, emails: EmailReader, picks: Picks) -> RejectReason | None:
    """Add what a row becomes to `picks`, or return the first reason why it does not become anything."""
    if row.fault is not None:
        return row.fault
    folded = codes.folded(row.code or "")
    if len(folded) > codes.LONGEST:
        return "too_long"
    code = codes.normalise(folded)
    if code is None:
        return "bad_code"
    offer = finder.find(row.offer)
    if offer is None:
        return "unknown_offer"
    max_uses = offer.max_uses
    if row.max_uses:
        max_uses = int(row.max_uses) if _USES.fullmatch(row.max_uses) else 0
        if not 1 <= max_uses <= MOST_USES:
            return "bad_max_uses"
    email = emails.read(row.guest_email) if row.guest_email else None
    if row.guest_email and email is None:
        return "bad_email"
    guest = (row.guest_name or None, email) if row.guest_name or email else None
    picks.add(code, offer.id, max_uses, guest)
    return None


def _title(written: str) -> str:
    return " ".join(written.split()).casefold()
