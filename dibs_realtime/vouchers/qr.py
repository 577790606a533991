"""A voucher's QR code: its address, short and in upper case, so that the symbol stays small and scans from afar."""

import io

import segno

QUIET_ZONE = 4
"""Empty modules around the symbol, which readers need (ISO/IEC 18004)."""
_PNG_PIXELS = 12
"""Pixels of a module: sharp on a phone, and printed at 3 cm."""


def address(public_url: str, code: str) -> str:
    """Return what the symbol holds: upper case takes less than 6 bits a character (the alphanumeric mode)."""
    return f"{public_url}/v/{code}".upper()


def svg(content: str) -> bytes:
    """Return the symbol as an SVG picture that fits the space it gets, dark on white whatever is behind it."""
    out = io.BytesIO()
    _symbol(content).save(out, kind="svg", border=QUIET_ZONE, light="#fff", omitsize=True, nl=False, svgclass=None)
    return out.getvalue()


def png(content: str) -> bytes:
    """Return the symbol as a PNG picture."""
    out = io.BytesIO()
    _symbol(content).save(out, kind="png", border=QUIET_ZONE, scale=_PNG_PIXELS)
    return out.getvalue()


def _symbol(content: str) -> segno.QRCode:
    return segno.make_qr(content, error="m", boost_error=False)
