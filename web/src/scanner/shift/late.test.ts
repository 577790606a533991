import { expect, it } from 'vitest';

import type { RedeemVerdict } from '../../lib/api/types.ts';
import type { Answer, Scan } from '../../lib/check/check.ts';
import {
  MOST_RECENT,
  START,
  answered,
  attached,
  dismissed,
  intake,
  scanned,
  type State,
} from './machine.ts';

function scan(key: string, code: string): Scan {
  const scannedAt = '2026-07-04T20:00:00Z';
  return { key, eventId: 'e', code, voucherId: null, units: 1, gateId: null, scannedAt };
}

function says(verdict: 'accepted' | 'refused', provisional = false): Answer {
  const reason = verdict === 'accepted' ? null : 'already_redeemed';
  return {
    kind: 'verdict',
    verdict: { verdict, reason, voucher: null } as RedeemVerdict,
    provisional,
  };
}

/** Ada's scan has no answer, and Bob's verdict is on the screen. */
function busy(): State {
  const ada = scanned(START, scan('ada', 'ADA1'), 0);
  const bob = scanned(dismissed(ada), scan('bob', 'BOB1'), 100);
  return answered(bob, 'bob', says('accepted'), 150);
}

const found = (state: State, key: string): State['recent'][number] | undefined =>
  state.recent.find((known) => known.key === key);

it('interrupts nobody with what the hub only confirms', () => {
  const alone = answered(scanned(START, scan('ada', 'ADA1'), 0), 'ada', says('accepted', true), 50);
  const later = answered(dismissed(alone), 'ada', says('accepted'), 9_000);
  expect(later.screen).toEqual({ at: 'ready' });
  expect(found(later, 'ada')?.answer).toMatchObject({ provisional: false });
});

it('tells what the hub sees otherwise as soon as the screen is free', () => {
  const alone = answered(scanned(START, scan('ada', 'ADA1'), 0), 'ada', says('accepted', true), 50);
  const later = answered(dismissed(alone), 'ada', says('refused'), 9_000);
  expect(later.screen).toMatchObject({ at: 'answer', key: 'ada', tone: 'used', late: true });
});

it('notes an answer that nobody could see, and shows it when it is told again', () => {
  const hidden = answered(busy(), 'ada', says('accepted'), 200);
  expect(hidden.screen).toMatchObject({ key: 'bob' });
  expect(found(hidden, 'ada')?.unseen).toBe(true);
  const still = answered(hidden, 'ada', says('accepted'), 300);
  expect(found(still, 'ada')?.unseen).toBe(true);
  const free = answered(dismissed(still), 'ada', says('accepted'), 4_000);
  expect(free.screen).toMatchObject({ at: 'answer', key: 'ada', tone: 'admit', late: true });
  expect(found(free, 'ada')?.unseen).toBe(false);
});

it('asks again for such an answer when its code is scanned again, with no new key', () => {
  const hidden = dismissed(answered(busy(), 'ada', says('accepted'), 200));
  expect(intake(hidden, { code: 'ADA1', voucherId: null }, false, 1_000)).toEqual({
    attach: 'ada',
  });
  const asking = attached(hidden, 'ada', 1_000);
  expect(asking.screen).toMatchObject({ at: 'asking', key: 'ada' });
  const back = answered(asking, 'ada', says('accepted'), 1_050);
  expect(back.screen).toMatchObject({ at: 'answer', key: 'ada', tone: 'admit' });
  expect(found(back, 'ada')).toMatchObject({ unseen: false, code: null });
  expect(intake(dismissed(back), { code: 'ADA1', voucherId: null }, false, 2_000)).toBe('new');
});

it('remembers what the hub could not take, however many scans come after it', () => {
  let state = answered(
    scanned(START, scan('bad', 'BAD1'), 0),
    'bad',
    { kind: 'problem', detail: 'No gate of this event.' },
    10,
  );
  for (let n = 0; n < MOST_RECENT + 5; n++)
    state = answered(
      scanned(dismissed(state), scan(`k${n}`, `CODE${n}`), n),
      `k${n}`,
      says('accepted'),
      n,
    );
  expect(state.recent).toHaveLength(MOST_RECENT + 1);
  expect(found(state, 'bad')?.answer).toMatchObject({ kind: 'problem' });
});
