"""A file of 50,000 codes with 20 faulty lines among them, for an event that has these offers and TAKEN0001 already."""

from dibs_realtime.vouchers import codes

TITLES = ("Free drink", "Entry")


def build() -> tuple[list[str], dict[int, tuple[str | None, str]], bytes]:
    """Return the good codes, the faulty lines (line → code as it stands there, reason) and the file.

    Every fifth code is an entry, the others are drinks; every second one is somebody's already.
    """
    made = codes.generate_many(49_980)
    rows = [
        f"{code},{'Entry' if n % 5 == 0 else 'Free drink'},,{f'Guest {n},guest{n}@dibs.example' if n % 2 else ','}"
        for n, code in enumerate(made)
    ]
    bad: dict[int, tuple[bytes, str | None, str]] = {
        2: (b"abc,Free drink,,,", "abc", "bad_code"),
        3: (b"NO!PE,Free drink,,,", "NO!PE", "bad_code"),
        4: (b",Free drink,,,", "", "bad_code"),
        1_000: (f"{made[5].lower()},Free drink,,,".encode(), made[5].lower(), "duplicate"),
        1_001: (f"{made[5][:4]}-{made[5][4:]},Free drink,,,".encode(), f"{made[5][:4]}-{made[5][4:]}", "duplicate"),
        1_002: (b"taken-oool,Entry,,,", "taken-oool", "duplicate"),
        2_000: (b"GOOD00001,Free beer,,,", "GOOD00001", "unknown_offer"),
        2_001: (b"GOOD00002,,,,", "GOOD00002", "unknown_offer"),
        2_002: (b"GOOD00003,00000000-0000-7000-8000-000000000000,,,", "GOOD00003", "unknown_offer"),
        3_000: (b"GOOD00004,Caf\xe9,,,", "GOOD00004", "bad_encoding"),
        3_001: (b"\xff\xfeGOOD,Entry,,,", None, "bad_encoding"),
        3_002: (b"GOOD00005,Entry,,Jos\xe9,", "GOOD00005", "bad_encoding"),
        4_000: (b"A" * 33 + b",Entry,,,", "A" * 33, "too_long"),
        4_001: (b"GOOD00006,Entry,," + b"x" * 5_000 + b",", "GOOD00006", "too_long"),
        4_002: (b'"GOOD00007,Entry,,,', None, "too_long"),
        4_003: (b"GOOD00008,Entry,,Doe, Jane,jane@dibs.example", "GOOD00008", "too_long"),
        5_000: (b"GOOD00009,Entry,0,,", "GOOD00009", "bad_max_uses"),
        5_001: (b"GOOD00010,Entry,1001,,", "GOOD00010", "bad_max_uses"),
        50_000: (b"GOOD00011,Entry,,Ann,ann at dibs", "GOOD00011", "bad_email"),
        50_001: (b"GOOD00012,Entry,,,ann@", "GOOD00012", "bad_email"),
    }
    waiting = iter(rows)
    lines = [bad[line][0] if line in bad else next(waiting).encode() for line in range(2, 50_002)]
    assert next(waiting, None) is None
    file = b"code,offer,max_uses,guest_name,guest_email\n" + b"\n".join(lines) + b"\n"
    return made, {line: (code, reason) for line, (_, code, reason) in bad.items()}, file
