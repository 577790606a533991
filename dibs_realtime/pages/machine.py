"""Who may read /metrics: this machine, and the networks that the settings allow."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network
_BY_PROXIES = ("Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "Via")


class MetricsDoor:
    """Admits by the address of the connection. What proxies say can only close the door, never open it."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def admits(self, request: web.Request) -> bool:
        """Return whether this request comes from this machine or an allowed network, over allowed hops only.

        A proxy on this machine passes on requests of the whole world: then the address it names must be allowed, and
        one that speaks of a proxy without naming the caller is refused.
        """
        hops = [hop for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        if not hops and any(name in request.headers for name in _BY_PROXIES):
            return False
        return all(self._is_allowed(hop.strip()) for hop in (request.remote or "", *hops))

    def _is_allowed(self, raw: str) -> bool:
        try:
            address: IPv4Address | IPv6Address = ip_address(raw)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return address.is_loopback or any(
            address in network for network in self._allowed if network.version == address.version
        )
