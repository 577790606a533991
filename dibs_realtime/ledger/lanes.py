"""Who waits for an event's writer, and who rides in its next batch: doors first."""

from collections import deque
from typing import Any

from dibs_realtime.kit import problems
from dibs_realtime.ledger.batch import Ticket
from dibs_realtime.ledger.command import Lane

BATCH = 128
"""Commands in one batch. Beyond about a hundred the fixed cost of a commit no longer shows."""
BESIDE_DOORS = 32
"""How many commands that are not a door's may ride in a batch while doors are at work."""
RESERVED = 4
"""Places in a batch for each lane in which somebody waits: whoever pauses an offer must get through its rush."""
DOORS_STAY = 64
"""For so many batches after a door's last scan, doors are taken to be at work: the next one must not find a full batch
of others before it."""
HALVED_FROM = 24
"""So many are parted into two batches; fewer are not worth a second commit."""
QUEUE_LIMITS = {Lane.DOOR: 10_000, Lane.UPLOAD: 20_000, Lane.GUEST: 2_000, Lane.DESK: 500}
_OTHERS = tuple(lane for lane in Lane if lane is not Lane.DOOR)


class Lanes:
    """The tickets that wait, in the order of their arrival within each lane, and the batch that is gathered of them."""

    def __init__(self) -> None:
        self._waiting: dict[Lane, deque[Ticket[Any]]] = {lane: deque() for lane in Lane}
        self._doors = 0
        self._others = 0
        self._since_door = DOORS_STAY

    def admit(self, ticket: Ticket[Any]) -> None:
        """Queue a ticket. Raises Problem 503 when its lane is full."""
        lane = ticket.command.lane
        waiting = self._waiting[lane]
        if len(waiting) >= QUEUE_LIMITS[lane]:
            raise problems.unavailable("Too many people want this at the same moment.", retry_after=1)
        waiting.append(ticket)

    def begin(self) -> None:
        """Begin to gather a batch."""
        self._doors = self._others = 0
        self._since_door += 1

    def take(self, writing: int) -> list[Ticket[Any]]:
        """Take who joins the batch now. Doors always may: they are decided before the others.

        `writing`: how many are being written meanwhile. A crowd is halved between that batch and this one. Were it
        taken whole, all would get their answers at one moment and come back at one moment, and the database would wait
        for us and we for it in turns; of two halves one is read for while the other is written.
        """
        crowd = writing + self._doors + self._others + sum(map(len, self._waiting.values()))
        most = BATCH if crowd < HALVED_FROM else min(BATCH, -(-crowd // 2))
        taken: list[Ticket[Any]] = []
        doors = self._waiting[Lane.DOOR]
        while doors and self._doors < most:
            taken.append(doors.popleft())
            self._doors += 1
        if taken:
            self._since_door = 0
        if self._since_door < DOORS_STAY:
            most = max(min(most, self._doors + BESIDE_DOORS), self._doors + RESERVED)
        for place, lane in enumerate(_OTHERS, 1):
            waiting = self._waiting[lane]
            if not waiting:
                continue
            reserved = sum(min(RESERVED, len(self._waiting[later])) for later in _OTHERS[place:])
            while waiting and self._doors + self._others < most - reserved:
                taken.append(waiting.popleft())
                self._others += 1
        return taken
