"""The address a server listens on: free or not, open or not."""

import errno
import socket
from urllib.parse import urlsplit

from dibs_realtime.processes.child import ChildError


def check_free(host: str, port: int) -> None:
    """Raise ChildError when nobody can listen on `host` and `port`; 0 is any free port.

    Server processes share their port, and would share it with those of another run just as well: that is why
    somebody has to look first.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise ChildError(f"There is no host called {host}. Take another with --host.") from None
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: f"Port {port} on {host} is taken by another program. Take another with --port.",
            errno.EACCES: f"You may not listen on port {port}. Take one above 1023 with --port.",
            errno.EADDRNOTAVAIL: f"This machine has no address {host}. Take another with --host.",
        }
        raise ChildError(
            reasons.get(error.errno or 0, f"Nobody can listen on {host} port {port}: {error.strerror}.")
        ) from None


def answers(host: str, port: int) -> bool:
    """Say whether somebody takes connections there."""
    try:
        with socket.create_connection((reachable(host), port), timeout=1):
            return True
    except OSError:
        return False


def reachable(host: str) -> str:
    """Return a host that reaches, from this machine, a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  # compared, not bound


def is_loopback_url(url: str) -> bool:
    """Say whether an address is for this machine alone."""
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}
