import { expect, it } from 'vitest';

import type { Entry, VoucherRecord } from '../../lib/api/types.ts';
import { claim } from '../../lib/live/testing/ledger.ts';
import { merged, moved } from './vouchers.ts';

const AT = '2026-07-04T20:00:00Z';

function voucher(id: string, more: Partial<VoucherRecord> = {}): VoucherRecord {
  return {
    id,
    code: `CODE${id}`,
    state: 'claimed',
    offer_id: 'o1',
    offer_title: 'Drink',
    uses: 0,
    max_uses: 2,
    remaining: 2,
    guest_name: null,
    guest_email: null,
    batch_id: null,
    created_at: AT,
    leased_to: null,
    leased_until: null,
    updated_at: AT,
    ...more,
  };
}

function entry(kind: string, voucher_id: string, data: Record<string, unknown> = {}): Entry {
  return { ...claim(5), kind, voucher_id, data, at: '2026-07-04T21:00:00Z' };
}

it('follows uses, step by step, and back', () => {
  const [once] = moved([voucher('1')], [entry('voucher.redeemed', '1', { uses: 1 })], '');
  expect(once).toMatchObject({ state: 'claimed', uses: 1, remaining: 1 });
  const [twice] = moved([once as VoucherRecord], [entry('voucher.redeemed', '1', { uses: 2 })], '');
  expect(twice).toMatchObject({ state: 'redeemed', uses: 2, remaining: 0 });
  const [back] = moved(
    [twice as VoucherRecord],
    [entry('redemption.reversed', '1', { units: 1 })],
    '',
  );
  expect(back).toMatchObject({ state: 'claimed', uses: 1, remaining: 1 });
});

it('follows which door holds its uses', () => {
  const lease = { device_id: 'd1', until: '2026-07-04T23:00:00Z' };
  const lend = entry('voucher.redeemed', '1', { uses: 1, lease });
  const [lent] = moved([voucher('1', { max_uses: 3 })], [lend], '') as [VoucherRecord];
  expect(lent).toMatchObject({ leased_to: 'd1', leased_until: lease.until });
  const nobody = { leased_to: null, leased_until: null };
  expect(moved([lent], [entry('lease.ended', '1')], '')[0]).toMatchObject(nobody);
  expect(moved([lent], [entry('voucher.voided', '1')], '')[0]).toMatchObject(nobody);
  const last = entry('voucher.redeemed', '1', { uses: 3 });
  expect(moved([lent], [last], '')[0]).toMatchObject(nobody);
});

it('takes out what leaves the state that is asked for', () => {
  const items = [voucher('2', { state: 'issued' }), voucher('1', { state: 'issued' })];
  expect(moved(items, [entry('voucher.claimed', '2')], 'issued').map(({ id }) => id)).toEqual([
    '1',
  ]);
  expect(moved(items, [entry('voucher.voided', '2')], '')[0]).toMatchObject({
    state: 'voided',
    remaining: 0,
  });
});

it('stays the very same list where nothing of it is told', () => {
  const items = [voucher('1')];
  expect(moved(items, [entry('voucher.claimed', '9')], '')).toBe(items);
});

it('puts the newest page in front of what was read before', () => {
  const items = [voucher('5'), voucher('4'), voucher('3'), voucher('2')];
  const top = [voucher('7'), voucher('5', { state: 'voided' }), voucher('4')];
  expect(merged(items, top).map(({ id, state }) => `${id} ${state}`)).toEqual([
    '7 claimed',
    '5 voided',
    '4 claimed',
    '3 claimed',
    '2 claimed',
  ]);
  expect(merged(items, [])).toEqual([]);
});
