"""A door's book as a phone reads it: an implementation of docs/offline.md that shares nothing with the hub's."""

import asyncio
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support.world import Device

RECORD = 74


@dataclass
class Book:
    """What a device downloaded."""

    header: dict[str, Any] = field(default_factory=dict)
    records: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, tuple[int, int]] = field(default_factory=dict)
    chunks: int = 0
    raw: bytes = b""

    def take(self, raw: bytes) -> None:
        """Take in a chunk."""
        size = int.from_bytes(raw[:4], "big")
        self.header = json.loads(raw[4 : 4 + size])
        body, count = raw[4 + size :], self.header["count"]
        assert len(body) == count * (RECORD + 3)
        for place in range(count):
            record = body[place * RECORD : (place + 1) * RECORD]
            ordinal = int.from_bytes(record[8:12], "big")
            self.records[ordinal] = record
            self.states[ordinal] = struct.unpack_from(">HB", body, count * RECORD + place * 3)
        self.chunks += 1
        self.raw += raw

    def find(self, code: str) -> dict[str, Any] | None:
        """Open the voucher of a code, if the book has it."""
        derived = hashlib.pbkdf2_hmac(
            "sha256", code.encode(), bytes.fromhex(self.header["salt"]), self.header["iterations"]
        )
        for ordinal, record in self.records.items():
            if record[:8] == derived[:8]:
                try:
                    content = AESGCM(derived[16:]).decrypt(record[12:24], record[24:], record[:12])
                except InvalidTag:
                    return None
                return {
                    "ordinal": ordinal,
                    "offer": content[:8].hex(),
                    "max_uses": int.from_bytes(content[8:10], "big"),
                    "name": content[10:].rstrip(b"\0").decode(),
                    "uses": self.states[ordinal][0],
                    "flags": self.states[ordinal][1],
                }
        return None


async def download(device: Device, book: Book | None = None) -> Book:
    """Download what is new, chunk by chunk."""
    book = book or Book()
    while True:
        answer = await device.ask("GET", f"/events/{device.event_id}/door-snapshot?chunk={book.header.get('next', 0)}")
        answer.expect(200)
        book.take(answer.raw)
        if book.header["next"] >= book.header["last"]:
            return book


async def head(device: Device) -> int:
    """Return the number of the ledger's last entry."""
    return int((await device.get(f"/events/{device.event_id}/snapshot"))["seq"])


async def current(device: Device, book: Book | None = None) -> Book:
    """Download until everything that has happened is in it, however long a busy machine lets the sealing wait."""
    seq = await head(device)
    async with asyncio.timeout(240):
        while True:
            book = await download(device, book)
            if book.header["sealed_seq"] >= seq:
                return book
            await asyncio.sleep(0.05)
