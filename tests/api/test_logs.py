"""What is logged, and what is not."""

import asyncio
import gc
import json
import logging
from typing import Any

import asyncpg
import pytest
from aiohttp.http_exceptions import BadHttpMessage

from dibs_realtime.kit.database import Database
from dibs_realtime.kit.logs import ConsoleFormatter, JsonFormatter, blanked
from tests.api.conftest import Log

SECRETS = [
    "7KQ4MX2P9T",
    "7KQ4M-X2P9T",
    "ABCDEFGHJK",
    "7KQ4-MX2P",
    "olga@dibs.example",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "0190a1b2-aaaa-7bbb-8ccc-0123456789ab.7.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ",
]


def line(**record: Any) -> dict[str, Any]:
    made = logging.makeLogRecord({"name": "dibs_realtime.test", "levelname": "INFO", "levelno": 20, **record})
    found: dict[str, Any] = json.loads(JsonFormatter().format(made))
    return found


def raised(error: BaseException) -> tuple[type[BaseException], BaseException, object]:
    try:
        raise error
    except type(error) as caught:
        return type(caught), caught, caught.__traceback__


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_blanked(secret: str) -> None:
    assert secret not in blanked(f"before {secret} after")
    assert secret not in json.dumps(line(msg="a text with %s", args=(secret,), detail=secret))


def test_what_is_none_stays() -> None:
    kept = (
        "0190a1b2-aaaa-7bbb-8ccc-0123456789ab at 1700000000 and 2026-05-01T21:30:00Z "
        "redis://127.0.0.1:6379/0 DIBS_SECRET_KEY is not set, 100000 rows in events_slug_key"
    )
    assert blanked(kept) == kept
    assert blanked("postgresql://olga:pw@db/dibs") == "postgresql://[hidden]@db/dibs"
    assert blanked("GET /v/anything HTTP/1.1") == "GET /[hidden] HTTP/1.1"


def test_a_line_is_json_with_its_fields() -> None:
    found = line(msg="it happened", event_id="e-1", count=3, exact=True, nothing=None)
    assert found.pop("at")
    assert found == {
        "level": "info", "logger": "dibs_realtime.test", "message": "it happened", "event_id": "e-1", "count": 3,
        "exact": True, "nothing": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["token", "access_token", "password", "email", "guest_name", "code", "address", "idempotency_key"]
)
def test_fields_with_a_telling_name_are_hidden(name: str) -> None:
    assert line(msg="x", **{name: "plain"})[name] == "[hidden]"


def test_an_exception_is_told_without_the_values_in_it() -> None:
    error = ValueError("olga typed SESAME")
    error.__cause__ = KeyError("SESAME")
    found = line(msg="failed", exc_info=raised(error))
    assert found["exception"][0] == "ValueError"
    assert any(place.startswith("at ") and "test_logs.py" in place for place in found["exception"])
    assert "KeyError" in found["exception"]
    assert "SESAME" not in json.dumps(found)


def test_what_the_system_says_is_told() -> None:
    found = line(msg="x", exc_info=raised(ConnectionRefusedError(111, "Connection refused")))
    assert found["exception"][0] == "ConnectionRefusedError: [Errno 111] Connection refused"


async def test_postgresql_quotes_rows_but_we_do_not(database: Database) -> None:
    await database.execute("CREATE TABLE things (code text CONSTRAINT things_code_key UNIQUE)")
    await database.execute("INSERT INTO things VALUES ('sesame')")
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await database.execute("INSERT INTO things VALUES ('sesame')")
    assert "sesame" in str(caught.value)
    found = line(msg="failed", exc_info=raised(caught.value))
    assert found["exception"][0] == "asyncpg.exceptions.UniqueViolationError (SQLSTATE 23505, things_code_key)"
    assert "sesame" not in json.dumps(found)


def test_a_line_for_a_person() -> None:
    record = logging.makeLogRecord(
        {"name": "dibs_realtime.test", "levelname": "ERROR", "levelno": 40, "msg": "failed", "count": 3,
         "exc_info": raised(ValueError("SESAME"))}
    )  # fmt: skip
    text = ConsoleFormatter(colour=False).format(record)
    assert "error    dibs_realtime.test: failed count=3\n    ValueError\n    at " in text
    assert "SESAME" not in text
    assert "\x1b[31m" in ConsoleFormatter(colour=True).format(record)


def test_libraries_tell_that_something_happened_but_no_values(log: Log) -> None:
    async def forgotten() -> None:
        async def fail() -> None:
            raise ValueError("SESAME")

        task = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(forgotten())
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "203.0.113.7")
    stranger = BadHttpMessage("no HTTP: SESAME")
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "x", exc_info=stranger)
    logging.getLogger("aiohttp.access").info("GET /v/SESAME")
    logging.getLogger("socketio.server").error("event %s", "SESAME")
    written = log.written.getvalue()
    assert "Task exception was never retrieved" in written
    assert written.count("Error handling request from …") == 1
    assert "SESAME" not in written
    assert "203.0.113.7" not in written
    told = [json.loads(one) for one in written.splitlines()]
    assert {one["logger"] for one in told if one["level"] == "error"} == {
        "asyncio",
        "aiohttp.server",
        "socketio.server",
    }
