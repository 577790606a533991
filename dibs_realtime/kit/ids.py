"""Time-ordered identifiers: UUID version 7 (RFC 9562, section 5.7)."""

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7; ids made later by one process sort after its earlier ones."""
    return uuid7()


def new_id_text() -> str:
    """Return a new UUIDv7 as text, for what is only ever written down."""
    return str(uuid_utils.uuid7())
