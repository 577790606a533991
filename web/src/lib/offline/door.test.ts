import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiProblem, Unreachable } from '../api/problem.ts';
import type { LocalJudgement, RedeemVerdict } from '../api/types.ts';
import type { PendingScan } from '../check/outbox.ts';
import { Door } from './door.ts';
import type { BatchResult, Network } from './network.ts';
import { MemoryShelf } from './shelf.ts';
import { MemoryOutbox } from './testing/memory.ts';
import { ownLock } from './uploads.ts';
import { Vault } from './vault.ts';

const LET_IN = { verdict: 'accepted', reason: null } as LocalJudgement;
const LENT = { ordinal: 1, voucherId: 'v1', until: '2026-07-04T23:00:00Z' };

let outbox: MemoryOutbox;
let door: Door;
let happened: string[];
let batch: () => Promise<readonly BatchResult[]>;
let returned: (voucherId: string) => Promise<void>;
let shelf: MemoryShelf;

beforeEach(async () => {
  shelf = new MemoryShelf();
  const other = { ...LENT, ordinal: 2, voucherId: 'v2' };
  await (await Vault.open(shelf)).put({ leases: [LENT, other] });
  outbox = new MemoryOutbox();
  const used = { kind: 'scan', key: 'k', eventId: 'e', scan: { key: 'k', units: 1 }, ordinal: 1 };
  await outbox.put({ ...used, local: LET_IN, told: true } as PendingScan);
  happened = [];
  returned = () => Promise.resolve();
  door = await opened();
});

const network = {
  batch: () => {
    happened.push('brought in');
    return batch();
  },
  returnLease: (voucherId: string) => {
    happened.push(`returned ${voucherId}`);
    return returned(voucherId);
  },
} as unknown as Network;

/** A page of the door. */
async function opened(): Promise<Door> {
  return Door.open({
    eventId: 'e',
    shelf,
    outbox,
    clocks: { wall: Date.now, monotonic: () => performance.now() },
    lock: ownLock(),
    listener: { answered: () => true, undone: () => undefined, ended: () => undefined },
    after: () => () => undefined,
    connect: () => ({ network, ways: { redeem: [], reverse: () => Promise.reject(new Error()) } }),
  });
}

it('knows of a guest whom another page brings in while this one opens', async () => {
  const entries = shelf.entries.bind(shelf);
  vi.spyOn(shelf, 'entries').mockImplementation(async (prefix) => {
    const found = await entries(prefix);
    if (prefix === 'book/burns/') outbox.items = []; // it is noted in the book just after this one has read that
    return found;
  });
  expect((await opened()).pending.of(1).units).toBe(1);
});

describe('what is lent to a door', () => {
  it('goes back after what was used of it was brought in', async () => {
    const voucher = { id: 'v1', state: 'issued', uses: 2, max_uses: 3 };
    const verdict = { verdict: 'accepted', reason: null, seq: 9, leased_until: null, voucher };
    batch = () => Promise.resolve([verdict as RedeemVerdict]);
    await door.returnLeases();
    expect(happened).toEqual(['brought in', 'returned v1', 'returned v2']);
    expect(door.alone.leases).toEqual([]);
  });

  it('stays where the hub does not hear what was used of it', async () => {
    batch = () => Promise.reject(new Unreachable('cut'));
    await door.returnLeases();
    expect(happened).toEqual(['brought in', 'returned v2']);
    expect(door.alone.leases).toEqual([LENT]);
  });

  it.each([403, 404])(
    'is its own no more where the hub answers %i, and the rest goes back',
    async (status) => {
      outbox.items = [];
      door = await opened();
      returned = (id) =>
        id === 'v1' ? Promise.reject(new ApiProblem(status, {})) : Promise.resolve();
      await door.returnLeases();
      expect(happened).toEqual(['returned v1', 'returned v2']);
      expect(door.alone.leases).toEqual([]);
    },
  );

  it('stays while a guest of that voucher is asked for, but not for one that is set aside', async () => {
    const asked = { ...(outbox.items[0] as PendingScan), local: undefined, told: undefined };
    outbox.items = [asked as unknown as PendingScan];
    door = await opened();
    expect(await door.returnLeases()).toBe(false);
    expect(door.alone.leases).toEqual([LENT]);
    outbox.items = [{ ...asked, local: LET_IN, told: true, aside: 'No.' }];
    door = await opened();
    expect(await door.returnLeases()).toBe(true);
    expect(door.alone.leases).toEqual([]);
  });

  it('stays where the hub is out of order', async () => {
    outbox.items = [];
    door = await opened();
    returned = () => Promise.reject(new ApiProblem(500, {}));
    await expect(door.returnLeases()).rejects.toThrow(ApiProblem);
    expect(door.alone.leases).toHaveLength(2);
  });
});
