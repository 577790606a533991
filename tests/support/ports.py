"""Ports for servers that a test starts."""

import random
import socket
from contextlib import suppress

# Below those that the kernel gives to connections: whoever connects somewhere in between cannot take it away again.
PORTS = random.SystemRandom().sample(range(20_000, 32_000), 12_000)


def free_port() -> int:
    """Return a port that nobody listens on; another one each time, and hardly ever one that another run picks."""
    while True:
        port = PORTS.pop()
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
