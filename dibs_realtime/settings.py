"""Every setting of the server: one frozen object, and the only place that reads the environment."""

import os
import socket
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dibs_realtime.kit import redis_address

PREFIX = "DIBS_"
Network = IPv4Network | IPv6Network
Networks = Annotated[tuple[Network, ...], NoDecode]
"""Written as a list with commas: `10.0.0.0/8, 192.168.1.7`."""


class SettingsError(Exception):
    """A setting is missing or unsafe. The text is one line for whoever starts the server, no secret in it."""


class Settings(BaseSettings):
    """The settings of one server. `Settings(...)` takes what it is given, `load()` reads the environment."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=PREFIX, env_file=".env")

    # Where the server keeps things. Hidden in texts, because addresses of databases hold passwords.
    database_url: str = Field(repr=False)
    database_writer_url: str | None = Field(default=None, repr=False)  # of the ledger's writer, where it has its own
    database_replica_url: str | None = Field(default=None, repr=False)
    database_prepared_statements: bool = True  # off: for a pooler that loses them
    redis_url: str = Field(repr=False)
    redis_ca: Path | None = None  # certificates of whom to trust, for rediss://
    secret_key: str = Field(min_length=32, repr=False)
    data_dir: Path = Path(".dibs")  # of `dibs up` alone

    # How it is reached.
    public_url: str
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: Networks = ()
    metrics_allowed: Networks = ()  # besides this machine itself

    # How it runs.
    node_host: str = "127.0.0.1"  # where the other server processes reach this one; `auto`: as this machine is called
    workers: int = Field(default=1, ge=1, le=256)
    log_format: Literal["json", "console"] = "console"

    # Limits. A whole venue often shares one address, so those by address are wide.
    login_failures_per_account: int = Field(default=10, ge=1)  # by one address, within 15 minutes
    login_failures_per_address: int = Field(default=100, ge=1)  # within an hour
    registrations_per_address: int = Field(default=60, ge=1)  # within an hour
    pairing_failures_per_address: int = Field(default=10, ge=1)  # within a minute
    guest_burst: int = Field(default=300, ge=1)  # new guests of one address at once ...
    guests_per_second: float = Field(default=5.0, gt=0)  # ... and afterwards
    access_code_burst: int = Field(default=100, ge=1)  # wrong access codes of one event by one address at once ...
    access_codes_per_second: float = Field(default=1.0, gt=0)  # ... and afterwards
    lookups_per_address: int = Field(default=120, ge=1)  # of voucher pages by code, within a minute
    lease_minutes: int = Field(default=120, ge=1, le=10_080)  # how long a door holds the uses that it was lent
    messages_per_second: int = Field(default=50, ge=1)  # of one socket; twice that in a burst

    @field_validator("trusted_proxies", "metrics_allowed", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError:
            raise ValueError("must be networks with commas between, like 10.0.0.0/8, 192.168.1.7") from None

    @field_validator("database_url", "database_writer_url", "database_replica_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"postgresql", "postgres"}:
            raise ValueError("must be an address like postgresql://user:password@host/database")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        redis_address.parse(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise ValueError("must be the address people open, like https://party.example")
        if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must end after the host (and port), like https://party.example")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError("must start with https:// (http:// is for this machine alone)")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _has_both_or_none(self) -> "Settings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError(f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY need each other")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only: the environment comes in by `load()`, where its rank can be chosen."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load(*, forced: Mapping[str, Any] | None = None, fallback: Mapping[str, Any] | None = None) -> Settings:
    """Read each setting from `forced`, the environment, `.env` or `fallback`: the first that has one.

    Raises SettingsError with one line that names each setting which is missing or unsafe.
    """
    # Both sources see field names only; what else is in the environment or in the file is not ours.
    found = {**DotEnvSettingsSource(Settings)(), **EnvSettingsSource(Settings)()}
    ours = {name: value for name, value in found.items() if name in Settings.model_fields and value != ""}
    try:
        return Settings(**{**(fallback or {}), **ours, **(forced or {})})
    except ValidationError as error:
        raise SettingsError(" ".join(_sentences(error))) from None


def node_host(settings: Settings) -> str:
    """Return the address at which the other server processes reach this machine. Raises SettingsError."""
    if settings.node_host != "auto":
        return settings.node_host
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        raise SettingsError(f"{PREFIX}NODE_HOST is auto, but this machine's own name leads nowhere.") from None


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which a child process loads these very settings, whatever `.env` says."""
    ours = dict.fromkeys(Settings.model_fields, "")
    for name, value in settings.model_dump(mode="json").items():
        ours[name] = ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return {**os.environ, **{f"{PREFIX}{name.upper()}": text for name, text in ours.items()}}


def _sentences(error: ValidationError) -> list[str]:
    sentences = []
    for problem in error.errors(include_url=False, include_input=False):
        message = problem["msg"].removeprefix("Value error, ").rstrip(".")
        if not problem["loc"]:
            sentences.append(f"{message}.")
            continue
        name = f"{PREFIX}{problem['loc'][0]}".upper()
        if problem["type"] == "missing":
            sentences.append(f"{name} is not set.")
        elif problem["type"] == "string_too_short":
            sentences.append(f"{name} must have at least {problem['ctx']['min_length']} characters.")
        else:
            sentences.append(f"{name} {message[0].lower()}{message[1:]}.".replace(" input should", " must"))
    return sentences


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
