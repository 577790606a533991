from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from dibs_realtime.kit.http.address import Addresses

OURS = Addresses([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "lines", "caller"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.9, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        # a proxy that writes a line of its own behind the one that the caller made up
        ("10.0.0.1", ["198.51.100.9", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.9, 198.51.100.8", "203.0.113.7", "fd00::1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.9", "nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["", "10.0.0.3"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("203.0.113.7", ["198.51.100.9"], "203.0.113.7"),
    ],
)
def test_the_caller_is_the_last_one_that_is_no_proxy_of_ours(peer: str, lines: list[str], caller: str) -> None:
    headers = CIMultiDict(("X-Forwarded-For", line) for line in lines)
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert OURS.of(request) == caller
