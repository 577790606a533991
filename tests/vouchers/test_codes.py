"""Codes: drawn, typed, scanned, shown."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from dibs_realtime.vouchers import codes

VECTORS = Path(__file__).parents[1] / "vectors" / "codes.json"
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


@given(st.from_regex(r"[0-9A-Z]{4,32}", fullmatch=True))
def test_a_code_in_capitals_is_read_as_it_is_normalised(scanned: str) -> None:
    assert codes.read(scanned) == codes.normalise(scanned)


def test_others_see_two_characters() -> None:
    assert codes.masked("7KQ4MX2P9T") == "…9T"


def test_the_recorded_cases_are_what_these_rules_say() -> None:
    cases = [
        {"written": written, "normalised": codes.normalise(written), "read": codes.read(written)}
        for written in _written()
    ]
    if os.environ.get("DIBS_RECORD_VECTORS"):  # `make vectors`
        VECTORS.write_text(json.dumps(cases, indent=0) + "\n")
    assert json.loads(VECTORS.read_text()) == cases
    assert sum(case["read"] is None for case in cases) > 100
    assert sum(case["read"] is not None for case in cases) > 100


def _written() -> list[str]:
    """Return what people and doors might bring, the odd and the mean included: the same list every time."""
    rng = random.Random(7)  # cases, no secrets
    # Every white space there is, and letters that turn into others, or into several, in another case.
    odd = [chr(n) for n in range(0x3100) if chr(n).isspace()] + list("\ufeff\u200b\x00\x7f_./?#%ÄßſKıİﬁＡ９é–")  # noqa: RUF001
    usual = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz -"
    before = ["", "https://party.example/v/", "HTTPS://PARTY.EXAMPLE/V/", "http://[::1]:8080/a/v/", "http\u017f://x/V/",
              "ftp://x/v/", "https://x/w/", "https:///v/", "https://a b/v/", "https://x/v/v/"]  # fmt: skip
    after = ["", "/", "?utm=1", "/?a#b", "#\n", "/?\r", "\n", "//", "/more", "?\u2028x"]
    written = [f"{start}7kq4m-x2p9t{end}" for start in before for end in after]
    written += [f"{edge}7KQ4MX2P9T{edge}" for edge in odd] + [f"7KQ4M{middle}X2P9T" for middle in odd]
    written += ["A" * length for length in (0, 1, 3, 4, 32, 33)] + [" ", "-", "OIL-oil"]
    for _ in range(500):
        text = "".join(rng.choices(usual, k=rng.randrange(40)))
        if rng.random() < 0.2:
            place = rng.randrange(len(text) + 1)
            text = text[:place] + rng.choice(odd) + text[place:]
        written.append(rng.choice(before) * (rng.random() < 0.3) + text + rng.choice(after) * (rng.random() < 0.2))
    return written
