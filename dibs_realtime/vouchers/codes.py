"""Voucher codes: how they are made, typed, read from a QR and shown to those who may not see them."""

import hashlib
import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U. https://www.crockford.com/base32.html"""
LENGTH = 10
"""Characters of a generated code: 50 random bits."""
LONGEST = 32
"""Characters of the longest code there may be."""
# 256 is a multiple of 32, so that no character is likelier than another.
_DRAWN = bytes(ord(ALPHABET[byte % 32]) for byte in range(256))
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
_CODE = re.compile(r"[0-9A-Z]{4,32}")
_BEGINNING = re.compile(r"[0-9A-Z]{1,32}")
_FOLDED = re.compile(r"[0-9A-HJKMNP-Z]{4,32}")
_ADDRESS = re.compile(r"https?://[^\s]+/v/([^/?#\s]+)/?(?:[?#].*)?", re.IGNORECASE)


def generate() -> str:
    """Return a new random code."""
    return generate_many(1)[0]


def generate_many(count: int) -> list[str]:
    """Return `count` new random codes, drawn at once: that is ten times quicker than one by one."""
    drawn = secrets.token_bytes(LENGTH * count).translate(_DRAWN).decode("ascii")
    return [drawn[start : start + LENGTH] for start in range(0, LENGTH * count, LENGTH)]


def folded(raw: str) -> str:
    """Return the one spelling of what is alike: no case, no spaces or dashes, `O` is 0, `I` and `L` are 1."""
    # Beyond ASCII some letters become several, or another one, in upper case: they are nobody's code.
    return raw.strip().upper().translate(_ALIKE) if raw.isascii() else raw


def normalise(raw: str) -> str | None:
    """Return the one spelling of a code, or None for what cannot be one (4 to 32 of 0-9 and A-Z are left)."""
    code = folded(raw)
    return code if _CODE.fullmatch(code) else None


def beginning(raw: str) -> str | None:
    """Return the one spelling of a code's first characters, or None for what begins no code."""
    start = folded(raw)
    return start if _BEGINNING.fullmatch(start) else None


def read(scanned: str) -> str | None:
    """Return the code in what a door scanned or typed: a voucher's address in any case, or the code alone."""
    if _FOLDED.fullmatch(scanned):  # most are written as they are kept
        return scanned
    text = scanned.strip()
    address = _ADDRESS.fullmatch(text)
    return normalise(address[1] if address else text)


def masked(code: str) -> str:
    """Return what everybody else sees of a code: its last two characters."""
    return f"…{code[-2:]}"


def digest(code: str) -> str:
    """Return a short hash that tells two codes apart without holding either."""
    return hashlib.sha256(code.encode()).hexdigest()[:32]
