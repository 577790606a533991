import pytest

from dibs_realtime.kit.redis_address import parse


def test_one_server():
    assert (parse("redis://localhost:6379/0").kind, parse("rediss://localhost").tls) == ("single", True)
    assert parse("unix:///run/redis.sock").kind == "single"


def test_a_cluster():
    address = parse("rediss+cluster://anna:s%40fe@one:7000,[::1]:7001,two")
    assert (address.kind, address.tls) == ("cluster", True)
    assert address.hosts == (("one", 7000), ("::1", 7001), ("two", 6379))
    assert (address.username, address.password) == ("anna", "s@fe")


def test_sentinels():
    address = parse("redis+sentinel://:safe@one,two:5000/party/3?sentinel_password=other")
    assert (address.kind, address.tls, address.service, address.database) == ("sentinel", False, "party", 3)
    assert address.hosts == (("one", 26379), ("two", 5000))
    assert (address.username, address.password, address.sentinel_password) == (None, "safe", "other")


@pytest.mark.parametrize(
    "url",
    [
        "http://secret",
        "redis+cluster://secret/0",
        "redis+cluster://secret:x",
        "redis+cluster://one,,secret",
        "redis+cluster://secret?timeout=1",
        "redis+sentinel://secret",
        "redis+sentinel://secret/party/x",
    ],
)
def test_what_cannot_be_read_is_said_without_repeating_it(url: str):
    with pytest.raises(ValueError, match=r"must|may") as raised:
        parse(url)
    assert "secret" not in str(raised.value)
