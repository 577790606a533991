"""The sessions of an event's devices and guests follow its end."""

import asyncio
import logging
from uuid import UUID

from dibs_realtime.events.repository import EventRepository
from dibs_realtime.kit.problems import Problem
from dibs_realtime.kit.tasks import end

_log = logging.getLogger(__name__)

AGAIN_SECONDS, AGAIN_AT_MOST = 1.0, 15.0
"""The first pause before it is tried again, and the longest: each is twice the one before."""


class EventEnds:
    """Moves them at once or, where that fails, as soon as it can be done: the event's change is committed already."""

    def __init__(self, repository: EventRepository) -> None:
        self._repository = repository
        self._late: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, event_id: UUID) -> None:
        """Let the event's sessions end as long after its end as new ones would. Raises nothing of the database's."""
        await self._try(event_id)
        if self._late and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._catch_up(), name="sessions follow their event")

    async def close(self) -> None:
        """Stop."""
        await end(self._task)
        for event_id in self._late:
            _log.error("sessions did not follow their event: move its end once more", extra={"event": str(event_id)})

    async def _catch_up(self) -> None:
        pause = AGAIN_SECONDS
        while self._late:
            await asyncio.sleep(pause)
            pause = min(2 * pause, AGAIN_AT_MOST)
            for event_id in list(self._late):
                await self._try(event_id)

    async def _try(self, event_id: UUID) -> None:
        self._late.discard(event_id)  # before it: the end may be moved again, and fail to be followed, during it
        has_followed = False
        try:
            await self._repository.follow_end(event_id)
            has_followed = True
        except Problem:
            _log.warning("sessions cannot follow their event now", extra={"event": str(event_id)})
        except Exception:  # noqa: BLE001  # whatever it is, the change is committed and this must follow
            _log.exception("sessions cannot follow their event now", extra={"event": str(event_id)})
        finally:
            if not has_followed:
                self._late.add(event_id)
