import 'fake-indexeddb/auto';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Burn, RedeemVerdict, Snapshot } from '../../lib/api/types.ts';
import { Outbox } from '../../lib/check/outbox.ts';
import { AloneDoor } from './alone.ts';
import { until } from '../../lib/testing/until.ts';

/** What the hub was asked, and how to answer it: everything but the state is answered at once. */
let states: { readonly after: string | null; readonly answer: (seq: number) => void }[];
let burnt: (burn: Burn) => void;
/** Answers what is given back. */
let returned: () => Promise<Response>;
let outbox: Outbox;
let alone: AloneDoor;
let eventId: string;

const EMPTY = {
  format: 1,
  epoch: 'e',
  seq: 5,
  sealed_seq: 5,
  next: 0,
  last: 0,
  vouchers: 0,
  count: 0,
  salt: '00',
  iterations: 1,
};

function chunk(): Response {
  const head = new TextEncoder().encode(JSON.stringify(EMPTY));
  const made = new Uint8Array(4 + head.length);
  new DataView(made.buffer).setUint32(0, head.length);
  made.set(head, 4);
  return new Response(made);
}

beforeEach(async () => {
  states = [];
  eventId = `e-${Math.random()}`;
  vi.stubGlobal('fetch', (address: string) => {
    const url = new URL(address);
    if (url.pathname.endsWith('/lease')) return returned();
    if (!url.pathname.endsWith('/state')) return Promise.resolve(chunk());
    return new Promise((resolve) => {
      const answer = (seq: number): void =>
        resolve(Response.json({ epoch: 'e', seq, whole: false, burns: [] }));
      states.push({ after: url.searchParams.get('after_seq'), answer });
    });
  });
  outbox = await Outbox.open(`alone-${Math.random()}`);
  alone = await AloneDoor.open({
    hub: 'https://party.example',
    token: 't',
    eventId,
    outbox,
    staff: () => null,
    patience: () => 800,
    place: () => ({ gateId: null, isLocked: false }),
    bySocket: () => Promise.reject(new Error('nobody asks here')),
    listener: { answered: () => true, undone: () => undefined, ended: () => undefined },
    onCondition: () => undefined,
  });
  alone.hear((listener) => {
    burnt = listener;
    return () => undefined;
  });
});

afterEach(async () => {
  for (const { answer } of states) answer(5);
  await alone.close();
  outbox.close();
  vi.unstubAllGlobals();
});

const asked = async (count: number): Promise<void> =>
  until(() => expect(states).toHaveLength(count));
const burn = (seq: number): void =>
  burnt({ event_id: eventId, epoch: 'e', seq: seq + 1, through: seq, burns: [[0, 1, 0]] });

it('knows what it was told as long as the line holds', async () => {
  alone.live(true);
  await asked(1);
  states[0]?.answer(6);
  await until(() => expect(alone.door.keeper.current).toBe(6));
  await until(() => {
    burn(8);
    expect(alone.door.keeper.current).toBe(8);
  });
});

it('asks again for what burnt while the line was away, though it was asking already', async () => {
  alone.live(true);
  await asked(1);
  alone.live(false);
  alone.live(true); // entry 7 burnt something in between, which nobody told
  states[0]?.answer(6);
  await until(() => expect(alone.door.keeper.current).toBe(6));
  await alone.door.settled();
  burn(8);
  expect(alone.door.keeper.current).toBe(6);
  await asked(2);
  expect(states[1]?.after).toBe('6');
  states[1]?.answer(9);
  await until(() => expect(alone.door.keeper.current).toBe(9));
});

it('gives back in the end what it could not give back at once', async () => {
  const voucher = { id: 'v', state: 'issued', uses: 1, max_uses: 3 };
  const lent = { verdict: 'accepted', seq: null, replayed: false, voucher };
  const leased_until = new Date(Date.now() + 3_600_000).toISOString();
  await alone.door.alone.learn(0, { ...lent, leased_until } as unknown as RedeemVerdict);
  let tries = 0;
  returned = () => (++tries, Promise.reject(new Error('too slow')));
  const snapshot = { event: { status: 'open' }, offers: [], gates: [] } as unknown as Snapshot;
  alone.know({ snapshot, entries: [], restarted: true });
  await until(() => expect(tries).toBe(1));
  expect(alone.door.alone.leases).toHaveLength(1);
  returned = () => Promise.resolve(Response.json(null));
  alone.live(true);
  await until(() => {
    alone.know({ snapshot, entries: [], restarted: false });
    expect(alone.door.alone.leases).toEqual([]);
  });
});
