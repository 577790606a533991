import 'fake-indexeddb/auto';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { LocalJudgement, RedeemVerdict } from '../../lib/api/types.ts';
import { Outbox, type PendingScan } from '../../lib/check/outbox.ts';
import { bookOf, DatabaseShelf } from '../../lib/offline/indexeddb.ts';
import { BookKeeper } from '../../lib/offline/keeper.ts';
import type { Network } from '../../lib/offline/network.ts';
import { chunk, UNUSED } from '../../lib/offline/testing/recorded.ts';
import { Vault } from '../../lib/offline/vault.ts';
import { KEPT } from '../pairing/kept.ts';
import { broughtIn } from './upload.ts';

const LET_IN = { verdict: 'accepted', reason: null } as LocalJudgement;

let outbox: Outbox;
let results: unknown;

/** The book as a page would find it. */
async function book(): Promise<BookKeeper> {
  return BookKeeper.open(await Vault.open(await DatabaseShelf.open(bookOf('e'))));
}

beforeEach(async () => {
  indexedDB = new IDBFactory();
  outbox = await Outbox.open();
  await outbox.keep(KEPT, { token: 't', event: { id: 'e' } });
  await (
    await book()
  ).refresh({
    chunk: () => Promise.resolve(chunk),
    state: () => Promise.resolve({ epoch: 'e', seq: 41, whole: false, burns: [] }),
  } as unknown as Network);
  const scan = {
    key: 'k',
    eventId: 'e',
    scannedAt: '2026-07-04T20:00:00Z',
    units: 1,
    code: UNUSED,
  };
  const item = { kind: 'scan', key: 'k', eventId: 'e', scan, ordinal: 0 };
  await outbox.put({ ...item, local: LET_IN, told: true } as PendingScan);
  vi.stubGlobal('fetch', () =>
    results === null
      ? Promise.reject(new Error('cut'))
      : Promise.resolve(Response.json({ results })),
  );
});

afterEach(() => {
  outbox.close();
  vi.unstubAllGlobals();
});

it.each([
  { verdict: 'accepted', reason: null, seq: 50, uses: 1 },
  { verdict: 'refused', reason: 'offer_paused', seq: null, uses: 0 },
])('leaves in the book what it brought in: $verdict', async ({ uses, ...said }) => {
  const voucher = { id: 'v', state: 'issued', uses, max_uses: 1 };
  results = [{ ...said, leased_until: null, replayed: false, voucher } as unknown as RedeemVerdict];
  expect(await broughtIn('https://party.example')).toBe(true);
  expect(await outbox.pending()).toEqual([]);
  expect(await (await book()).book.find(UNUSED)).toMatchObject({ uses: 1 });
});

it('leaves the leases to the page', async () => {
  const lent = [{ ordinal: 1, voucherId: 'w', until: '2026-07-04T23:00:00Z' }];
  const vault = await Vault.open(await DatabaseShelf.open(bookOf('e')));
  const voucher = { id: 'v', state: 'issued', uses: 1, max_uses: 1 };
  const said = { verdict: 'accepted', reason: null, seq: 50, replayed: false, voucher };
  const lends = { ...said, leased_until: '2026-07-04T22:00:00Z' };
  vi.stubGlobal('fetch', async () => {
    await vault.put({ leases: lent });
    return Response.json({ results: [lends] });
  });
  expect(await broughtIn('https://party.example')).toBe(true);
  expect(await vault.getJson('leases')).toEqual(lent);
});

it('says that something still waits', async () => {
  results = null;
  expect(await broughtIn('https://party.example')).toBe(false);
  expect(await outbox.pending()).toHaveLength(1);
});
