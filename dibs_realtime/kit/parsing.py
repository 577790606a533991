"""What somebody sent, read by a model: one way for REST, sockets and the items of a batch."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dibs_realtime.kit import json, problems

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], raw: bytes, where: str) -> Model:
    """Read JSON. Raises Problem 422, whose `loc`s begin with `where`."""
    try:
        # JSON has types: "1" is no number.
        return model.__pydantic_validator__.validate_json(raw, strict=True)  # type: ignore[no-any-return]  # untyped
    except ValidationError as error:
        raise problems.invalid(describe(error, where)) from None
    except RecursionError:
        raise _too_deep(where) from None


def parse_part(model: type[Model], part: Any, where: str) -> Model:
    """Read what is decoded already, as strictly as `parse`. Raises Problem 422."""
    try:
        # From JSON again: only there is a text a strict id, or a time.
        raw = json.dumps(part)
    except TypeError:  # binary attachments, too, which are no JSON
        raise _too_deep(where) from None
    return parse(model, raw, where)


def describe(error: ValidationError, where: str) -> list[dict[str, Any]]:
    """Return a validation error's parts as the contract lists them, without the values that were sent."""
    return [
        {"loc": [where, *part["loc"]], "msg": part["msg"].removeprefix("Value error, ")}
        for part in error.errors(include_url=False, include_context=False, include_input=False)
    ][:100]


def _too_deep(where: str) -> problems.Problem:
    return problems.unprocessable("This is nested too deep, or no JSON.", loc=(where,))
