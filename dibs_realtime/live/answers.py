"""Answers to `watch` as bytes: after a restart thousands ask for the same one, which is encoded once."""

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from dibs_realtime.dashboard.schemas import Snapshot
from dibs_realtime.ledger.model import Line
from dibs_realtime.live import codec, lines
from dibs_realtime.live.feed import Feed
from dibs_realtime.live.transport import Prepared

MOST_KEPT = 16
"""Answers of one node that are kept. A busy event's are of no use a moment later, and fall out."""

_Key = tuple[UUID, UUID | None, int | None, int, bool]


class Answers:
    """The last answers, by what they say: the same ledger up to the same entry makes the same answer."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Prepared] = OrderedDict()

    def entries(self, feed: Feed, after_seq: int, entries: Sequence[Line]) -> Prepared:
        """Return the answer with the entries after `after_seq`, which end at the feed's head."""
        key = (feed.event_id, feed.epoch, after_seq, feed.head, False)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._keep(key, _body(feed.epoch, feed.head, None, entries, resync=False))
        return kept

    def state(self, feed: Feed, seq: int, *, resync: bool) -> Prepared | None:
        """Return the answer with the state at `seq`, or None: nobody asked for it lately."""
        return self._kept.get((feed.event_id, feed.epoch, None, seq, resync))

    def new_state(self, feed: Feed, snapshot: Snapshot, *, resync: bool) -> Prepared:
        """Return the answer with this state."""
        kept = self.state(feed, snapshot.seq, resync=resync)
        if kept is None:
            key = (feed.event_id, snapshot.epoch, None, snapshot.seq, resync)
            kept = self._keep(key, _body(snapshot.epoch, snapshot.seq, snapshot, (), resync=resync))
        return kept

    def _keep(self, key: _Key, body: Prepared) -> Prepared:
        self._kept[key] = body
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return body


def _body(
    epoch: UUID | None, seq: int, snapshot: Snapshot | None, entries: Sequence[Line], *, resync: bool
) -> Prepared:
    body = {
        "ok": True,
        "epoch": epoch,
        "head_seq": seq,
        "snapshot": snapshot,
        "entries": codec.ready(lines.array(entries)),
        "resync": resync,
    }
    return Prepared(codec.dumps(body))
