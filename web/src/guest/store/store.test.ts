import { beforeEach, describe, expect, it } from 'vitest';

import { MemoryStorage, pageWith, sessionWith, voucherWith } from '../testing/made.ts';
import { Box } from './box.ts';
import { Pages } from './pages.ts';
import { HubTime } from './time.ts';
import { Wallets } from './wallets.ts';

let storage: MemoryStorage;
let now: number;

beforeEach(() => {
  storage = new MemoryStorage();
  now = Date.parse('2026-07-04T20:00:00Z');
});

// The tests of Node have no window to hear other tabs by.
class LonelyBox extends Box {
  override onChangeElsewhere(): () => void {
    return () => undefined;
  }
}

const wallets = (): Wallets => new Wallets(new LonelyBox(storage), () => now);
const NONE: ReadonlySet<string> = new Set();

describe('what a browser keeps', () => {
  it('is there after a reload', () => {
    new Box(storage).write('x.1', { a: 1 });
    const box = new Box(storage);
    expect(box.read('x.1')).toEqual({ a: 1 });
    expect(box.keys('x.')).toEqual(['x.1']);
    box.remove('x.1');
    expect(box.read('x.1')).toBeNull();
  });

  it.each([null, new MemoryStorage()])(
    'lasts as long as the page where nothing can be kept',
    (disk) => {
      if (disk !== null)
        disk.setItem = () => {
          throw new DOMException('full', 'QuotaExceededError');
        };
      const box = new Box(disk);
      box.write('x', 1);
      expect(box.read('x')).toBe(1);
      expect(box.keys('')).toEqual(['x']);
    },
  );

  it('may be unreadable', () => {
    storage.setItem('dibs.guest.x', '{');
    expect(new Box(storage).read('x')).toBeNull();
  });

  it('forgets the oldest pages of events', () => {
    const pages = new Pages(new Box(storage));
    for (let at = 0; at < 20; at++) pages.write(pageWith({ slug: `s${at}` }), at);
    expect(pages.read('s0')).toBeNull();
    expect(pages.read('s19')?.page.name).toBe('Harbour Night');
  });
});

describe('wallets', () => {
  it('outlive the page, with their vouchers and their event', () => {
    const wallet = wallets().begin(sessionWith(), pageWith());
    wallets().put(wallet.guest_id, voucherWith());
    const kept = wallets().at('harbour');
    expect(kept?.token).toBe('token of g1');
    expect(kept?.vouchers).toEqual([voucherWith()]);
    expect(kept?.event?.url).toBe('https://party.test/e/harbour');
    expect(kept?.event).not.toHaveProperty('offers');
    expect(wallets().withCode('7KQ4MX2P9T')?.voucher.id).toBe('v1');
    expect(wallets().withCode('OTHER')).toBeNull();
  });

  it('of several events and guests stand beside each other', () => {
    wallets().begin(sessionWith('g1'));
    now += 1;
    wallets().begin(sessionWith('g2', { event_slug: 'barn' }));
    now += 1;
    wallets().begin(sessionWith('g3'));
    expect(
      wallets()
        .all()
        .map(({ guest_id }) => guest_id),
    ).toEqual(['g3', 'g2', 'g1']);
    expect(wallets().at('harbour')?.guest_id).toBe('g3');
    wallets().end('g3');
    expect(wallets().at('harbour')?.guest_id).toBe('g1');
  });

  it('keep the newest state of a voucher, whichever way it came', () => {
    wallets().begin(sessionWith());
    const used = voucherWith({ state: 'redeemed', uses: 1, updated_at: '2026-07-04T20:05:00.5Z' });
    wallets().put('g1', used);
    wallets().put('g1', voucherWith({ updated_at: '2026-07-04T20:05:00Z' }));
    expect(wallets().get('g1')?.vouchers).toEqual([used]);
  });

  it('do not lose a voucher that came while the list was under way', () => {
    wallets().begin(sessionWith());
    wallets().put('g1', voucherWith({ id: 'v1' }));
    const before = new Set(['v1']);
    wallets().put('g1', voucherWith({ id: 'v2' }));
    wallets().putAll('g1', [voucherWith({ id: 'v1' })], before);
    expect(
      wallets()
        .get('g1')
        ?.vouchers.map(({ id }) => id),
    ).toEqual(['v2', 'v1']);
    wallets().putAll('g1', [voucherWith({ id: 'v2' })], new Set(['v1', 'v2']));
    expect(
      wallets()
        .get('g1')
        ?.vouchers.map(({ id }) => id),
    ).toEqual(['v2']);
    expect(wallets().get('g1')?.told_at).toBe(now);
  });

  it('end by time or by the hub, and say which', () => {
    wallets().begin(sessionWith('g1', { expires_at: '2026-08-04T00:00:00Z' }));
    wallets().begin(sessionWith('g2'));
    wallets().end('g2');
    now = Date.parse('2026-08-05T00:00:00Z');
    expect(wallets().get('g1')?.ended).toBe('expired');
    expect(wallets().get('g2')?.ended).toBe('gone');
    wallets().forget('g1');
    expect(wallets().get('g1')).toBeNull();
  });

  it('end as much later or earlier as their event does', () => {
    const page = pageWith({ ends_at: '2026-07-05T00:00:00Z' });
    wallets().begin(sessionWith('g1', { expires_at: '2026-08-04T00:00:00Z' }), page);
    now = Date.parse('2026-08-05T00:00:00Z');
    expect(wallets().get('g1')?.ended).toBe('expired');
    wallets().know({ ...page, ends_at: '2026-07-07T00:00:00Z' });
    expect(wallets().get('g1')?.ended).toBeNull();
    wallets().know({ ...page, ends_at: '2026-07-04T00:00:00Z' });
    expect(wallets().get('g1')?.ended).toBe('expired');
  });

  it('opened again keep what they held', () => {
    wallets().begin(sessionWith(), pageWith());
    wallets().put('g1', voucherWith());
    wallets().end('g1');
    wallets().begin(sessionWith('g1', { access_token: 'another' }));
    const wallet = wallets().get('g1');
    expect(wallet?.ended).toBeNull();
    expect(wallet?.token).toBe('another');
    expect(wallet?.vouchers).toHaveLength(1);
    expect(wallet?.event?.name).toBe('Harbour Night');
  });

  it('tell what changed, and take in their event’s page', () => {
    const mine = wallets();
    mine.begin(sessionWith());
    let told = 0;
    const off = mine.onChange(() => told++);
    mine.know(pageWith({ name: 'Harbour Nights' }));
    mine.know(pageWith({ id: 'another event' }));
    expect(mine.get('g1')?.event?.name).toBe('Harbour Nights');
    mine.putAll('g1', [], NONE);
    expect(told).toBe(2);
    off();
    mine.putAll('g1', [], NONE);
    expect(told).toBe(2);
  });
});

it('takes the hub’s time where the phone’s clock is wrong', () => {
  const time = new HubTime(() => now);
  const told = (ms: number): string => new Date(now + ms).toUTCString();
  time.learn(told(1_000));
  expect(time.now()).toBe(now);
  time.learn(told(3_600_000));
  expect(time.now()).toBe(now + 3_600_000);
  time.learn(null);
  expect(time.now()).toBe(now + 3_600_000);
  time.learn(told(0));
  expect(time.now()).toBe(now);
});
