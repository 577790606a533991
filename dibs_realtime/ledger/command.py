"""A command: what it needs to read, and what it decides from that and the time."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from dibs_realtime.kit import problems
from dibs_realtime.ledger.model import Actor
from dibs_realtime.ledger.row import Row
from dibs_realtime.ledger.table import Lookup, Read, Table
from dibs_realtime.ledger.view import View

R = TypeVar("R")


class Lane(IntEnum):
    """Who goes first when a batch is gathered.

    A guest who stands at a door now; then what doors did while offline; then claims; then the organizer's desk.
    """

    DOOR = 0
    UPLOAD = 1
    GUEST = 2
    DESK = 3


class Broken(NamedTuple):
    """What a caller is told whose rows break a constraint."""

    slug: str
    detail: str


class Command(ABC, Generic[R]):
    """One thing that somebody wants to do to one event."""

    lane: Lane = Lane.DESK
    constraints: ClassVar[Mapping[str, Broken]] = {}
    """What to tell the caller (409) when the database refuses the command's rows, by the constraint's name."""
    event_id: UUID

    def reads(self) -> Iterable[Read]:
        """Return the keys of the rows that `decide` looks at, besides the resident ones."""
        return ()

    @abstractmethod
    def decide(self, view: View) -> R:
        """Decide at `view.now` and record what happened in the view. No I/O, no clock, no randomness.

        Raises Problem when the command cannot be taken; then nothing of it remains.
        """


class Verdict(Row, frozen=True):
    """The first answer that was given to a key. `fingerprint` tells another request under the same key apart."""

    scope: str
    key: str
    fingerprint: str
    answer: Mapping[str, Any]
    at: datetime


VERDICTS: Table[Verdict] = Table(
    "verdicts",
    Verdict,
    {"scope": "text", "key": "text", "fingerprint": "text", "answer": "jsonb", "at": "timestamptz"},
    key=("scope", "key"),
    updates=("answer",),
)

VERDICT_BY_KEY: Lookup[Verdict] = Lookup(
    "verdict_by_key",
    VERDICTS,
    """SELECT v.scope, v.key, v.fingerprint, v.answer, v.at
         FROM unnest({keys}) AS k (scope, key) CROSS JOIN LATERAL (
              SELECT * FROM verdicts s WHERE s.event_id = $1 AND s.scope = k.scope AND s.key = k.key LIMIT 1) v""",
    ("text", "text"),
)

KEY_HEADER = ("header", "Idempotency-Key")
KEY_REUSED = "This idempotency key was used for a different request."


class KeyedCommand(Command[R]):
    """A command that may be sent twice: the same key gets the first answer again, whatever has changed since.

    An empty key: the caller sent none, so that nothing is kept.
    """

    actor: Actor
    key: str
    key_at: ClassVar[tuple[str, str]] = ("body", "idempotency_key")
    """Where the caller wrote the key."""

    @property
    @abstractmethod
    def scope(self) -> str:
        """Return the range in which keys are unique."""

    @abstractmethod
    def fingerprint(self, view: View) -> str:
        """Return what must be the same for a repetition to be one."""

    @abstractmethod
    def act(self, view: View) -> Mapping[str, Any]:
        """Decide for the first time; return the answer to store: what JSON can hold, no code, no name."""

    @abstractmethod
    def render(self, view: View, answer: Mapping[str, Any], *, replayed: bool) -> R:
        """Turn an answer into what the caller gets. Read back from the database, ids and times in it are texts."""

    def reads(self) -> Iterable[Read]:
        if self.key:
            yield Read(VERDICT_BY_KEY, (self.scope, self.key))

    def stored(self, view: View) -> Verdict | None:
        """Return the first answer to this key. Raises Problem 422 when it answered another request."""
        verdict = view.get(VERDICTS, (self.scope, self.key))
        if verdict is not None and verdict.fingerprint != self.fingerprint(view):
            raise problems.unprocessable(KEY_REUSED, loc=self.key_at)
        return verdict

    def decide(self, view: View) -> R:
        verdict = self.stored(view)
        if verdict is not None:
            return self.render(view, verdict.answer, replayed=True)
        answer = self.act(view)
        if self.key:
            self.store(view, answer)
        return self.render(view, answer, replayed=False)

    def store(self, view: View, answer: Mapping[str, Any]) -> None:
        """Keep the answer with the key."""
        view.put(VERDICTS, Verdict(self.scope, self.key, self.fingerprint(view), answer, view.now))
