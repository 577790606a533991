"""The connections of this node: who they are, which rooms they are in, and sending to them."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any, Protocol
from uuid import UUID

from dibs_realtime.accounts.caller import Caller, Device, User
from dibs_realtime.live.figures import LiveFigures
from dibs_realtime.live.limits import Bucket, LiveLimits
from dibs_realtime.live.transport import Outbox, message, post_to_all


class Watch:
    """That a connection watches an event (`joined`), or how many answers to its asking are being made."""

    __slots__ = ("asking", "joined")

    def __init__(self) -> None:
        self.joined = False
        self.asking = 0


class Connection:
    """One client. `caller` None: nobody signed in."""

    __slots__ = ("bucket", "caller", "ended", "language", "outbox", "public", "rooms", "sid", "watches")

    def __init__(self, sid: str, caller: Caller | None, language: str, outbox: Outbox, limits: LiveLimits) -> None:
        self.sid = sid
        self.caller = caller
        self.language = language
        self.outbox = outbox
        self.bucket = Bucket(limits.messages_per_second, limits.messages_burst)
        self.rooms: set[str] = set()
        self.watches: dict[UUID, Watch] = {}
        self.public: set[tuple[UUID, str]] = set()
        self.ended = False

    @property
    def kind(self) -> str:
        """What kind of caller this is."""
        return type(self.caller).__name__.lower() if self.caller is not None else "nobody"


class Connections:
    """All connections of this node, and who is in which room."""

    def __init__(self, figures: LiveFigures) -> None:
        self._figures = figures
        self._by_sid: dict[str, Connection] = {}
        self._by_session: defaultdict[UUID, set[Connection]] = defaultdict(set)
        self._by_user: defaultdict[UUID, set[Connection]] = defaultdict(set)
        self._rooms: dict[str, dict[Connection, Outbox]] = {}

    def add(self, connection: Connection) -> None:
        """Take a new connection in."""
        self._by_sid[connection.sid] = connection
        caller = connection.caller
        if caller is not None:
            self._by_session[caller.session_id].add(connection)
        if isinstance(caller, User):
            self._by_user[caller.user_id].add(connection)
        self._figures.connections.labels(connection.kind).inc()

    def remove(self, sid: str) -> Connection | None:
        """Forget a connection, in its rooms too; return it, or None when that has happened before."""
        connection = self._by_sid.pop(sid, None)
        if connection is None:
            return None
        for room in list(connection.rooms):
            self.leave(connection, room)
        caller = connection.caller
        if caller is not None:
            _discard(self._by_session, caller.session_id, connection)
        if isinstance(caller, User):
            _discard(self._by_user, caller.user_id, connection)
        self._figures.connections.labels(connection.kind).dec()
        return connection

    def get(self, sid: str) -> Connection | None:
        """Return the connection, or None when it is gone."""
        return self._by_sid.get(sid)

    def of_session(self, session_id: UUID) -> list[Connection]:
        """Return the connections of a session."""
        return list(self._by_session.get(session_id, ()))

    def of_user(self, user_id: UUID) -> list[Connection]:
        """Return the connections of an organizer."""
        return list(self._by_user.get(user_id, ()))

    def sessions(self) -> list[UUID]:
        """Return the sessions that are connected."""
        return list(self._by_session)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_sid.values()))

    def __len__(self) -> int:
        return len(self._by_sid)

    def devices(self) -> Iterator[tuple[Device, str]]:
        """Yield the connected devices and the ids of their connections."""
        for sid, connection in self._by_sid.items():
            if isinstance(connection.caller, Device):
                yield connection.caller, sid

    # ── rooms ──

    def join(self, connection: Connection, room: str) -> None:
        """Put the connection into a room: from the next message on it gets everything that is sent there."""
        self._rooms.setdefault(room, {})[connection] = connection.outbox
        connection.rooms.add(room)

    def leave(self, connection: Connection, room: str) -> None:
        """Take it out again."""
        connection.rooms.discard(room)
        members = self._rooms.get(room)
        if members is not None:
            members.pop(connection, None)
            if not members:
                del self._rooms[room]

    def members(self, room: str) -> Collection[Connection]:
        """Return who is in a room."""
        members = self._rooms.get(room)
        return members.keys() if members is not None else ()

    def outboxes(self, room: str) -> Collection[Outbox]:
        """Return the outboxes of who is in a room."""
        members = self._rooms.get(room)
        return members.values() if members is not None else ()


def _discard(index: defaultdict[UUID, set[Connection]], key: UUID, connection: Connection) -> None:
    index[key].discard(connection)
    if not index[key]:
        del index[key]


class Fanout(Protocol):
    """Sends messages. Calls are in order: what is sent first arrives first, at every recipient."""

    def send(self, room: str, name: str, payload: Any) -> None:
        """Send to everybody in a room. The payload is JSON-able; `codec.ready` marks what is JSON already."""

    def send_to(self, connection: Connection, name: str, payload: Any) -> None:
        """Send to one connection, in order with what is sent to its rooms."""


class FrameFanout:
    """Encodes and frames a message once and sends it to each recipient, within the caller's turn of the loop."""

    def __init__(self, connections: Connections, figures: LiveFigures) -> None:
        self._outboxes = connections.outboxes
        self._figures = figures

    def send(self, room: str, name: str, payload: Any) -> None:
        """See `Fanout`."""
        outboxes = self._outboxes(room)
        if not outboxes:
            return
        post_to_all(outboxes, message(name, payload))
        self._figures.sent.labels(name).inc()
        self._figures.deliveries.inc(len(outboxes))

    def send_to(self, connection: Connection, name: str, payload: Any) -> None:
        """See `Fanout`."""
        connection.outbox.post(message(name, payload))
        self._figures.deliveries.inc()


def watchers(event_id: UUID) -> str:
    """Return the room of those who watch an event."""
    return f"w:{event_id}"


def doors(event_id: UUID) -> str:
    """Return the room of the devices that watch an event."""
    return f"d:{event_id}"


def guest_room(guest_id: UUID) -> str:
    """Return the room of a guest's connections."""
    return f"g:{guest_id}"


def public_room(event_id: UUID, slug: str) -> str:
    """Return the room of those who look at an event's public page under that address."""
    return f"p:{event_id}:{slug}"
