"""An event that nobody watches is not called out into an empty room; who begins to watch is behind for a moment."""

from uuid import UUID

import pytest

from dibs_realtime.kit.ids import new_id
from dibs_realtime.live.lines import Parcel
from dibs_realtime.live.silence import Make, Silence
from tests.support.waiting import eventually

from .clients import Observer
from .node import Start, teller_and_hearer
from .party import Party


async def test_what_nobody_hears_is_held_back_and_the_last_of_it_tells_of_all():
    published: list[tuple[UUID, Parcel]] = []
    silence = Silence(lambda event_id, make: published.append((event_id, make())))
    quiet, heard = new_id(), new_id()
    parcels = [Parcel(new_id(), None) for _ in range(5)]
    made: list[int] = []

    def make(number: int) -> Make:
        return lambda: made.append(number) or parcels[number]

    assert not silence.holds(quiet, make(0))  # nothing is known of it yet
    silence.reached(quiet, 0)
    silence.reached(heard, 1)
    assert [silence.holds(quiet, make(number)) for number in range(1, 5)] == [True] * 4
    assert not silence.holds(heard, make(0))
    await eventually(lambda: published)
    assert published == [(quiet, parcels[4])]
    assert made == [4]
    assert not silence.holds(quiet, make(0))
    silence.reached(quiet, 0)
    await eventually(lambda: not silence._held)
    assert len(published) == 1  # nothing happened meanwhile


async def test_who_begins_to_watch_an_event_that_nobody_heard_misses_nothing(start: Start):
    one, two = await teller_and_hearer(start)
    party = await Party.begin(one)
    guest = await party.guest()
    for _ in range(20):
        await party.claim(guest)
    observer = Observer(two, party.owner, party.id)
    await observer.connect()
    await observer.begin()
    for _ in range(20):
        await party.claim(guest)
    ledger = await party.ledger()
    await eventually(lambda: observer.is_at(len(ledger)))
    assert observer.faults == []
    assert observer.entries == ledger[observer.first :]
    await eventually(lambda: not one.hub._bus._silence._held)
    for number in range(1, 6):
        await party.claim(guest)
        await eventually(lambda number=number: observer.is_at(len(ledger) + number))
        assert not one.hub._bus._silence._held  # it is heard now
    await observer.disconnect()


async def test_a_node_is_no_listener_of_its_own(start: Start, monkeypatch: pytest.MonkeyPatch):
    """Who watches where it happens is told there: that room is empty, too, until another node begins to listen."""
    one, two = await teller_and_hearer(start)
    party = await Party.begin(one)
    guest = await party.guest()
    here, there = (Observer(node, party.owner, party.id) for node in (one, two))
    bus, heard = one.hub._bus, list[int]()
    reached = bus._silence.reached

    def noted(event_id: UUID, listeners: int) -> None:
        heard.append(listeners)
        reached(event_id, listeners)

    monkeypatch.setattr(bus._silence, "reached", noted)
    await here.connect()
    await here.begin()
    await eventually(lambda: UUID(party.id) in bus._subscriptions)
    heard.clear()

    async def is_heard_by(listeners: int) -> bool:
        # What happens while Redis is slow is called out to nobody: then it takes one more.
        await party.claim(guest)
        return listeners in heard

    await eventually(lambda: is_heard_by(0))
    assert set(heard) == {0}
    await there.connect()
    await there.begin()
    await eventually(lambda: UUID(party.id) in two.hub._bus._subscriptions)
    heard.clear()
    await eventually(lambda: is_heard_by(1))
    assert set(heard) <= {0, 1}
    await eventually(lambda: not bus._queue)
    heard.clear()
    for _ in range(20):
        await party.claim(guest)
    await eventually(lambda: len(heard) >= 20)
    assert set(heard) == {1}
    ledger = await party.ledger()
    for observer in (here, there):
        await eventually(lambda observer=observer: observer.is_at(len(ledger)))
        assert observer.faults == []
        assert observer.entries == ledger[observer.first :]
    await there.disconnect()
    await here.disconnect()
