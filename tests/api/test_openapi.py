"""The API's description: valid, complete, the same every time, and what is served."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from dibs_realtime.app import PARTS, create_app
from dibs_realtime.commands.api_docs import api_docs_command
from dibs_realtime.kit.http.openapi import document as describe
from dibs_realtime.kit.http.routes import Call, Routes
from dibs_realtime.kit.wire import Wire
from dibs_realtime.pages.documents import DOCUMENTS
from dibs_realtime.settings import Settings
from tests.api.catalogue import OPERATIONS
from tests.support.rest import Client


@pytest.fixture
def document(app: web.Application) -> dict[str, Any]:
    return app[DOCUMENTS].openapi


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())


def test_it_has_every_route(document: dict[str, Any], app: web.Application) -> None:
    assert operations(document).keys() == {f"{route.method} {route.path}" for route in app[PARTS].routes}
    assert len(operations(document)) == len(OPERATIONS)


async def test_it_is_what_is_served(client: Client, document: dict[str, Any]) -> None:
    answer = await client.get("/api/openapi.json")
    assert answer.content_type == "application/json"
    assert await answer.json() == document


def test_it_is_the_same_every_time(settings: Settings) -> None:
    first, second = (json.dumps(create_app(settings)[DOCUMENTS].openapi) for _ in range(2))
    assert first == second


def test_every_operation_tells_what_it_is_and_whom_it_is_for(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)
    for name, operation in operations(document).items():
        assert operation["summary"].endswith("."), name
        assert operation["x-who"], name
        assert operation["security"] or operation["x-who"] == ["-"], name
        for status, answer in operation["responses"].items():
            if status not in ("204", "304") and not status.startswith(("4", "5")):
                assert answer["content"], name
    assert operations(document)["POST /api/v1/events/{event_id}/redemptions"]["security"] == [
        {"user": []},
        {"device": []},
    ]


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for answer in document["components"]["responses"].values():
        assert answer["content"].keys() == {"application/problem+json"}
    problem = document["components"]["schemas"]["ProblemDetails"]
    assert {"type", "title", "status", "detail", "instance", "request_id"} == set(problem["required"])


def test_versions_travel_as_etag(document: dict[str, Any]) -> None:
    patch = operations(document)["PATCH /api/v1/events/{event_id}"]
    assert "ETag" in patch["responses"]["200"]["headers"]
    assert "If-Match" in [parameter["name"] for parameter in patch["parameters"]]
    create = operations(document)["POST /api/v1/events"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in create["parameters"]]


def test_what_is_no_json_has_its_type(document: dict[str, Any]) -> None:
    found = operations(document)
    base = "/api/v1"
    assert found[f"GET {base}/vouchers/{{voucher_id}}/qr.png"]["responses"]["200"]["content"] == {"image/png": {}}
    assert found[f"GET {base}/vouchers/{{voucher_id}}/qr.svg"]["responses"]["200"]["content"].keys() == {
        "image/svg+xml"
    }
    assert found[f"GET {base}/events/{{event_id}}/vouchers/export"]["responses"]["200"]["content"].keys() == {
        "text/csv"
    }
    assert found[f"POST {base}/events/{{event_id}}/vouchers/import"]["requestBody"]["content"].keys() == {"text/csv"}


def test_requests_refuse_the_unknown_and_answers_may_grow(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["NewEvent"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["EventOut"]


def test_two_operations_of_one_name_are_a_mistake() -> None:
    class Thing(Wire):
        name: str

    r = Routes("things")

    async def read(call: Call) -> Thing:
        raise NotImplementedError

    r.get("/things", who="-")(read)
    r.get("/other-things", who="-")(read)
    with pytest.raises(ValueError, match="things_read"):
        describe(r, title="Things", version="1")


def test_dibs_api_docs_writes_both_documents(tmp_path: Path) -> None:
    result = CliRunner().invoke(api_docs_command, [str(tmp_path / "api")])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "api" / "openapi.json").read_text())["openapi"] == "3.1.0"
    assert json.loads((tmp_path / "api" / "asyncapi.json").read_text())["asyncapi"].startswith("3.")
