"""Codes: drawn, typed, scanned, shown."""

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from dibs_realtime.vouchers import codes

TYPED = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz -", max_size=50)


def test_generated_codes_are_random_and_need_no_normalising() -> None:
    made = codes.generate_many(20_000)
    assert len(set(made)) == len(made)
    assert all(len(code) == codes.LENGTH and codes.normalise(code) == code for code in made)
    drawn = Counter("".join(made))
    assert set(drawn) == set(codes.ALPHABET)
    # 6,250 of each are expected; 20 % off is 16 standard deviations.
    assert all(5_000 < count < 7_500 for count in drawn.values())


@given(TYPED)
def test_what_is_alike_has_one_spelling(typed: str) -> None:
    code = codes.normalise(typed)
    others = [typed.lower(), f" {typed.upper()} ", "-".join(typed), typed.replace("O", "0").replace("l", "1")]
    assert all(codes.normalise(other) == code for other in others)
    if code is not None:
        assert codes.normalise(code) == code
        assert 4 <= len(code) <= codes.LONGEST


@pytest.mark.parametrize(
    "typed", ["", "ABC", "A" * 33, "ÄBCD", "AB_CD", "ABCD\n1", "\uff21\uff22\uff23\uff24", "AB\u017fD", "abc\u0131d"]
)
def test_what_cannot_be_a_code(typed: str) -> None:
    assert codes.normalise(typed) is None


@pytest.mark.parametrize(
    "scanned",
    [
        "https://party.example/v/7KQ4MX2P9T",
        "HTTPS://PARTY.EXAMPLE/V/7KQ4MX2P9T",
        "http://localhost:8080/v/7kq4m-x2p9t/?utm=1",
        " 7kq4m x2p9t ",
    ],
)
def test_an_address_or_the_code_alone(scanned: str) -> None:
    assert codes.read(scanned) == "7KQ4MX2P9T"


def test_others_see_two_characters() -> None:
    assert codes.masked("7KQ4MX2P9T") == "…9T"
