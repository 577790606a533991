/** A guest's line, on a real Socket.IO server. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Counts, WalletVoucher, WatchPublicAck } from '../../lib/api/types.ts';
import { TestHub } from '../../lib/live/testing/hub.ts';
import { offerWith, voucherWith } from '../testing/made.ts';
import { GuestLine, type LineState } from './line.ts';

const ACK: WatchPublicAck = { status: 'open', offers: [offerWith()] };
const numbers = (remaining: number): Counts => ({
  slug: 'harbour',
  status: 'open',
  offers: { o1: { status: 'active', claimed: 10 - remaining, redeemed: 0, remaining } },
});

let hub: TestHub;
let line: GuestLine;
const told = {
  acks: [] as WatchPublicAck[],
  counts: [] as Counts[],
  vouchers: [] as WalletVoucher[],
  states: [] as LineState[],
  missed: 0,
  ended: 0,
};

beforeEach(async () => {
  hub = await TestHub.start();
  hub.publicAck = ACK;
  Object.assign(told, { acks: [], counts: [], vouchers: [], states: [], missed: 0, ended: 0 });
});

afterEach(async () => {
  line.close();
  await hub.close();
});

function open(token: string | null, hidden = 60_000): void {
  line = new GuestLine({
    hub: hub.url,
    slug: 'harbour',
    token,
    onPublic: (ack) => told.acks.push(ack),
    onCounts: (counts) => told.counts.push(counts),
    onVoucher: (voucher) => told.vouchers.push(voucher),
    onState: (state) => told.states.push(state),
    onMissed: () => told.missed++,
    onTokenEnded: () => told.ended++,
    times: { spread: 20, hidden },
  });
  line.open();
}

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 20_000 });
const isLive = (): boolean => told.states.at(-1) === 'live';

function look(visibility: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility);
  document.dispatchEvent(new Event('visibilitychange'));
}

it('shows nobody the public numbers, the last of a burst at least', async () => {
  open(null);
  await until(isLive);
  expect(hub.tokens).toEqual([undefined]);
  expect(told.acks[0]?.offers).toEqual(ACK.offers);
  for (const left of [6, 5, 4]) hub.emit('counts', numbers(left));
  await until(() => told.counts.at(-1)?.offers['o1']?.remaining === 4);
  expect(told.missed).toBe(0);
});

it('tells a guest of their vouchers, and asks for what was missed after each gap', async () => {
  open('mine');
  await until(() => told.missed === 1);
  hub.emit('voucher', voucherWith({ state: 'redeemed', uses: 1, remaining: 0 }));
  await until(() => told.vouchers.length === 1);
  hub.breakConnections();
  await until(() => told.states.includes('lost'));
  line.nudge();
  await until(() => told.missed === 2);
  expect(hub.tokens).toEqual(['mine', 'mine']);
});

it('takes a token that begins later', async () => {
  open(null);
  await until(isLive);
  line.use('mine');
  await until(() => told.missed === 1);
  expect(hub.tokens).toEqual([undefined, 'mine']);
});

it('goes on as nobody when the token does not hold any more', async () => {
  hub.refuse = (token) => (token === 'old' ? { status: 401, title: 'Unauthorized' } : null);
  open('old');
  await until(isLive);
  expect(told.ended).toBe(1);
  expect(hub.tokens.at(-1)).toBeUndefined();
});

it('goes on as nobody when the session is ended', async () => {
  open('mine');
  await until(isLive);
  hub.emit('session_ended', { reason: 'revoked' });
  await until(() => told.ended === 1 && isLive());
  await until(() => hub.tokens.at(-1) === undefined);
});

it('hangs up while nobody looks, and is back when somebody does', async () => {
  open(null, 0);
  await until(isLive);
  look('hidden');
  await until(() => told.states.at(-1) === 'idle');
  look('visible');
  await until(isLive);
  expect(hub.tokens).toHaveLength(2);
});
