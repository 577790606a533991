import { beforeEach, describe, expect, it } from 'vitest';

import type { RedeemVerdict, Snapshot } from '../api/types.ts';
import type { Scan } from '../check/check.ts';
import { Alone } from './alone.ts';
import { DoorClock } from './clock.ts';
import { BookKeeper } from './keeper.ts';
import type { Network } from './network.ts';
import { MemoryShelf } from './shelf.ts';
import { chunk, UNUSED } from './testing/recorded.ts';
import { Vault } from './vault.ts';

const NOW = Date.parse('2026-07-04T20:00:00Z');
const OFFER = {
  id: '0197d3a0-0000-7000-8000-0000deadbeef',
  title: 'Entry',
  status: 'active',
  claimable: false,
  redeem_from: null,
  redeem_until: null,
  gate_ids: [] as string[],
  offline: 'allow',
};

let shelf: MemoryShelf;
let keeper: BookKeeper;
let here: { units: number; at: string | null };

beforeEach(() => {
  shelf = new MemoryShelf();
  here = { units: 0, at: null };
});

/** A door with the recorded book, as an earlier page left it. */
async function door(offer: Partial<typeof OFFER> = {}): Promise<Alone> {
  const vault = await Vault.open(shelf);
  keeper = await BookKeeper.open(vault);
  if (!keeper.isWhole)
    await keeper.refresh({
      chunk: () => Promise.resolve(chunk),
      state: () => Promise.resolve({ epoch: 'e', seq: 41, whole: false, burns: [] }),
    } as unknown as Network);
  const clock = new DoorClock({ wall: () => NOW, monotonic: () => 0 }, null);
  const alone = await Alone.open({ vault, keeper, clock, pending: () => here });
  const event = { status: 'open' };
  await alone.know({ event, offers: [{ ...OFFER, ...offer }], gates: [] } as unknown as Snapshot);
  return alone;
}

const scan = (code: string, units = 1): Scan => ({
  key: 'k',
  eventId: 'e',
  code,
  voucherId: null,
  units,
  gateId: null,
  scannedAt: new Date(NOW).toISOString(),
});

const reason = async (of: Alone, code: string, units = 1): Promise<unknown> =>
  (await of.judge(scan(code, units)))?.reason;

function verdict(fields: object, uses: number): RedeemVerdict {
  const voucher = { id: 'v', state: 'issued', uses, max_uses: 1 };
  const said = { verdict: 'accepted', seq: null, leased_until: null, replayed: false, voucher };
  return { ...said, ...fields } as unknown as RedeemVerdict;
}

describe('a door by itself', () => {
  it('lets in what is good, and refuses what it has let in', async () => {
    const alone = await door();
    expect(await alone.judge(scan(UNUSED))).toMatchObject({ reason: null, ordinal: 0 });
    expect(await reason(alone, 'ABCD')).toBe('voided');
    expect(await reason(alone, 'NOSUCHCODE')).toBe('unknown_code');
    here = { units: 1, at: new Date(NOW - 5_000).toISOString() };
    const again = await alone.judge(scan(UNUSED));
    expect(again?.verdict).toMatchObject({
      reason: 'already_redeemed',
      previous: { seconds_ago: 5, same_device: true },
    });
  });

  it('does not forget what a refusal told of another door, in a reload neither', async () => {
    const alone = await door();
    const refused = { verdict: 'refused', reason: 'already_redeemed' };
    await alone.learn(0, verdict({ ...refused, replayed: true }, 1)); // as it was once
    expect(await reason(alone, UNUSED)).toBeNull();
    await alone.learn(0, verdict(refused, 1));
    expect(await reason(alone, UNUSED)).toBe('already_redeemed');
    await keeper.settled();
    expect(await reason(await door(), UNUSED)).toBe('already_redeemed');
  });

  it('refuses what it let in itself, though the hub did not count it', async () => {
    const refused = { verdict: 'refused', reason: 'offer_paused' };
    for (const replayed of [false, true]) {
      shelf = new MemoryShelf();
      const alone = await door();
      await alone.learn(0, verdict({ ...refused, replayed }, 0));
      expect(await reason(alone, UNUSED)).toBeNull();
      await alone.learn(0, verdict({ ...refused, replayed }, 0), 1);
      await alone.learn(0, verdict({ ...refused, replayed }, 0), 1);
      expect((await alone.judge(scan(UNUSED)))?.verdict).toMatchObject({
        reason: 'already_redeemed',
        voucher: { uses: 1, remaining: 0 },
      });
    }
  });

  it('hears from a refusal that a voucher is over', async () => {
    const alone = await door();
    const refused = { verdict: 'refused', reason: 'voided' };
    const voucher = { id: 'v', state: 'voided', uses: 0, max_uses: 1 };
    await alone.learn(0, verdict({ ...refused, replayed: true, voucher }, 0));
    expect(await reason(alone, UNUSED)).toBeNull();
    await alone.learn(0, verdict({ ...refused, voucher }, 0));
    expect(await reason(alone, UNUSED)).toBe('voided');
  });

  it('gives out of a multi-use voucher only what was lent to it, and as long as that holds', async () => {
    const many = '0000000001'; // used 999 times of 1,000
    expect(await reason(await door({ offline: 'online_only' }), many)).toBe('online_only');
    const alone = await door({ offline: 'lease' });
    expect(await reason(alone, many)).toBe('leased');
    const until = new Date(NOW + 1).toISOString();
    await alone.learn(1, verdict({ seq: 50, leased_until: until }, 999));
    expect(await reason(alone, many)).toBeNull();
    expect(await reason(alone, many, 2)).toBe('insufficient_uses');
    expect(await reason(await door({ offline: 'lease' }), many)).toBeNull();
    const later = new Date(NOW + 2).toISOString();
    await alone.learn(1, verdict({ seq: 50, leased_until: later, replayed: true }, 999));
    expect(alone.leases).toMatchObject([{ until }]);
    await alone.learn(1, verdict({ seq: 51, leased_until: new Date(NOW).toISOString() }, 999));
    expect(await reason(alone, many)).toBe('leased');
    await alone.learn(1, verdict({ seq: 52, leased_until: until }, 999));
    await alone.ended('v');
    expect(await reason(alone, many)).toBe('leased');
    await alone.learn(1, verdict({ seq: 53, leased_until: until }, 999));
    const elsewhere = { verdict: 'refused', reason: 'leased' };
    await alone.learn(1, verdict({ ...elsewhere, replayed: true }, 999)); // as it was once
    expect(await reason(alone, many)).toBeNull();
    await alone.learn(1, verdict(elsewhere, 999));
    expect(await reason(alone, many)).toBe('leased');
  });
});
