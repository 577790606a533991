import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { read } from '../codes/codes.ts';
import { gateOfScan, instant, instantOf, judge } from './rules.ts';

interface Judged {
  readonly edge: readonly [string, number];
  readonly at: string;
  readonly voucher: {
    readonly state: string;
    readonly claimed: boolean;
    readonly uses: number;
    readonly max_uses: number;
  } | null;
  readonly offer: {
    readonly claimable: boolean;
    readonly redeem_from: string | null;
    readonly redeem_until: string | null;
    readonly gate_ids: readonly string[];
  };
  readonly event_status: string;
  readonly offer_status: string;
  readonly wanted_gate: string | null;
  readonly own_gate: string | null;
  readonly gates: Readonly<Record<string, boolean>>;
  readonly alone: boolean;
  readonly units: number;
  readonly lent: boolean;
  readonly gate_id: string | null;
  readonly reason: string | null;
}

// The cases are recorded by the hub's tests from its own rules: see tests/vectors/README.md.
const path = join(import.meta.dirname, '../../../../tests/vectors/door_rules.json');
const vectors = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly judged: readonly Judged[];
  readonly read: readonly { readonly text: string; readonly code: string | null }[];
};

const moment = (text: string | null): number | null => (text === null ? null : instant(text));

function answer(given: Judged): { gate_id: string | null; reason: string | null } {
  const { voucher, offer } = given;
  const gates = new Map(Object.entries(given.gates));
  const gateId = gateOfScan(given.wanted_gate, given.own_gate, gates, given.alone);
  const reason = judge(
    voucher && {
      dead: voucher.state === 'voided' || voucher.state === 'released',
      claimed: voucher.claimed,
      uses: voucher.uses,
      maxUses: voucher.max_uses,
    },
    {
      claimable: offer.claimable,
      redeemFrom: moment(offer.redeem_from),
      redeemUntil: moment(offer.redeem_until),
      gateIds: offer.gate_ids,
    },
    { event: given.event_status, offer: given.offer_status },
    gateId,
    given.units,
    instant(given.at),
    given.lent,
  );
  return { gate_id: gateId, reason };
}

describe('the rules of the door', () => {
  it('has cases', () => {
    expect(vectors.judged.length).toBeGreaterThanOrEqual(2_000);
    expect(vectors.read.length).toBeGreaterThanOrEqual(400);
  });

  it('judges as the hub does', () => {
    const differing = vectors.judged.filter((given) => {
      const { gate_id, reason } = answer(given);
      return gate_id !== given.gate_id || reason !== given.reason;
    });
    expect(differing).toEqual([]);
  });

  it('reads codes as the hub does', () => {
    const differing = vectors.read.filter(({ text, code }) => read(text) !== code);
    expect(differing).toEqual([]);
  });
});

describe('times', () => {
  it('keeps microseconds and offsets', () => {
    expect(instant('2026-03-29T04:30:00.000001+03:00')).toBe(instant('2026-03-29T01:30:00Z') + 1);
    expect(instant('1970-01-01T00:00:01.5Z')).toBe(instantOf(1_500));
    expect(instant('2026-05-01T21:30:00.1234567Z') % 1_000_000).toBe(123_456);
  });

  it('refuses what is no time', () => {
    for (const text of ['', '2026-05-01', '2026-05-01T21:30:00', '2026-05-01T21:30Z'])
      expect(() => instant(text)).toThrow(RangeError);
  });
});
