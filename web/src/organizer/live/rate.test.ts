import { expect, it } from 'vitest';

import type { Entry } from '../../lib/api/types.ts';
import { OFFER_ID, claim } from '../../lib/live/testing/ledger.ts';
import { Rate } from './rate.ts';

const AT = Date.parse('2026-07-04T20:00:00Z');

function redeem(seq: number, units: number, at: string, gate: string | null = 'g1'): Entry {
  const data = { counts: { redeemed_units: units } };
  return { ...claim(seq), kind: 'voucher.redeemed', at, gate_id: gate, data };
}

function rate(): Rate {
  const known = new Rate();
  known.begin(10, [
    {
      minute: '2026-07-04T20:00:00Z',
      offer_id: OFFER_ID,
      gate_id: 'g1',
      claimed: 0,
      redeemed_units: 4,
    },
    {
      minute: '2026-07-04T20:00:00Z',
      offer_id: OFFER_ID,
      gate_id: null,
      claimed: 7,
      redeemed_units: 0,
    },
  ]);
  return known;
}

it('carries the hub’s figures on by entries, each once', () => {
  const known = rate();
  expect(known.take([claim(9), claim(10)])).toBe(false);
  expect(known.take([claim(11), redeem(12, 2, '2026-07-04T20:01:59Z')])).toBe(true);
  expect(known.take([claim(11)])).toBe(false);
  expect(known.at(AT + 30_000)).toEqual({ claimed: 8, redeemed: 4 });
  expect(known.at(AT + 60_000)).toEqual({ claimed: 0, redeemed: 2 });
  expect([known.first, known.last]).toEqual([AT, AT + 60_000]);
});

it('draws a line for each, with silent minutes between', () => {
  const known = rate();
  known.take([redeem(11, 3, '2026-07-04T20:02:10Z', 'g2'), redeem(12, -5, '2026-07-04T20:02:20Z')]);
  const until = AT + 2 * 60_000;
  expect(known.lines('all', ['redeemed', 'claimed'], 'redeemed', AT, until)).toEqual({
    minutes: [AT, AT + 60_000, until],
    lines: [
      { id: 'redeemed', values: [4, 0, 0] },
      { id: 'claimed', values: [7, 0, 0] },
    ],
  });
  const gates = known.lines('gate', ['g1', 'g2', ''], 'redeemed', AT, until);
  expect(gates.lines.map(({ values }) => values)).toEqual([
    [4, 0, 0],
    [0, 0, 3],
    [0, 0, 0],
  ]);
  const offers = known.lines('offer', [OFFER_ID], 'claimed', AT, until);
  expect(offers.lines[0]?.values).toEqual([7, 0, 0]);
});
