"""What a door's phone does alone, measured under Node: `python -m bench.offline`.

The book holds 1,000 vouchers that are really sealed and otherwise random bytes: a door finds no difference.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dibs_realtime.doors.book.model import ITERATIONS, RECORD, STATE, Content, derive, seal
from dibs_realtime.kit.ids import new_id
from dibs_realtime.vouchers import codes

SEALED = 1_000
PROGRAM = Path(__file__).parents[1] / "web" / "src" / "lib" / "offline" / "testing" / "measure.ts"


def book(size: int, made: list[str], salt: bytes) -> bytes:
    """Return a whole book as one chunk."""
    offer_id = new_id()
    records = [
        seal(derive(code, salt, ITERATIONS), ordinal, Content(offer_id, 1, "Guest").packed())
        for ordinal, code in enumerate(made)
    ]
    for ordinal in range(len(made), size):
        noise = hashlib.shake_128(b"%d" % ordinal).digest(RECORD.size)
        records.append(noise[:8] + ordinal.to_bytes(4, "big") + noise[12:])
    header = {
        "format": 1, "epoch": str(new_id()), "seq": 1, "sealed_seq": 1, "chunk": 0, "next": size, "last": size,
        "vouchers": size, "count": size, "salt": salt.hex(), "iterations": ITERATIONS,
    }  # fmt: skip
    head = json.dumps(header).encode()
    return len(head).to_bytes(4, "big") + head + b"".join(records) + STATE.pack(0, 0) * size


def main() -> None:
    """Measure and print."""
    made, salt = codes.generate_many(SEALED), os.urandom(16)
    began = time.perf_counter()
    for code in made[:200]:
        derive(code, salt, ITERATIONS)
    print(
        f"stretching one code in Python, {ITERATIONS} iterations: {(time.perf_counter() - began) / 200 * 1_000:.2f} ms"
    )
    for size in (10_000, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "book"
            path.write_bytes(book(size, made, salt))
            (Path(folder) / "codes.json").write_text(json.dumps(made))
            print(f"{size} vouchers: {path.stat().st_size / 1e6:.2f} MB")
            node = Path(sys.prefix) / "bin" / "node"
            subprocess.run([node, PROGRAM, folder], check=True)


if __name__ == "__main__":
    main()
