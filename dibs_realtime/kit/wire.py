"""The base of every shape on the wire, and the scalar types that many of them share."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Item = TypeVar("Item")


class Wire(BaseModel):
    """A JSON object of the contract: frozen, snake_case, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False, ser_json_inf_nan="null")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


def _printable(value: str) -> str:
    if "\x00" in value or any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise ValueError("must not contain control characters")
    return value


Utc = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An RFC 3339 time with an offset, kept in UTC."""

Text = Annotated[str, AfterValidator(_printable)]
"""Text that PostgreSQL can keep (no NUL, no lone surrogates)."""

Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
"""What people call a thing."""

LongText = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=4_000)]
"""A description."""

Reason = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""Why somebody did it, in their words."""

IdempotencyKey = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$"), Field(description="Unique for one intent; reuse it to retry.")
]


class Page(Wire, Generic[Item]):
    """A list's part; `next_cursor` asks for the next one, null: that was all."""

    items: list[Item]
    next_cursor: str | None


class PageQuery(Wire):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None


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
