"""QR codes that the web pages must draw with the same content: recorded here, read back by ZBar in `web/`."""

import base64
import json
import os
from pathlib import Path

from dibs_realtime.simulate.welcome import symbol
from dibs_realtime.vouchers import qr

VECTORS = Path(__file__).parents[1] / "vectors" / "qr.json"
IN_TERMINAL = VECTORS.with_name("qr-terminal.json")
LINKS = (
    "http://localhost:8080/e/midsummer-night",
    "https://192.168.1.20:8080/door/#7KQ4MX2P",
    "https://party.example/app/",
)
CASES = (
    ("https://party.example", "7KQ4MX2P9T"),
    ("https://vouchers.my-festival.example:8443", "0000000000"),
    ("http://192.168.1.20:8080", "WELCOME2026"),
    ("http://localhost:8080/party", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"),
)


def test_the_recorded_codes_are_those_that_the_server_draws() -> None:
    drawn = [
        {
            "public_url": public_url,
            "code": code,
            "content": qr.address(public_url, code),
            "png": base64.b64encode(qr.png(qr.address(public_url, code))).decode(),
        }
        for public_url, code in CASES
    ]
    if os.environ.get("DIBS_RECORD_VECTORS"):  # `make vectors`
        VECTORS.write_text(json.dumps(drawn, indent=1) + "\n")
    assert json.loads(VECTORS.read_text()) == drawn


def test_the_recorded_symbols_are_those_that_the_demo_prints() -> None:
    printed = [{"content": link, "lines": symbol(link).plain.splitlines()} for link in LINKS]
    if os.environ.get("DIBS_RECORD_VECTORS"):  # `make vectors`
        IN_TERMINAL.write_text(json.dumps(printed, indent=1, ensure_ascii=False) + "\n")
    assert json.loads(IN_TERMINAL.read_text()) == printed
