"""The log: one line a record, as JSON for machines or as text for people. No secret, code or personal data in it.

Three things keep those out. What is logged is a constant text with `extra` fields that hold ids, names of types and
figures. An exception is told by its type and the places it came through; by its text only where that cannot hold what
a caller sent. And whatever still looks like a token, an address or a code is blanked.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp.http_exceptions import HttpProcessingError

from dibs_realtime.kit import json

Format = Literal["json", "console"]
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_FIELDS = re.compile(
    r"token|secret|password|authorization|cookie|(?<!status_)code|e_?mail|body|(?:name|address|key|url)$", re.IGNORECASE
)
_BLANK = "[hidden]"
_SECRETS = re.compile(
    r"""
      (?P<address>\w+://)[^\s/@]+(?=@)                        # user and password of a database's address
    | \beyJ[\w-]+\.[\w-]+\.[\w-]+                           # an access token
    | \b[0-9a-f-]{36}\.\d{1,9}\.[\w-]{43}                   # a refresh token
    | (?<=/)[vV]/[^\s"'?#]+ | (?<=/invites/)[^\s"'?#]+      # a voucher's address, an invitation's
    | [\w.+%-]+@[\w-]+(?:\.[\w-]+)+                         # an e-mail address
    | \b(?=[0-9-]*[A-Z])[0-9A-HJKMNP-TV-Z]{4,5}-?[0-9A-HJKMNP-TV-Z]{4,5}\b  # a generated code
    """,
    re.VERBOSE,
)
# Their texts hold what Python or the system says, never what a caller sent.
_TELLING = (OSError, ImportError, AttributeError, NameError, TypeError, RuntimeError)
# Libraries put values into their texts (a task's exception, the caller's address), so only the constant part is kept.
_FOREIGN = re.compile(r"asyncio|aiohttp|asyncpg|engineio|socketio|redis|alembic|sqlalchemy|py\.warnings")
_PLACE = re.compile(r"%[-\w.]*[a-z]")
LEVELS = {
    "aiohttp.access": logging.CRITICAL,  # its lines hold paths, and a path may hold a code
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
    "asyncpg": logging.CRITICAL,  # while PostgreSQL is away it repeats itself, and requests say it too
    "engineio": logging.ERROR,
    "socketio": logging.ERROR,
    "alembic": logging.WARNING,
    "sqlalchemy": logging.WARNING,
}
"""The least that these libraries may log."""
_COLOURS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "31;1"}


def configure(style: Format, *, level: int = logging.INFO) -> None:
    """Send this process's log to stderr. Call it once, before anything is logged."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_is_ours)
    handler.setFormatter(JsonFormatter() if style == "json" else ConsoleFormatter(colour=sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in LEVELS.items():
        logging.getLogger(name).setLevel(max(level, least))
    logging.captureWarnings(capture=True)


def _is_ours(record: logging.LogRecord) -> bool:
    """Return whether a record tells of this server and not of a stranger who sent what is no HTTP."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, the record's extra fields, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
        }
        line |= {name: value for name, value in extra_of(record).items() if name not in line}
        error = error_of(record)
        if error:
            line["exception"] = error
        return json.dumps_text(line)


class ConsoleFormatter(logging.Formatter):
    """A line for a person; the places that an exception came through are indented below it."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line or lines."""
        level = f"{record.levelname.lower():<8}"
        if self._colour and record.levelno in _COLOURS:
            level = f"\x1b[{_COLOURS[record.levelno]}m{level}\x1b[0m"
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        fields = "".join(f" {name}={value}" for name, value in extra_of(record).items())
        lines = [f"{at:%H:%M:%S} {level} {record.name}: {message_of(record)}{fields}", *error_of(record)]
        return "\n    ".join(lines)


def message_of(record: logging.LogRecord) -> str:
    """Return the record's text without anything secret."""
    if _FOREIGN.match(record.name):
        return blanked(_PLACE.sub("…", str(record.msg).partition("\n")[0]))
    return blanked(record.getMessage())


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the record's extra fields; those with a telling name are hidden, whatever they hold."""
    return {
        name: _BLANK if _SECRET_FIELDS.search(name) else _plain(value)
        for name, value in vars(record).items()
        if name not in _STANDARD and not name.startswith("_")
    }


def error_of(record: logging.LogRecord) -> list[str]:
    """Return the record's exception and its causes, each with the places it came through; [] without one."""
    error = record.exc_info[1] if record.exc_info else None
    return [blanked(line) for line in _told(error)] if error is not None else []


def blanked(text: str) -> str:
    """Return the text without what looks like a token, an e-mail address or a generated code."""
    return _SECRETS.sub(lambda found: f"{found['address'] or ''}{_BLANK}", text)


def _told(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield _named(current)
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"at {frame.filename}:{frame.lineno} {frame.name}"
        if isinstance(current, BaseExceptionGroup):
            for part in current.exceptions:
                yield from (f"  {line}" for line in _told(part))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _named(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    state, constraint = getattr(error, "sqlstate", None), getattr(error, "constraint_name", None)
    if state:  # PostgreSQL's texts quote rows
        return f"{kind} (SQLSTATE {state}{f', {constraint}' if constraint else ''})"
    return f"{kind}: {error}" if isinstance(error, _TELLING) and str(error) else kind


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | None) else blanked(str(value))
