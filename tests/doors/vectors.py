"""A chunk of a door's book with its codes, for the TypeScript that opens it: tests/vectors/door_book.json."""

import base64
import json
from typing import Any
from uuid import UUID

from dibs_realtime.doors.book.model import CLAIMED, DEAD, STATE, Content, derive, seal

SALT, ITERATIONS = bytes(range(16)), 1_000
_OFFER = UUID("0197d3a0-0000-7000-8000-0000deadbeef")
_VOUCHERS: list[tuple[str, int, str | None, int, int]] = [
    ("7KQ4MX2P9T", 1, None, 0, 0),
    ("0000000001", 1_000, "Ona", 999, CLAIMED),
    ("ABCD", 3, "Žydrūnas Ąžuolaitis-Šimkus", 3, CLAIMED | DEAD),
    ("Z" * 32, 2, "👩‍👩‍👧‍👦 family", 1, DEAD),
]


def record() -> dict[str, Any]:
    """Return the case."""
    sealed = [
        seal(derive(code, SALT, ITERATIONS), ordinal, Content(_OFFER, max_uses, name).packed())
        for ordinal, (code, max_uses, name, _, _) in enumerate(_VOUCHERS)
    ]
    states = [STATE.pack(uses, marks) for *_, uses, marks in _VOUCHERS]
    header = json.dumps(
        {
            "format": 1, "epoch": "0197d3a0-0000-7000-8000-0000000000ee", "seq": 41, "sealed_seq": 40, "chunk": 0,
            "next": 4, "last": 4, "vouchers": 4, "count": 4, "salt": SALT.hex(), "iterations": ITERATIONS,
        }
    ).encode()  # fmt: skip
    chunk = len(header).to_bytes(4, "big") + header + b"".join(sealed) + b"".join(states)
    return {
        "chunk": base64.b64encode(chunk).decode(),
        "vouchers": [
            {
                "code": code, "ordinal": ordinal, "offerTail": _OFFER.hex[16:], "maxUses": max_uses,
                "guestName": (name or "").encode()[:24].decode(errors="ignore") or None, "uses": uses,
                "claimed": bool(marks & 1), "dead": bool(marks & 2),
            }
            for ordinal, (code, max_uses, name, uses, marks) in enumerate(_VOUCHERS)
        ],
    }  # fmt: skip
