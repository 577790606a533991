"""Reading CSV files, whatever wrote them."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from dibs_realtime.vouchers import sheet
from dibs_realtime.vouchers.sheet import Row, SheetError

HEADING = "code,offer,max_uses,guest_name,guest_email"
FIELD = st.text(st.characters(exclude_categories=["C"]) | st.sampled_from('\n,;"'), max_size=60).map(str.strip)
FIELDS = st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD).filter(any)


def read(text: str | bytes) -> list[Row]:
    return list(sheet.read(text.encode() if isinstance(text, str) else text))


def good(line: int, *fields: str) -> Row:
    code, offer, max_uses, guest_name, guest_email = (*fields, *[""] * (5 - len(fields)))
    return Row(line, code, offer, max_uses, guest_name, guest_email, None)


@given(
    rows=st.lists(FIELDS, max_size=12),
    delimiter=st.sampled_from(",;"),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    bom=st.sampled_from(["", "\ufeff"]),
)
def test_what_was_written_is_read(
    rows: Sequence[tuple[str, ...]], delimiter: str, ending: str, quoting: int, bom: str
) -> None:
    out = io.StringIO(bom)
    out.seek(len(bom))
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(HEADING.split(","))
    expected, line = [], 2
    for row in rows:
        writer.writerow(row)
        expected.append(good(line, *row))
        line += 1 + sum(field.count("\n") for field in row)
    assert read(out.getvalue()) == expected


@given(st.binary(max_size=300))
def test_no_file_is_too_strange(junk: bytes) -> None:
    rows = read(HEADING.encode() + b"\n" + junk)
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))


@given(st.lists(st.binary(max_size=40).map(lambda junk: junk.translate(None, b'"\n\r')), max_size=5))
def test_a_bad_row_spoils_no_other(junk: list[bytes]) -> None:
    between = b"".join(line + b"\n" for line in junk)
    rows = read(HEADING.encode() + b"\nAAAA,Drink\n" + between + b"BBBB,Drink\n")
    assert rows[0] == good(2, "AAAA", "Drink")
    assert rows[-1] == good(3 + len(junk), "BBBB", "Drink")


def test_a_heading_in_any_order_with_spaces_and_a_bom() -> None:
    rows = read("\ufeff Offer ; CODE;guest_name\r\n Drink ; abcd ;Ann\r\n")
    assert rows == [Row(2, "abcd", "Drink", "", "Ann", "", None)]


def test_lines_of_old_macs() -> None:
    assert read("code,offer\rAAAA,Drink\rBBBB,Drink\r") == [good(2, "AAAA", "Drink"), good(3, "BBBB", "Drink")]


def test_empty_lines_count_but_are_no_rows() -> None:
    assert read("code,offer\n\n  \nAAAA,Drink\n,\n\nBBBB,Drink") == [good(4, "AAAA", "Drink"), good(7, "BBBB", "Drink")]


def test_a_row_is_on_the_line_on_which_it_begins() -> None:
    rows = read(f'{HEADING}\nAAAA,Drink,,"Ann\nMarie\nLee",\nBBBB,Drink\n')
    assert [(row.line, row.guest_name) for row in rows] == [(2, "Ann\nMarie\nLee"), (5, "")]


def test_a_quote_too_many_costs_one_row() -> None:
    many = "".join(f"B{n:05},Drink\n" for n in range(1_000))
    rows = read('code,offer\nAAAA,Drink\n"CCCC,Drink\n' + many)
    assert rows[1] == Row(3, None, "", "", "", "", "too_long")
    assert [row.code for row in rows[2:]] == [f"B{n:05}" for n in range(1_000)]
    assert {row.fault for row in rows[2:]} == {None}


def test_bytes_that_are_no_text_cost_one_row() -> None:
    rows = read(b'code,offer\nAAAA,Caf\xe9\n\xff\xfe,Drink\n"CC\xc0\xafCC",Drink\nNUL\x00,Drink\nBBBB,Caf\xc3\xa9\n')
    assert [(row.line, row.code, row.fault) for row in rows] == [
        (2, "AAAA", "bad_encoding"),
        (3, None, "bad_encoding"),
        (4, None, "bad_encoding"),
        (5, None, "bad_encoding"),
        (6, "BBBB", None),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (f"{'A' * 101},Drink", None),
        (f"AAAA,{'x' * 201}", "AAAA"),
        (f"AAAA,Drink,,{'x' * 121}", "AAAA"),
        (f"AAAA,Drink,,,{'x' * 250}@x.example", "AAAA"),
        ("AAAA,Drink,1,Doe, Jane,jane@x.example", "AAAA"),
        (f'AAAA,Drink,,"{"x" * 5_000}"', "AAAA"),
        (f"AAAA,Drink,{' ' * 5_000}", "AAAA"),
        (f'AAAA,Drink,,"{"x" * 200_000}"', None),
    ],
)
def test_what_is_too_long(row: str, code: str | None) -> None:
    rows = read(f"{HEADING}\n{row}\nBBBB,Drink")
    assert [(found.line, found.code, found.fault) for found in rows] == [(2, code, "too_long"), (3, "BBBB", None)]


@pytest.mark.parametrize(
    ("heading", "named"),
    [
        ("", "code"),
        ("\n", "code"),
        ("code\nAAAA", "offer"),
        ("AAAA,Drink\nBBBB,Drink", "code"),
        ("code,offer,colour\n", "colour"),
        ("code,offer,code\n", "twice"),
        ("code\toffer\n", "code"),
        ('"code,offer\n', "code"),
        (b"co\xffde,offer\n", "code"),
        ("code,offer\n".encode("utf-16"), "code"),
    ],
)
def test_a_wrong_heading(heading: str | bytes, named: str) -> None:
    with pytest.raises(SheetError, match=named):
        read(heading)
