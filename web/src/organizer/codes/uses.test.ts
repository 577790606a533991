import { expect, it } from 'vitest';

import type { Entry, Redemption } from '../../lib/api/types.ts';
import { claim } from '../../lib/live/testing/ledger.ts';
import { useOf, withEntries } from './uses.ts';

const AT = '2026-07-04T21:00:00Z';
const REDEMPTION = {
  id: 'r1',
  units: 2,
  redeemed_at: AT,
  gate_id: 'g1',
  offline: true,
  actor: { type: 'device', id: 'd1', label: 'Phone 1' },
  reversed_at: null,
} as unknown as Redemption;

function entry(kind: string, redemption_id: string, voucher_id = 'v1'): Entry {
  const data = { redemption_id, units: 1, redeemed_at: AT, offline: false };
  return { ...claim(5), kind, voucher_id, data, gate_id: 'g2' } as Entry;
}

it('tells where a voucher was used, the newest first, each use once', () => {
  const known = [useOf(REDEMPTION)];
  expect(known).toEqual([
    {
      id: 'r1',
      units: 2,
      at: AT,
      who: 'Phone 1',
      gateId: 'g1',
      isOffline: true,
      isTakenBack: false,
    },
  ]);
  const told = ['r1', 'r2', 'r2'].map((id) => entry('voucher.redeemed', id));
  const after = withEntries(known, [...told, entry('voucher.redeemed', 'r3', 'v2')], 'v1');
  expect(after.map(({ id }) => id)).toEqual(['r2', 'r1']);
  expect(after[0]).toMatchObject({ units: 1, gateId: 'g2', isOffline: false });
});

it('tells which of them was taken back', () => {
  const uses = withEntries(
    [useOf(REDEMPTION)],
    [entry('voucher.redeemed', 'r2'), entry('redemption.reversed', 'r1')],
    'v1',
  );
  expect(uses.map(({ isTakenBack }) => isTakenBack)).toEqual([false, true]);
  expect(useOf({ ...REDEMPTION, reversed_at: AT }).isTakenBack).toBe(true);
});
