"""The door's book: what a phone carries to judge alone, each voucher sealed under its own code. See docs/offline.md.

A record is `index (8) · ordinal (4) · nonce (12) · sealed (34) · tag (16)`, numbers big-endian. What is sealed is
`offer (8: the end of its id) · most uses (2) · guest's name (24, UTF-8, filled with NUL)`; index and ordinal are
authenticated with it. One stretched derivation of the code gives the index and the key, so that nothing in the book
tells quicker than that whether a code is in it.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ITERATIONS = 4_096
"""Of PBKDF2-HMAC-SHA256, two compressions each: 2^13 for one guess at a code."""
DERIVED_BYTES = 32
NAME_BYTES = 24
RECORD = struct.Struct(">8s I 12s 50s")
STATE = struct.Struct(">HB")
"""What lies outside the seal, because it changes: uses, and flags."""
CLAIMED, DEAD = 1, 2
_CONTENT = struct.Struct(f">8s H {NAME_BYTES}s")
_PLACE = struct.Struct(">8s I")


@dataclass(frozen=True, slots=True)
class Content:
    """What is sealed of a voucher."""

    offer_id: UUID
    max_uses: int
    guest_name: str | None

    def packed(self) -> bytes:
        """Return it in its fixed length, which tells nothing of the name's."""
        return _CONTENT.pack(self.offer_id.bytes[8:], self.max_uses, cut(self.guest_name or ""))


def cut(name: str) -> bytes:
    """Return as much of a name as fits, never half a character."""
    return name.encode()[:NAME_BYTES].decode(errors="ignore").encode()


def derive(code: str, salt: bytes, iterations: int) -> bytes:
    """Stretch a code: the first 8 bytes are its index, the last 16 its key."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, iterations, DERIVED_BYTES)


def seal(derived: bytes, ordinal: int, content: bytes) -> bytes:
    """Return the record of a voucher. The same content makes the same record."""
    index, key = derived[:8], derived[16:]
    place = _PLACE.pack(index, ordinal)
    # Made of what it seals, so that no two contents ever share a nonce under a key.
    nonce = hmac.digest(key, place + content, "sha256")[:12]
    return RECORD.pack(index, ordinal, nonce, AESGCM(key).encrypt(nonce, content, place))
