"""A CSV file of codes, row by row: what spreadsheets write is read, and a row that cannot be read spoils no other."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

MOST_BYTES = 20_000_000
MOST_ROWS = 1_000_000
ROW_CHARACTERS = 4_000
"""A longer row is too long: most often a quote in it is never closed."""
LONGEST = {"code": 100, "offer": 200, "max_uses": 100, "guest_name": 120, "guest_email": 254}
"""The columns and how many characters a field of each may have."""
REQUIRED = ("code", "offer")
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;"  # spreadsheets write semicolons where the comma parts decimals
# What UTF-8 does not allow (it is decoded to lone surrogates), and what PostgreSQL cannot keep.
_UNREADABLE = re.compile("[\ud800-\udfff\x00]")


class SheetError(ValueError):
    """The heading is wrong, so that no row can be understood. The text says what."""


class TooManyRowsError(SheetError):
    """The file has more than `MOST_ROWS` rows."""


class Row(NamedTuple):
    """A row as it is written, without spaces around its fields.

    line: where it begins; the heading is line 1. code: None where it cannot be read. fault: what is wrong with the row
    as such.
    """

    line: int
    code: str | None
    offer: str
    max_uses: str
    guest_name: str
    guest_email: str
    fault: Literal["bad_encoding", "too_long"] | None


class _Endless(Exception):  # noqa: N818  # it only leaves a loop
    """A quoted field does not end where it should."""


def read(raw: bytes) -> Iterator[Row]:
    """Yield the file's rows; empty ones are left out.

    Raises SheetError before the first row, TooManyRowsError after a million.
    """
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")  # as spreadsheets on old Macs ended lines
    errors = []
    for delimiter in _DELIMITERS:
        records = _records(raw, delimiter)
        _, heading = next(records, (1, None))
        try:
            places = _places(heading)
        except SheetError as error:
            errors.append(error)
        else:
            return _rows(records, places)
    raise errors[0]


def _rows(records: Iterator[tuple[int, list[str] | None]], places: dict[str, int]) -> Iterator[Row]:
    order = [places.get(name, -1) for name in LONGEST]
    limits = list(LONGEST.values())
    shortest = min(limits)
    width = max(places.values()) + 1
    for count, (line, fields) in enumerate(records):
        if count >= MOST_ROWS:
            raise TooManyRowsError(f"A file has at most {MOST_ROWS:,} rows. Split it.")
        if fields is None:
            yield Row(line, None, "", "", "", "", "too_long")
            continue
        found = [fields[place].strip() if 0 <= place < len(fields) else "" for place in order]
        if not any(map(str.strip, fields)):
            continue
        code, offer, max_uses, guest_name, guest_email = found
        fault: Literal["bad_encoding", "too_long"] | None = None
        whole = "".join(fields)
        if _UNREADABLE.search(whole):
            fault = "bad_encoding"
        elif (len(whole) > shortest or len(fields) > width) and _is_too_long(fields, found, limits, width):
            fault = "too_long"
        is_shown = len(code) <= limits[0] and not _UNREADABLE.search(code)
        yield Row(line, code if is_shown else None, offer, max_uses, guest_name, guest_email, fault)


def _is_too_long(fields: Sequence[str], found: Sequence[str], limits: Sequence[int], width: int) -> bool:
    """Return whether a field, the whole row, or their number is beyond what there is a column for."""
    return (
        any(len(text) > limit for text, limit in zip(found, limits, strict=True))
        or any(field.strip() for field in fields[width:])
        or sum(map(len, fields)) > ROW_CHARACTERS
    )


def _places(heading: list[str] | None) -> dict[str, int]:
    """Return where each column is."""
    names = [name.strip().lower() for name in heading or ()]
    while names and not names[-1]:
        names.pop()
    wanted = ", ".join(name if name in REQUIRED else f"{name}?" for name in LONGEST)
    for name in REQUIRED:
        if name not in names:
            raise SheetError(f"The first line must name the columns {wanted}. The column {name} is not there.")
    for name in names:
        if name not in LONGEST:
            raise SheetError(f"The first line must name the columns {wanted}. There is no column “{_shown(name)}”.")
    if len(set(names)) < len(names):
        raise SheetError("The first line names a column twice.")
    return {name: place for place, name in enumerate(names)}


def _shown(name: str) -> str:
    return name[:40].encode("utf-8", "replace").decode()


def _records(raw: bytes, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each row's first line and its fields; None: a quoted field in it does not end. Empty lines are left out."""
    at = len(_BOM) if raw.startswith(_BOM) else 0
    number = 0
    while at < len(raw):
        number += 1
        end = raw.find(b"\n", at) + 1 or len(raw)
        line = raw[at:end].decode("utf-8", "surrogateescape")
        if '"' not in line:
            if not line.isspace():
                yield number, line.rstrip("\r\n").split(delimiter)
            at = end
            continue
        try:
            fields, taken, end = _quoted(raw, at, delimiter)
        except (_Endless, csv.Error):
            # Whatever the quotes embrace, the next line is taken for a row again: a quote too many costs one row.
            yield number, _alone(line, delimiter)
            at = end
            continue
        yield number, fields
        number += taken - 1
        at = end


def _quoted(raw: bytes, at: int, delimiter: str) -> tuple[list[str], int, int]:
    """Return the fields of the row that begins at `at`, how many lines it takes, and where it ends."""
    taken, size = 0, 0

    def lines() -> Iterator[str]:
        nonlocal at, taken, size
        while at < len(raw):
            end = raw.find(b"\n", at) + 1 or len(raw)
            line = raw[at:end].decode("utf-8", "surrogateescape")
            size += len(line)
            if size > ROW_CHARACTERS:
                raise _Endless
            at, taken = end, taken + 1
            yield line
        raise _Endless

    fields = next(csv.reader(lines(), delimiter=delimiter))
    return fields, taken, at


def _alone(line: str, delimiter: str) -> list[str] | None:
    """Return the fields of a long line; None: it is no row by itself."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
