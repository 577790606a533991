import { describe, expect, it } from 'vitest';

import type { Entry, Scan } from '../../lib/api/types.ts';
import { OFFER_ID, claim, event, snapshot } from '../../lib/live/testing/ledger.ts';
import { Format } from '../../lib/text/format.ts';
import {
  MOST_ITEMS,
  Names,
  ofEntry,
  ofRefusal,
  prepend,
  withHistory,
  type FeedItem,
} from './feed.ts';

const numbers = new Format('en');
const GATE = {
  id: 'g1',
  event_id: event().id,
  name: 'Main bar',
  version: 1,
  created_at: '',
  updated_at: '',
  redeemed_units: 0,
};

function names(): Names {
  const known = new Names();
  known.learn(snapshot({ gates: [GATE] }));
  return known;
}

function entry(kind: string, more: Partial<Entry> = {}): Entry {
  return {
    ...claim(2),
    kind,
    actor: { type: 'device', id: null, label: 'Phone 2' },
    data: {},
    ...more,
  };
}

function item(key: string, at = '2026-07-04T20:00:00Z'): FeedItem {
  return { key, at, happened: at, mark: 'claimed', sentence: key, offline: false };
}

describe('sentences', () => {
  it.each([
    [claim(2), 'Guest called dibs on “Free drink”'],
    [
      entry('voucher.redeemed', { gate_id: 'g1', data: { units: 1 } }),
      'Phone 2 redeemed “Free drink” at Main bar',
    ],
    [entry('voucher.redeemed', { data: { units: 3 } }), 'Phone 2 redeemed 3 × “Free drink”'],
    [entry('redemption.reversed', { data: { units: 1 } }), 'Phone 2 took back “Free drink”'],
    [
      entry('vouchers.issued', { data: { count: 1500 } }),
      'Phone 2 issued 1,500 codes of “Free drink”',
    ],
    [
      entry('offer.updated', { data: { changes: { status: 'paused' } } }),
      'Phone 2 paused “Free drink”',
    ],
    [entry('offer.deleted', { offer_id: 'unknown' }), 'Phone 2 removed an offer'],
    [entry('gate.deleted', { gate_id: 'g1', offer_id: null }), 'Phone 2 removed the gate Main bar'],
    [entry('something.new'), 'Phone 2: something.new'],
  ])('%#: $kind', (told, sentence) => {
    expect(ofEntry(told, names(), numbers).sentence).toBe(sentence);
  });

  it('remember what was deleted since', () => {
    const known = names();
    const created = { id: 'd9', label: 'Ieva’s phone' };
    ofEntry(entry('device.created', { data: created }), known, numbers);
    const revoked = entry('device.revoked', { data: { device_id: 'd9' } });
    expect(ofEntry(revoked, known, numbers).sentence).toBe('Phone 2 revoked Ieva’s phone');
  });

  it('come with the time at which a door judged alone', () => {
    const redeemed_at = '2026-07-04T18:00:00Z';
    const told = entry('voucher.redeemed', { data: { units: 1, offline: true, redeemed_at } });
    const { at, happened } = ofEntry(told, names(), numbers);
    expect([at, happened]).toEqual([told.at, redeemed_at]);
  });

  it('say why a door refused, with a mark for what was used before', () => {
    const scan: Scan = {
      event_id: event().id,
      attempt_id: 'a1',
      at: '2026-07-04T20:00:00Z',
      scanned_at: '2026-07-04T18:00:00Z',
      reason: 'already_redeemed',
      voucher_id: null,
      offer_id: OFFER_ID,
      gate_id: 'g1',
      device_id: null,
      actor: { type: 'device', id: null, label: 'Phone 2' },
      units: 1,
      offline: true,
    } as Scan;
    expect(ofRefusal(scan, names())).toMatchObject({
      key: 'aa1',
      at: '2026-07-04T20:00:00Z',
      happened: '2026-07-04T18:00:00Z',
      mark: 'used',
      offline: true,
      sentence: 'Phone 2 refused “Free drink” at Main bar: already used',
    });
    const unknown = ofRefusal(
      { ...scan, reason: 'unknown_code', offer_id: null, gate_id: null },
      names(),
    );
    expect(unknown).toMatchObject({
      mark: 'refused',
      sentence: 'Phone 2 refused a code: unknown code',
    });
  });
});

describe('the list', () => {
  it('has the newest first and each item once', () => {
    const list = prepend([item('e1')], [item('e1'), item('e2'), item('e3')]);
    expect(list.map(({ key }) => key)).toEqual(['e3', 'e2', 'e1']);
  });

  it('is bounded', () => {
    const many = Array.from({ length: MOST_ITEMS + 50 }, (_, index) => item(`e${index}`));
    expect(prepend([], many)).toHaveLength(MOST_ITEMS);
    expect(prepend([], many)[0]?.key).toBe(`e${MOST_ITEMS + 49}`);
  });

  it('takes history behind what came since, entries and refusals by their time', () => {
    const history = [
      item('e2', '2026-07-04T19:02:00Z'),
      item('a1', '2026-07-04T19:03:00Z'),
      item('e9'),
    ];
    const list = withHistory([item('e9')], history);
    expect(list.map(({ key }) => key)).toEqual(['e9', 'a1', 'e2']);
  });
});
