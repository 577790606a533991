"""The `Idempotency-Key` header: one key, one effect, however often the request is sent."""

import hashlib
import re

from pydantic import BaseModel

from dibs_realtime.kit import problems
from dibs_realtime.kit.http.routes import Call

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def idempotency_key(call: Call) -> str | None:
    """Return the header's key, None without one. Raises Problem 422 for one that cannot be a key."""
    raw = call.request.headers.get("Idempotency-Key")
    if raw is not None and not _KEY.fullmatch(raw):
        raise problems.unprocessable(
            "A key is 1 to 128 visible ASCII characters without spaces.", loc=("header", "Idempotency-Key")
        )
    return raw


def fingerprint(body: BaseModel) -> str:
    """Return what tells this body apart from another one under the same key."""
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()
