"""Entries as JSON, copied from their lines into frames, answers and the bus."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dibs_realtime.kit import json
from dibs_realtime.ledger.model import Commit, Line
from dibs_realtime.ledger.queries import Stretch
from dibs_realtime.live import codec


@dataclass(frozen=True, slots=True)
class Passage:
    """One or more consecutive entries of one epoch."""

    epoch: UUID
    lines: tuple[Line, ...]

    @property
    def from_seq(self) -> int:
        """The first entry's number."""
        return self.lines[0].seq

    @property
    def to_seq(self) -> int:
        """The last entry's number."""
        return self.lines[-1].seq

    def after(self, seq: int) -> "Passage":
        """Return the part after `seq`, which must not be empty."""
        if seq < self.from_seq:
            return self
        return Passage(self.epoch, self.lines[seq + 1 - self.from_seq :])


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one node tells the others about an event: new entries, notices, or that its devices came or went."""

    origin: UUID
    passage: Passage | None
    notices: tuple[Mapping[str, Any], ...] = ()
    presence: bool = False


def of_commit(commit: Commit) -> Passage | None:
    """Return what this node just committed; None when it was no entry."""
    return Passage(commit.epoch, commit.lines) if commit.lines else None


def of_stretch(stretch: Stretch) -> Passage | None:
    """Encode what was read from the ledger; None when that was nothing."""
    if not stretch.entries:
        return None
    lines = tuple(Line(entry["seq"], codec.dumps(entry), entry.get("voucher_id")) for entry in stretch.entries)
    return Passage(stretch.epoch, lines)


def array(lines: Iterable[Line]) -> bytes:
    """Return a JSON array of the entries."""
    return b"[" + b",".join(line.raw for line in lines) + b"]"


def frame(event_id: UUID, passage: Passage) -> bytes:
    """Return the `ledger` message."""
    return b'{"event_id":"%s","epoch":"%s","from_seq":%d,"to_seq":%d,"entries":%s}' % (
        str(event_id).encode(),
        str(passage.epoch).encode(),
        passage.from_seq,
        passage.to_seq,
        array(passage.lines),
    )


def pack(parcel: Parcel) -> bytes:
    """Return the parcel as the bus carries it: a header, then the entries, each on a line of its own.

    Whoever receives it hands the entries on as they are, without parsing them.
    """
    header: dict[str, Any] = {"origin": parcel.origin, "notices": parcel.notices, "presence": parcel.presence}
    lines: Sequence[Line] = ()
    if parcel.passage is not None:
        lines = parcel.passage.lines
        header |= {
            "epoch": parcel.passage.epoch,
            "from_seq": parcel.passage.from_seq,
            "vouchers": [line.voucher_id for line in lines],
        }
    return b"\n".join((codec.dumps(header), *(line.raw for line in lines)))


def unpack(raw: bytes) -> Parcel:
    """Read a parcel. Raises ValueError for what `pack` did not write."""
    head, *rows = raw.split(b"\n")
    header = json.loads(head)
    try:
        passage = _passage(header, rows) if rows else None
        return Parcel(UUID(header["origin"]), passage, tuple(header["notices"]), bool(header["presence"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a parcel") from error


def _passage(header: Mapping[str, Any], rows: Sequence[bytes]) -> Passage:
    vouchers = header["vouchers"]
    lines = tuple(
        Line(seq, raw, UUID(voucher_id) if voucher_id else None)
        for seq, (raw, voucher_id) in enumerate(zip(rows, vouchers, strict=True), header["from_seq"])
    )
    return Passage(UUID(header["epoch"]), lines)
