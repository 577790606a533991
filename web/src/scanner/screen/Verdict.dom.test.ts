import { render, screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { flushSync } from 'svelte';
import { expect, it, vi } from 'vitest';

import type { RedeemVerdict } from '../../lib/api/types.ts';
import type { Scan } from '../../lib/check/check.ts';
import * as machine from '../shift/machine.ts';
import { testShift } from '../testing/shift.svelte.ts';
import Verdict from './Verdict.svelte';

const SCAN: Scan = {
  key: 'k1',
  eventId: 'e1',
  code: '7KQ4MX2P9T',
  voucherId: null,
  units: 1,
  gateId: null,
  scannedAt: '2026-07-04T20:00:00Z',
};
const ACCEPTED = {
  verdict: 'accepted',
  reason: null,
  redemption_id: 'r1',
  seq: 7,
  replayed: false,
  previous: null,
  voucher: {
    id: 'v1',
    code: '…9T',
    offer_title: 'Free drink',
    max_uses: 3,
    remaining: 2,
    guest_name: 'Ada',
  },
} as RedeemVerdict;

function answer(verdict: Partial<RedeemVerdict> = {}): machine.State {
  const state = machine.scanned(machine.START, SCAN, 0);
  const whole = { ...ACCEPTED, ...verdict } as RedeemVerdict;
  return machine.answered(state, 'k1', { kind: 'verdict', verdict: whole, provisional: false }, 1);
}

it('announces a verdict once, and its replacement only when it says something else', () => {
  const shift = testShift(machine.START);
  render(Verdict, { shift: shift.shift });
  const alert = screen.getByRole('alert');
  expect(alert.textContent).toBe('');
  const spoken: string[] = [];
  new MutationObserver(() => spoken.push(alert.textContent)).observe(alert, {
    subtree: true,
    characterData: true,
    childList: true,
  });
  shift.show(answer());
  expect(alert.textContent).toBe('Yes. 1 × Free drink. for Ada. 2 of 3 left.');
  shift.show(machine.answered(answer(), 'k1', { kind: 'waiting' }, 5));
  return Promise.resolve().then(() => expect(spoken).toHaveLength(1));
});

it('puts the focus where the thumb is, and gives it back', () => {
  const shift = testShift(machine.START);
  render(Verdict, { shift: shift.shift });
  const before = document.body.appendChild(document.createElement('button'));
  before.focus();
  shift.show(answer());
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Next guest' }));
  shift.show(machine.dismissed(answer()));
  expect(document.activeElement).toBe(before);
  before.remove();
});

it('takes back only after a second tap', () => {
  const shift = testShift(answer());
  const undo = vi.spyOn(shift.shift, 'undo').mockResolvedValue();
  render(Verdict, { shift: shift.shift });
  screen.getByRole('button', { name: 'Undo' }).click();
  flushSync();
  expect(undo).not.toHaveBeenCalled();
  screen.getByRole('button', { name: 'Yes, undo it' }).click();
  expect(undo).toHaveBeenCalledOnce();
});

it('is clean for axe', async () => {
  // What a page brings.
  document.title = 'Door';
  document.documentElement.lang = 'en';
  render(Verdict, { shift: testShift(answer()).shift });
  const { violations } = await axe.run(document, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map(({ id }) => id)).toEqual([]);
});
