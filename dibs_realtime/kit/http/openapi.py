"""The API's description (OpenAPI 3.1), made from the declared routes: what is not declared is not served either."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from dibs_realtime.kit.http.headers import (
    ANSWER_HEADERS,
    PROBLEM_HEADERS,
    PROBLEM_NAMES,
    PROBLEM_TEXTS,
    REQUEST_HEADERS,
)
from dibs_realtime.kit.http.routes import BASE_PATH, Route
from dibs_realtime.kit.wire import ProblemDetails

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
_REF = "#/components/schemas/"
_PROBLEM = "application/problem+json"
_SECURITY = {
    "user": "An organizer's access token, from signing in.",
    "device": "A door device's token, from pairing.",
    "guest": "A guest's token, from signing in to an event.",
}
_WHO = {
    "U": "any organizer account",
    "O": "the event's owner",
    "M": "the event's managers",
    "V": "the event's viewers",
    "D": "the event's door staff",
    "dev": "the event's paired devices",
    "G": "guests",
}
_ABOUT = """\
Live, ordered, lossless: every change to an event is one entry in its ledger.

Times are RFC 3339 in UTC, ids are time-ordered UUIDs. Requests with fields that are not listed here are refused;
answers may gain fields, so skip those that you do not know. A refusal at the door or of a claim is an answer (200),
not an error. An owner may what a manager may, a manager what a viewer and door staff may."""


def document(routes: Iterable[Route], *, title: str, version: str, server_url: str = "/") -> dict[str, Any]:
    """Return the description of these routes; the same routes give the same document.

    Raises ValueError when two operations would share an id.
    """
    routes = list(routes)
    names = [route.name for route in routes]
    if len(set(names)) < len(names):
        raise ValueError(f"operations share a name: {sorted({name for name in names if names.count(name) > 1})}")
    schemas, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, definitions)
    used = {status for route in routes for status in error_statuses(route)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server_url}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": {name: definitions[name] for name in sorted(definitions)},
            "responses": {PROBLEM_NAMES[status]: _problem(status) for status in sorted(used)},
            "headers": ANSWER_HEADERS,
            "securitySchemes": {
                kind: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text}
                for kind, text in _SECURITY.items()
            },
        },
    }


def error_statuses(route: Route) -> list[int]:
    """Return the statuses of every error that a route can give: those it names and those that follow from its shape."""
    found = {*route.problems, 500}
    if route.kinds:
        found |= {401, 403}
    if route.path.startswith(BASE_PATH):
        found.add(503)
    if route.parameters:
        found.add(404)
    if "If-Match" in route.headers:
        found.add(412)
    if route.takes_body:
        found |= {413, 415, 422}
    if route.query is not None or "Idempotency-Key" in route.headers:
        found.add(422)
    return sorted(found)


_ALWAYS = ("X-Request-ID", "X-Server-Time")
"""Headers of every answer."""


class _Schemas(GenerateJsonSchema):
    """Schemas without a title for each field; those of answers allow what a later release adds."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Say no: a field's name is title enough."""
        del schema
        return False

    def default_schema(self, schema: Any) -> Schema:
        """Return a field's schema; no default where it means "left out", which null would not."""
        found = super().default_schema(schema)
        if found.get("default", ...) is None and {"type": "null"} not in found.get("anyOf", ()):
            del found["default"]
        return found

    def model_schema(self, schema: Any) -> Schema:
        """Return a model's schema."""
        found = super().model_schema(schema)
        if self.mode == "serialization" and found.get("additionalProperties") is False:
            del found["additionalProperties"]
        return found


def _schemas(routes: Sequence[Route]) -> tuple[dict[tuple[str, str], Schema], dict[str, Schema]]:
    """Return the schema of every body, query and answer by operation, and the definitions they refer to."""
    inputs: list[tuple[tuple[str, str], Mode, TypeAdapter[Any]]] = [
        (("", "problem"), "serialization", TypeAdapter(ProblemDetails))
    ]
    for route in routes:
        if route.body is not None:
            inputs.append(((route.name, "body"), "validation", TypeAdapter(route.body)))
        if route.query is not None:
            inputs.append(((route.name, "query"), "validation", TypeAdapter(route.query)))
        if route.answer is not None:
            inputs.append(((route.name, "answer"), "serialization", route.answer))
    found, rest = TypeAdapter.json_schemas(inputs, schema_generator=_Schemas, ref_template=_REF + "{model}")
    definitions: dict[str, Schema] = rest.get("$defs", {})
    for name in _of_queries_alone(found, definitions):
        del definitions[name]
    return {key: schema for (key, _), schema in found.items()}, definitions


def _of_queries_alone(found: dict[Any, Any], definitions: dict[str, Schema]) -> set[str]:
    """Return the definitions that only queries refer to: their fields are listed as parameters."""
    queries = {_name(schema) for ((_, part), _), schema in found.items() if part == "query"}
    others = {_name(schema) for ((_, part), _), schema in found.items() if part != "query"}
    return {name for name in queries - others if name in definitions}


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).removeprefix(_REF)


def _operation(route: Route, schemas: dict[tuple[str, str], Schema], definitions: dict[str, Schema]) -> dict[str, Any]:
    about = f"Who: {', '.join(_WHO[letter] for letter in route.who.split() if letter in _WHO) or 'anybody'}."
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": "\n\n".join(filter(None, (route.description, about))),
        "x-who": route.who.split(),
        "security": [{kind: []} for kind in _SECURITY if kind in route.kinds],
    }
    parameters = [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.takes_body:
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {route.max_bytes:,} bytes.",
            "content": {route.consumes: {"schema": schemas.get((route.name, "body"), {"type": "string"})}},
        }
    operation["responses"] = {
        str(route.status): _answer(route, schemas, definitions),
        **({"304": {"description": "As in If-None-Match."}} if "If-None-Match" in route.headers else {}),
        **{
            str(status): {"$ref": f"#/components/responses/{PROBLEM_NAMES[status]}"} for status in error_statuses(route)
        },
    }
    return operation


def _path_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in route.parameters:
        schema = {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> Iterator[dict[str, Any]]:
    if route.query is None:
        return
    for name, schema in _flat(route.query).items():
        about = schema.pop("description", None)
        yield {
            "name": name,
            "in": "query",
            "required": route.query.model_fields[name].is_required(),
            **({"description": about} if about else {}),
            "schema": schema,
        }


def _flat(model: type[BaseModel]) -> dict[str, Schema]:
    """Return the fields' schemas. There is no null in an address: what may be null may be left out."""
    properties: dict[str, Schema] = model.model_json_schema(schema_generator=_Schemas).get("properties", {})
    for schema in properties.values():
        if schema.get("default", ...) is None:
            del schema["default"]
        choices = [choice for choice in schema.pop("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1:
            schema.update(choices[0])
        elif choices:
            schema["anyOf"] = choices
    return properties


def _header_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in route.headers:
        yield {"name": name, "in": "header", "required": False, **REQUEST_HEADERS[name]}


def _answer(route: Route, schemas: dict[tuple[str, str], Schema], definitions: dict[str, Schema]) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ALWAYS}
    schema = schemas.get((route.name, "answer"))
    if schema is not None and "version" in definitions.get(_name(schema), {}).get("properties", {}):
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    answer: dict[str, Any] = {"description": _outcome(route), "headers": headers}
    if schema is not None:
        answer["content"] = {route.produces: {"schema": schema}}
    elif route.status != 204:  # noqa: PLR2004  # no content
        is_text = re.match(r"text/|image/svg", route.produces)
        answer["content"] = {route.produces: {"schema": {"type": "string"}} if is_text else {}}
    return answer


def _outcome(route: Route) -> str:
    return {201: "It was made.", 204: "It is done."}.get(route.status, "The answer.")


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": PROBLEM_TEXTS[status],
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("X-Request-ID", *PROBLEM_HEADERS.get(status, ()))
        },
        "content": {_PROBLEM: {"schema": {"$ref": f"{_REF}{ProblemDetails.__name__}"}}},
    }
