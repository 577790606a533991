"""Each route: good input, and bad input of every kind that its own description tells of."""

from typing import Any

import pytest
from aiohttp import web

from dibs_realtime.kit.http.routes import BASE_PATH, Route
from dibs_realtime.pages.documents import DOCUMENTS
from tests.api.catalogue import OPERATIONS, Operation
from tests.api.mutations import bad_bodies, bad_queries
from tests.api.scene import NOWHERE, Scene
from tests.support.rest import Answer

Table = dict[str, Route]


@pytest.fixture
def document(app: web.Application) -> dict[str, Any]:
    return app[DOCUMENTS].openapi


def described(document: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][route.path][route.method.lower()]
    return found


async def good(scene: Scene, name: str, operation: Operation, **options: Any) -> Answer:
    """Send the catalogue's good request, or a variation of it."""
    options.setdefault("ids", operation.ids(scene))
    if "body" not in options and "data" not in options:
        options["body"] = operation.body(scene) if operation.body else None
        options["data"] = operation.data(scene) if operation.data else None
    headers = {**operation.headers, **options.pop("headers", {})}
    return await scene.ask(operation.by, name, options.pop("body", None), headers=headers, **options)


async def test_good_input_is_taken(scene: Scene, table: Table) -> None:
    for name, operation in OPERATIONS.items():
        answer = await good(scene, name, operation)
        assert answer.status == table[name].status, f"{name}: {answer.status} {answer.raw!r}"


async def test_bad_bodies_are_refused_where_they_are_bad(scene: Scene, table: Table, document: dict[str, Any]) -> None:
    wrong = []
    for name, operation in OPERATIONS.items():
        if table[name].body is None:
            continue
        schema = described(document, table[name])["requestBody"]["content"]["application/json"]["schema"]
        assert operation.body is not None, f"{name} has a body, the catalogue has none"
        for what, body, loc in bad_bodies(schema, operation.body(scene), document["components"]["schemas"]):
            answer = await good(scene, name, operation, body=body)
            said = [error["loc"] for error in answer.body.get("errors", ())] if answer.status == 422 else []
            if not any(place[: 1 + len(loc)] == ["body", *loc] for place in said):
                wrong.append(f"{name}: {what}: {answer.status} {answer.raw[:200]!r}")
    assert not wrong, "\n".join(wrong)


async def test_bodies_that_cannot_be_read_are_refused(scene: Scene, table: Table) -> None:
    for name, operation in OPERATIONS.items():
        route = table[name]
        if not route.takes_body:
            continue
        right = {"Content-Type": route.consumes}
        other = await good(scene, name, operation, data=b"{}", headers={"Content-Type": "text/plain"})
        assert other.status == 415, f"{name}: {other.raw!r}"
        large = await good(scene, name, operation, data=b" " * (route.max_bytes + 1), headers=right)
        assert large.status == 413, f"{name}: {large.raw!r}"
        if route.body is None:
            continue
        for data in (b"", b"{", b'{"a":', b"\xff\xfe", b"null", b"[" * 100_000, b'{"a": 1e999}', b'{"a": "\\ud800"}'):
            answer = await good(scene, name, operation, data=data, headers=right)
            assert answer.status == 422, f"{name} {data[:20]!r}: {answer.raw!r}"


async def test_bad_queries_are_refused(scene: Scene, table: Table, document: dict[str, Any]) -> None:
    for name, operation in OPERATIONS.items():
        if table[name].query is None:
            continue
        parameters = [p for p in described(document, table[name])["parameters"] if p["in"] == "query"]
        for what, query, at in bad_queries(parameters):
            method, _, pattern = name.partition(" ")
            path = scene.path(pattern, **operation.ids(scene))
            answer = await scene.callers[operation.by].ask(method, f"{path}?{query}")
            assert answer.status == 422, f"{name}: {what}: {answer.status} {answer.raw!r}"
            assert ["query", at] in [error["loc"] for error in answer.body["errors"]], f"{name}: {what}: {answer.raw!r}"


async def test_ids_in_paths_are_of_this_event_or_of_none(scene: Scene, table: Table) -> None:
    for name, operation in OPERATIONS.items():
        for parameter in table[name].parameters:
            wrong = [("unknown", str(NOWHERE)), ("no id", "x"), ("braces", f"%7B{NOWHERE}%7D"), ("a NUL", "%00")]
            if parameter not in ("slug", "code", "token"):  # those are everybody's
                wrong.append(("of another event", scene.foreign[parameter]))
            for what, value in wrong:
                answer = await good(scene, name, operation, ids={**operation.ids(scene), parameter: value})
                assert answer.status == 404, f"{name}: {parameter} is {what}: {answer.status} {answer.raw!r}"


async def test_ids_in_bodies_are_of_this_event(scene: Scene, table: Table) -> None:
    for name, operation in OPERATIONS.items():
        if "{event_id}" not in table[name].path and name != "PATCH /devices/me":
            continue
        body = operation.body(scene) if operation.body else {}
        for field in body:
            if field not in ("gate_id", "gate_ids", "offer_id"):
                continue
            for strange in (scene.foreign[field.removesuffix("s")], str(NOWHERE)):
                value = [strange] if field.endswith("s") else strange
                answer = await good(scene, name, operation, body={**body, field: value})
                assert answer.status == 422, f"{name}: {field}: {answer.status} {answer.raw!r}"
                assert ["body", field] in [error["loc"][:2] for error in answer.body["errors"]], (
                    f"{name}: {answer.raw!r}"
                )


async def test_an_outdated_version_changes_nothing(scene: Scene, table: Table) -> None:
    for name, operation in OPERATIONS.items():
        if "If-Match" not in table[name].headers or name.endswith("/open"):
            continue  # it is open already, so nothing is to be changed and nothing can be lost (RFC 9110, 13.1.1)
        for outdated in ('"999"', "nonsense", 'W/"1"', '"1", "2"'):
            answer = await good(scene, name, operation, headers={"If-Match": outdated})
            assert answer.status == 412, f"{name}: {answer.status} {answer.raw!r}"
            assert answer.headers["ETag"] == f'"{answer.body["current_version"]}"', name


async def test_the_current_version_is_what_if_match_takes(scene: Scene, table: Table) -> None:
    """Reading, changing with the ETag that was read, and deleting with the one that the change answered."""
    for pattern, body in (
        ("/events/{event_id}", {"name": "Renamed"}),
        ("/events/{event_id}/offers/{offer_id}", {"title": "Renamed"}),
        ("/users/me", {"name": "Renamed"}),
    ):
        read = await scene.ask("owner", f"GET {pattern}")
        changed = await scene.ask("owner", f"PATCH {pattern}", body, headers={"If-Match": read.headers["ETag"]})
        assert changed.expect(200)["version"] == read.body["version"] + 1
        again = await scene.ask("owner", f"PATCH {pattern}", body, headers={"If-Match": read.headers["ETag"]})
        assert again.headers["ETag"] == changed.headers["ETag"], pattern
        again.expect(412)
        anyhow = await scene.ask("owner", f"PATCH {pattern}", body, headers={"If-Match": "*"})
        anyhow.expect(200)
    assert table


async def test_methods_and_addresses_that_do_not_exist(scene: Scene, table: Table) -> None:
    nothing = await scene.owner.ask("GET", f"{BASE_PATH}/nothing")
    assert (nothing.status, nothing.headers["Content-Type"]) == (404, "application/problem+json")
    taken = {(route.method, route.path) for route in table.values()}
    for name, operation in OPERATIONS.items():
        pattern = name.partition(" ")[2]
        for method in ("PUT", "TRACE", "DELETE", "PATCH"):
            if (method, table[name].path) in taken:
                continue
            answer = await scene.callers[operation.by].ask(method, scene.path(pattern))
            if answer.status != 404:  # another route's pattern may match the address, such as …/{voucher_id}
                assert answer.status == 405, f"{method} {pattern}: {answer.raw!r}"
                assert table[name].method in answer.headers["Allow"], name
