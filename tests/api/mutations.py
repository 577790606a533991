"""Bad input, made from a route's own description: every field with the wrong type, too long, too large, unknown."""

from collections.abc import Iterator
from typing import Any

from dibs_realtime.kit.wire import NOT_BLANK

Schema = dict[str, Any]
Case = tuple[str, Any, tuple[str, ...]]
"""What is wrong, the body (or query), and where the answer must say so."""

_SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "string": "7",
    "array": [7],
    "object": {"a": 7},
}


def bad_bodies(schema: Schema, good: dict[str, Any], definitions: dict[str, Schema]) -> Iterator[Case]:
    """Yield bodies that are wrong in one place each."""
    schema = _resolved(schema, definitions)
    yield "no object", [good], ()
    yield "an unknown field", {**good, "surprise": 1}, ("surprise",)
    for name in schema.get("required", ()):
        yield f"{name} is missing", {key: value for key, value in good.items() if key != name}, (name,)
    for name, field in schema["properties"].items():
        for what, value in bad_values(field, definitions):
            yield f"{name} is {what}", {**good, name: value}, (name,)


def bad_values(field: Schema, definitions: dict[str, Schema]) -> Iterator[tuple[str, Any]]:
    """Yield values that a field does not take."""
    choices = [_resolved(choice, definitions) for choice in field.get("anyOf", [field])]
    taken = {choice["type"] for choice in choices if "type" in choice}
    if not taken:
        return
    for kind, sample in _SAMPLES.items():
        if kind not in taken:
            yield f"of type {kind}", sample
    for choice in choices:
        if "maxLength" in choice:
            yield "too long", "a" * (choice["maxLength"] + 1)
        if choice.get("minLength"):
            yield "empty", ""
        if "maximum" in choice:
            yield "too large", choice["maximum"] + 1
        if "minimum" in choice:
            yield "too small", choice["minimum"] - 1
        if choice.get("maxItems", 10**9) <= 1_000:
            yield "too many", ["01900000-0000-7000-8000-000000000000"] * (choice["maxItems"] + 1)
        if "enum" in choice:
            yield "no such word", "nonsense"
        if choice.get("format") == "uuid":
            yield "no id", "not-an-id"
        if choice.get("format") == "date-time":
            yield "no time", "yesterday"
            yield "a time without offset", "2026-05-01T21:30:00"
            yield "a number for a time", 1_777_671_000
        if "pattern" in choice:
            yield "with a NUL", "seven\x00teen characters"
        if choice.get("pattern") == NOT_BLANK:
            yield "blank", " \t\u2003\n "


def bad_queries(parameters: list[Schema]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong, a query string, and the parameter that the answer must name."""
    yield "an unknown parameter", "surprise=1", "surprise"
    for parameter in parameters:
        name, schema = parameter["name"], parameter["schema"]
        if schema.get("type") == "integer":
            yield f"{name} is no number", f"{name}=many", name
            yield f"{name} is too small", f"{name}={schema['minimum'] - 1}", name
            yield f"{name} is too large", f"{name}={schema['maximum'] + 1}", name
            yield f"{name} comes twice", f"{name}={schema['minimum']}&{name}={schema['minimum']}", name
        if "maxLength" in schema:
            yield f"{name} is too long", f"{name}={'a' * (schema['maxLength'] + 1)}", name
        if "enum" in schema or "const" in schema:
            yield f"{name} is no such word", f"{name}=nonsense", name
        if schema.get("format") == "uuid":
            yield f"{name} is no id", f"{name}=not-an-id", name
    if any(parameter["name"] == "cursor" for parameter in parameters):
        yield "a cursor of somebody else", "cursor=AAAA", "cursor"


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    ref = schema.get("$ref")
    return definitions[ref.rpartition("/")[2]] if ref else schema
