"""The address a request comes from, behind trusted proxies or not."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network


class Addresses:
    """Reads `X-Forwarded-For` only as far as trusted proxies wrote it."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=4096)(self._trusts)

    def of(self, request: web.Request) -> str:
        """Return the caller's address: the last one in the chain that no trusted proxy has."""
        peer = request.remote or "unknown"
        if not self._trusted or not self._is_trusted(peer):
            return peer
        # A proxy may write a line of its own behind the caller's: all lines together are the chain.
        chain = ",".join(request.headers.getall("X-Forwarded-For", ()))
        for hop in reversed(chain.split(",")):
            address = hop.strip()
            if address and not self._is_trusted(address):
                return address if _is_address(address) else peer
        return peer

    def _trusts(self, raw: str) -> bool:
        if not _is_address(raw):
            return False
        address = ip_address(raw)
        return any(address in network for network in self._trusted if network.version == address.version)


def _is_address(raw: str) -> bool:
    try:
        ip_address(raw)
    except ValueError:
        return False
    return True
