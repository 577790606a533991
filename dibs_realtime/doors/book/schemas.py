"""The door's book on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from dibs_realtime.kit.wire import Wire

Number = Annotated[int, Field(ge=0, le=2**53)]


class ChunkQuery(Wire):
    """Which chunk: the `next` of the one before; 0: the first."""

    chunk: Number = 0


class StateQuery(Wire):
    """Since which entry; left out: all vouchers that are not as issued."""

    after_seq: Number | None = None


class DoorState(Wire):
    """How vouchers stand at entry `seq`: `[ordinal, uses, flags]` each, flags 1: claimed, 2: over for good.

    `whole`: all that are not as issued, and not only those that changed.
    """

    epoch: UUID
    seq: int
    whole: bool
    burns: list[Annotated[list[int], Field(min_length=3, max_length=3)]]
