import { describe, expect, it } from 'vitest';

import type { Entry, Snapshot } from '../../lib/api/types.ts';
import { apply } from '../../lib/live/reducer.ts';
import { EPOCH, claim, event, offer } from '../../lib/live/testing/ledger.ts';
import { History, STRIDE } from './history.ts';
import { LONGEST_PAUSE, Timeline } from './timeline.ts';

const by = { type: 'user', id: null, label: 'Organizer' } as const;

/** A whole ledger: the event, its offer, and then claims a second apart. */
function ledger(claims: number): Entry[] {
  const at = (seq: number): string =>
    new Date(Date.parse(event().created_at) + seq * 1000).toISOString();
  const {
    issued,
    claimed,
    redeemed_units,
    voided,
    released,
    unclaimed,
    places,
    remaining,
    ...made
  } = offer();
  void [issued, claimed, redeemed_units, voided, released, unclaimed, places, remaining];
  return [
    { seq: 1, at: at(1), kind: 'event.created', actor: by, data: { ...event() } },
    { seq: 2, at: at(2), kind: 'offer.created', actor: by, data: made },
    ...Array.from({ length: claims }, (_, index) => ({ ...claim(3 + index), at: at(3 + index) })),
  ] as Entry[];
}

describe('a history', () => {
  it('has the state at every entry that the reducer comes to one by one', () => {
    const entries = ledger(2 * STRIDE + 10);
    const history = new History(EPOCH);
    expect(history.append(entries)).toBe(true);
    let state: Snapshot = { ...history.at(1), seq: 1 };
    for (const entry of entries.slice(1)) {
      state = apply(state, [entry]).snapshot;
      expect(history.at(entry.seq)).toEqual(state);
    }
    expect(history.at(1).event.name).toBe('Harbour Night');
    expect(history.at(1).offers).toEqual([]);
    expect(history.at(9_999).seq).toBe(entries.length);
  });

  it('takes pages that overlap, and says when one is missing', () => {
    const entries = ledger(10);
    const history = new History(EPOCH);
    expect(history.append(entries.slice(0, 6))).toBe(true);
    expect(history.append(entries.slice(4, 9))).toBe(true);
    expect(history.head).toBe(9);
    expect(history.append(entries.slice(11))).toBe(false);
    expect(history.before(9, 2).map(({ seq }) => seq)).toEqual([8, 9]);
  });
});

describe('the line', () => {
  function line(...seconds: number[]): Timeline {
    const timeline = new Timeline();
    for (const second of seconds) timeline.push(second * 1000);
    return timeline;
  }

  it('is as long as what happened, with long pauses cut short', () => {
    expect(line(0, 10, 30).length).toBe(30);
    expect(line(0, 10, 10 + 90_000, 20 + 90_000).length).toBe(10 + LONGEST_PAUSE + 10);
    expect(line().length).toBe(0);
  });

  it('knows what has happened at a place, and when that was', () => {
    const timeline = line(100, 110, 90_000);
    expect([0, 9.9, 10, 129, 130, 999].map((place) => timeline.countAt(place))).toEqual([
      1, 1, 2, 2, 3, 3,
    ]);
    expect(timeline.momentAt(5)).toBe(105_000);
    expect(timeline.momentAt(70)).toBe(170_000);
    expect(timeline.momentAt(130)).toBe(90_000_000);
    expect(timeline.placeOf(2)).toBe(10 + LONGEST_PAUSE);
    expect(timeline.placeAt(111_000)).toBe(10 + LONGEST_PAUSE);
  });

  it('never runs backwards, whatever a clock says', () => {
    expect(line(100, 99, 101).length).toBe(1);
  });
});
