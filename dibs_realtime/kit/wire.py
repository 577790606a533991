"""The base of every shape on the wire, and the scalar types that many of them share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Item = TypeVar("Item")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Wire(BaseModel):
    """A JSON object of the contract: frozen, snake_case, unknown fields refused; answers have all their fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=False,
        ser_json_inf_nan="null",
        json_schema_serialization_defaults_required=True,
    )


def _read_rfc_3339(value: Any) -> Any:
    # The library would also take a number of seconds, or a time without seconds.
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return datetime.fromisoformat(value.upper())
    raise ValueError("must be a time like 2026-05-01T21:30:00Z")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


Utc = Annotated[AwareDatetime, BeforeValidator(_read_rfc_3339), AfterValidator(_in_utc)]
"""An RFC 3339 time with an offset, kept in UTC."""

# As patterns and not as functions: constraints that are added to these types then still apply in the right order.
NOT_BLANK = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


def _of_our_days(value: datetime) -> datetime:
    if not 2000 <= value.year < 2200:  # noqa: PLR2004  # wide enough for every party, and far from what overflows
        raise ValueError("must be between the years 2000 and 2199")
    return value


Moment = Annotated[Utc, AfterValidator(_of_our_days)]
"""A time that people choose: when something begins or ends."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\u0000]*$")]
"""Text that PostgreSQL can keep: no NUL. (Lone surrogates are no string for pydantic.)"""

Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=NOT_BLANK)]
"""What people call a thing."""

LongText = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=4_000)]
"""A description."""

Reason = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=NOT_BLANK)]
"""Why somebody did it, in their words."""

IdempotencyKey = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$"),
    Field(description="Unique for one intent; reuse it to retry."),
]


class _NotNull:
    """Refuses null; the field's description says so, too."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(schema)
        choices = [choice for choice in found.pop("anyOf", ()) if choice != {"type": "null"}]
        return {**choices[0], **found} if len(choices) == 1 else {"anyOf": choices, **found}


def _refuse_null(value: Item) -> Item:
    if value is None:
        raise ValueError("cannot be null; leave it out")
    return value


Omissible = Annotated[Item | None, AfterValidator(_refuse_null), _NotNull()]
"""For what a change may leave alone but not empty: `name: Omissible[Name] = None`."""


class Page(Wire, Generic[Item]):
    """A list's part; `next_cursor` asks for the next one, null: that was all."""

    items: list[Item]
    next_cursor: str | None


class PageQuery(Wire):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")] | None = None


class ProblemError(Wire):
    """Where in the request something is wrong."""

    loc: list[str | int]
    msg: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details. Some problems carry members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ProblemError] | None = None
