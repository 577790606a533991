"""Cells that no spreadsheet runs."""

import csv
import io

import pytest
from hypothesis import given, strategies as st

from dibs_realtime.vouchers.exporting import harmless

DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
TEXT = st.text(st.sampled_from(list("=+-@\t\r\n;,|'\" aZ\uff1d\x00\x1f\u2028")) | st.characters(), max_size=30)


@given(TEXT, TEXT)
def test_no_cell_begins_a_formula_however_the_file_is_parted(one: str, other: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow(["AAAA", harmless(one), harmless(other), "issued"])
    for delimiter in ",;\t|":
        for cell in next(csv.reader([out.getvalue()], delimiter=delimiter)):
            assert not cell.lstrip(' "').startswith(DANGEROUS), (delimiter, cell)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann Lee", "Ann Lee"),
        ("Smith-Jones", "Smith-Jones"),
        ("ann+party@x.example", "ann+party@x.example"),
        ("=1+1", "'=1+1"),
        ("+370 600 00000", "'+370 600 00000"),
        ('=HYPERLINK("http://x.example")', '\'=HYPERLINK("http://x.example")'),
        ("Ann;=1+1", "Ann;'=1+1"),
        ("Ann\nLee", "Ann Lee"),
    ],
)
def test_the_rest_stays_as_it_is(text: str, shown: str) -> None:
    assert harmless(text) == shown
