"""Voucher codes: how they are made, typed, read from a QR and shown to those who may not see them."""

import hashlib
import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U. https://www.crockford.com/base32.html"""
LENGTH = 10
"""Characters of a generated code: 50 random bits."""
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
_CODE = re.compile(r"[0-9A-Z]{4,32}")
_ADDRESS = re.compile(r"https?://[^\s]+/v/([^/?#\s]+)/?(?:[?#].*)?", re.IGNORECASE)


def generate() -> str:
    """Return a new random code."""
    bits = secrets.randbits(5 * LENGTH)
    return "".join(ALPHABET[(bits >> 5 * place) & 31] for place in range(LENGTH))


def normalise(raw: str) -> str | None:
    """Return the one spelling of a code, or None for what cannot be one (4 to 32 of 0-9 and A-Z are left)."""
    if not raw.isascii():
        return None
    code = raw.strip().upper().translate(_ALIKE)
    return code if _CODE.fullmatch(code) else None


def read(scanned: str) -> str | None:
    """Return the code in what a door scanned or typed: a voucher's address in any case, or the code alone."""
    text = scanned.strip()
    address = _ADDRESS.fullmatch(text)
    return normalise(address[1] if address else text)


def masked(code: str) -> str:
    """Return what everybody else sees of a code: its last two characters."""
    return f"…{code[-2:]}"


def digest(code: str) -> str:
    """Return a short hash that tells two codes apart without holding either."""
    return hashlib.sha256(code.encode()).hexdigest()[:32]
