from ipaddress import ip_network
from pathlib import Path

import pytest

from dibs_realtime.settings import Settings, SettingsError, environment, load

from .running import dibs

GOOD = {
    "database_url": "postgresql://dibs:hidden-word@db/dibs",
    "redis_url": "redis://:hidden-word@cache:6379/0",
    "secret_key": "k" * 32,
    "public_url": "https://party.example",
}


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DIBS_{name.upper()}", raising=False)


def told(**changes: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(forced={**GOOD, **changes})
    return str(caught.value)


def test_good_ones_load() -> None:
    settings = load(forced=GOOD)
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8080, 1)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"secret_key": "short"}, "DIBS_SECRET_KEY must have at least 32 characters."),
        ({"database_url": "mysql://x"}, "DIBS_DATABASE_URL must be an address like postgresql://"),
        ({"redis_url": "cache:6379"}, "DIBS_REDIS_URL must be an address like redis://"),
        ({"redis_url": "redis+sentinel://cache"}, "DIBS_REDIS_URL must name the sentinels' service"),
        ({"public_url": "http://party.example"}, "DIBS_PUBLIC_URL must start with https://"),
        ({"public_url": "party.example"}, "DIBS_PUBLIC_URL must be the address people open"),
        ({"public_url": "https://party.example/app"}, "DIBS_PUBLIC_URL must end after the host"),
        ({"public_url": "https://me@party.example"}, "DIBS_PUBLIC_URL must end after the host"),
        ({"port": "70000"}, "DIBS_PORT must be less than or equal to 65535."),
        ({"port": "tcp://10.0.0.1:80"}, "DIBS_PORT must be a valid integer"),
        ({"workers": "0"}, "DIBS_WORKERS must be greater than or equal to 1."),
        ({"log_format": "xml"}, "DIBS_LOG_FORMAT must be 'json' or 'console'."),
        ({"trusted_proxies": "10.0.0.0/8, proxy"}, "DIBS_TRUSTED_PROXIES must be networks"),
        ({"tls_key": "key.pem"}, "DIBS_TLS_CERTIFICATE and DIBS_TLS_KEY need each other."),
    ],
)
def test_each_unsafe_one_is_told_in_one_line(changes: dict[str, str], line: str) -> None:
    said = told(**changes)
    assert said.startswith(line)
    assert "\n" not in said
    assert "hidden-word" not in said


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:80", "https://x.example/"])
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    assert load(forced={**GOOD, "public_url": url}).public_url == url.rstrip("/")


def test_order_of_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DIBS_PORT=1\nDIBS_WORKERS=2\nOTHER=x\nDIBS_SOMETHING_ELSE=x\n")
    monkeypatch.setenv("DIBS_PORT", "3")
    monkeypatch.setenv("DIBS_HOST", "")
    settings = load(forced=GOOD, fallback={"port": 5, "workers": 5, "host": "::1", "log_format": "json"})
    assert (settings.port, settings.workers, settings.host, settings.log_format) == (3, 2, "::1", "json")


def test_networks_are_read_and_handed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIBS_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8 ,192.168.1.7")
    settings = load(forced=GOOD)
    assert settings.trusted_proxies == tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "192.168.1.7/32")))

    (tmp_path / ".env").write_text("DIBS_DATABASE_REPLICA_URL=postgresql://elsewhere/\n")
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load() == settings


def test_no_secret_is_shown() -> None:
    settings = load(forced=GOOD)
    assert "hidden-word" not in f"{settings!r} {settings}"
    assert GOOD["secret_key"] not in f"{settings!r} {settings}"


def test_the_start_stops_with_one_line_and_2(tmp_path: Path) -> None:
    ended = dibs("serve", folder=tmp_path, settings={**GOOD, "secret_key": "short"})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "Error: DIBS_SECRET_KEY must have at least 32 characters.\n"


def test_missing_ones_are_all_named_at_once(tmp_path: Path) -> None:
    ended = dibs("serve", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    for name in GOOD:
        assert f"DIBS_{name.upper()} is not set." in ended.stderr
