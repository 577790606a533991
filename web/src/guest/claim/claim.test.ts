import { beforeEach, describe, expect, it } from 'vitest';

import { Box } from '../store/box.ts';
import { MemoryStorage, offerWith, voucherWith } from '../testing/made.ts';
import { ClaimKeys, RESUMED_WITHIN } from './keys.ts';
import { holds, isUsable, standing } from './standing.ts';

const NOW = Date.parse('2026-07-04T20:00:00Z');
const EARLIER = '2026-07-04T19:59:59Z';
const LATER = '2026-07-04T20:00:01Z';
const SHARP = '2026-07-04T20:00:00Z';

describe('an offer stands', () => {
  it.each([
    ['open', {}, 'open', 0],
    ['open', { remaining: null, quantity: null }, 'open', 0],
    ['open', { per_guest_limit: null }, 'open', 5],
    ['open', { claim_from: SHARP }, 'open', 0],
    ['event_closed', { status: 'paused' }, 'closed', 0],
    ['paused', { status: 'paused', claim_from: LATER }, 'open', 0],
    ['not_yet_open', { claim_from: LATER, remaining: 0 }, 'open', 0],
    ['closed', { claim_until: SHARP }, 'open', 1],
    ['closed', { claim_until: EARLIER }, 'open', 0],
    ['mine', { remaining: 0 }, 'open', 1],
    ['sold_out', { remaining: 0 }, 'open', 0],
    ['sold_out', { remaining: 0, per_guest_limit: 2 }, 'open', 1],
  ] as const)('%s with %o in an event that is %s, holding %i', (kind, changes, status, held) => {
    expect(standing(offerWith(changes), status, held, NOW).kind).toBe(kind);
  });

  it('counts what holds a place, and knows what a door takes', () => {
    const states = ['issued', 'claimed', 'redeemed', 'released', 'voided'] as const;
    expect(states.filter((state) => holds(voucherWith({ state })))).toEqual([
      'claimed',
      'redeemed',
    ]);
    expect(isUsable(voucherWith({ remaining: 1 }))).toBe(true);
    expect(isUsable(voucherWith({ state: 'redeemed', remaining: 0 }))).toBe(false);
  });
});

describe('the key of a tap', () => {
  let now = 0;
  let storage: MemoryStorage;
  const keys = (): ClaimKeys => new ClaimKeys(new Box(storage), () => now);

  beforeEach(() => {
    now = 1_000;
    storage = new MemoryStorage();
  });

  it('is kept before it is sent, and the same until it is answered', () => {
    const key = keys().take('g1', 'o1');
    expect(key).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
    expect(keys().take('g1', 'o1')).toBe(key); // after a reload
    expect(keys().unanswered('g1')).toEqual(['o1']);
    keys().done('g1', 'o1');
    expect(keys().unanswered('g1')).toEqual([]);
    expect(keys().take('g1', 'o1')).not.toBe(key);
  });

  it('is a guest’s and an offer’s own', () => {
    const all = [keys().take('g1', 'o1'), keys().take('g1', 'o2'), keys().take('g2', 'o1')];
    expect(new Set(all).size).toBe(3);
    expect(keys().unanswered('g1')).toEqual(['o1', 'o2']);
  });

  it('is not sent again by itself long after the tap', () => {
    const key = keys().take('g1', 'o1');
    now += RESUMED_WITHIN;
    expect(keys().unanswered('g1')).toEqual([]);
    expect(keys().take('g1', 'o1')).not.toBe(key);
  });
});
