import 'fake-indexeddb/auto';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { RedeemVerdict } from '../../lib/api/types.ts';
import type { Answer, Listener, Scan } from '../../lib/check/check.ts';
import { Outbox } from '../../lib/check/outbox.ts';
import type { Kept } from '../pairing/kept.ts';
import { GONE_AFTER } from '../scan/sight.ts';
import { MOST_RECENT } from './machine.ts';
import { Shift } from './shift.svelte.ts';
import type { TiesOptions } from './ties.ts';
import { until } from '../../lib/testing/until.ts';

const KEPT = {
  token: 't',
  device: { id: 'd', gate_id: null, gate_locked: false },
  event: { id: 'e', name: 'Party', timezone: 'UTC' },
  gate: null,
} as Kept;

let listener: Listener;
let outbox: Outbox;
let shift: Shift;
let tones: string[];
const asked: Scan[] = [];

vi.mock('./ties.ts', () => ({
  Ties: class {
    constructor(options: TiesOptions) {
      listener = options.listener;
    }
    connect = (): Promise<void> => Promise.resolve();
    check = (): Promise<unknown> =>
      Promise.resolve({ check: (scan: Scan) => Promise.resolve(void asked.push(scan)) });
    close = (): void => undefined;
  },
}));

beforeEach(async () => {
  asked.length = 0;
  tones = [];
  outbox = await Outbox.open(`shift-${Math.random()}`);
  shift = new Shift({
    kept: KEPT,
    outbox,
    hub: '',
    staff: () => null,
    patience: () => 800,
    stays: () => false,
    onTone: (tone) => tones.push(tone),
    onEnded: () => undefined,
    onKept: () => undefined,
  });
});

afterEach(() => {
  shift.close();
  outbox.close();
});

function says(verdict: 'accepted' | 'refused', provisional: boolean): Answer {
  const reason = verdict === 'accepted' ? null : 'already_redeemed';
  const said = { verdict, reason, voucher: null, redemption_id: null, seq: null };
  return { kind: 'verdict', verdict: said as unknown as RedeemVerdict, provisional };
}

const look = (state: DocumentVisibilityState): void =>
  void vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);

/** A scan that is asked; its key. */
async function scanned(code: string): Promise<string> {
  shift.typed(code);
  await until(() => expect(asked.at(-1)?.code).toBe(code));
  return asked.at(-1)?.key ?? '';
}

it('shows no first verdict while nobody looks, and leaves it to be told again', async () => {
  await shift.open();
  const key = await scanned('ADA1');
  look('hidden');
  expect(listener.answered(key, says('accepted', true))).toBe(false);
  expect([shift.state.screen.at, tones]).toEqual(['asking', []]);
  expect(listener.answered(key, { kind: 'waiting' })).toBe(false);
  expect(listener.answered(key, says('accepted', true))).toBe(false);
  expect(tones).toEqual(['wait']);
  look('visible');
  expect(listener.answered(key, says('refused', false))).toBe(true);
  expect(tones).toEqual(['wait', 'used']);
});

it('takes what the screen has forgotten for unseen', async () => {
  await shift.open();
  look('visible');
  expect(listener.answered('nobody', says('accepted', true))).toBe(false);
});

it('takes a code that stays in view once, and again after it was gone', async () => {
  let now = 10_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  await shift.open();
  look('visible');
  shift.seen('ADA1');
  await until(() => expect(asked).toHaveLength(1));
  listener.answered(asked[0]?.key ?? '', says('accepted', false));
  shift.next();
  for (let n = 0; n < 20; n++) {
    now += GONE_AFTER - 1;
    shift.seen('ADA1');
  }
  now += GONE_AFTER;
  shift.seen('ADA1');
  await until(() => expect(asked.length).toBeGreaterThan(1));
  expect(asked).toHaveLength(2);
});

it('still shows what waits from an earlier visit, however many scans came after it', async () => {
  const scan = (n: number): Scan => ({
    key: `k${n}`,
    eventId: 'e',
    code: `CODE${n}`,
    voucherId: null,
    units: 1,
    gateId: null,
    scannedAt: new Date(Date.UTC(2026, 6, 4, 20, n)).toISOString(),
  });
  const answer = says('accepted', false);
  for (let n = 0; n <= MOST_RECENT; n++) {
    const item = { kind: 'scan', key: `k${n}`, eventId: 'e', scan: scan(n) } as const;
    await outbox.put(item);
    if (n > 0) await outbox.scanAnswered(item, answer);
  }
  await shift.open();
  look('visible');
  expect(listener.answered('k0', says('accepted', true))).toBe(true);
  expect(shift.state.screen).toMatchObject({ at: 'answer', key: 'k0', tone: 'offline' });
});
