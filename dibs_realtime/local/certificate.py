"""A certificate of our own for this machine, so that phones on the same network may use their camera."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dibs_realtime.local.folder import LocalError

VALID = timedelta(days=397)  # browsers refuse longer ones
RENEW_BEFORE = timedelta(days=14)


def addresses() -> list[str]:
    """Return this machine's addresses in its networks, the one that others most likely reach first."""
    found = [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in {socket.AF_INET, socket.AF_INET6} and _is_useful(entry.address)
    ]
    first = _outward()
    return sorted(set(found), key=lambda address: (address != first, ":" in address, address))


def ensure_certificate(folder: Path) -> tuple[Path, Path]:
    """Return certificate and key in `folder`, made anew when they are missing, old, or of other addresses.

    Raises LocalError.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ["localhost", socket.gethostname(), "127.0.0.1", "::1", *addresses()]
    try:
        if not (key.exists() and certificate.exists() and _is_good(certificate.read_bytes(), names)):
            folder.mkdir(mode=0o700, exist_ok=True)
            key.touch(mode=0o600)
            _make(certificate, key, names)
    except OSError as error:
        raise LocalError(f"The certificate in {folder} cannot be made: {error.strerror}.") from None
    return certificate, key


def _make(certificate: Path, key: Path, names: Sequence[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Party Dibs on this machine")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _is_good(pem: bytes, names: Sequence[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(pem)
    except ValueError:
        return False
    known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {_general(name) for name in names} <= set(known) and found.not_valid_after_utc > datetime.now(
        UTC
    ) + RENEW_BEFORE


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _is_useful(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:  # with a zone, like fe80::1%eth0
        return False
    return not (found.is_loopback or found.is_link_local or found.is_unspecified)


def _outward() -> str | None:
    """Return the address that packets to the outside carry. None is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: it belongs to nobody
            return str(probe.getsockname()[0])
        except OSError:
            return None
