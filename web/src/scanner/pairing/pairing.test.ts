import 'fake-indexeddb/auto';

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Outbox } from '../../lib/check/outbox.ts';
import { PairingDesk, isPairingAddress, pairingCodeIn } from './pairing.ts';

it.each([
  ['https://party.example/door/#7KQ4MX2P', '7KQ4MX2P'],
  ['HTTPS://PARTY.EXAMPLE/DOOR/#7kq4mx2p', '7KQ4MX2P'],
  ['http://localhost:8080/door#7KQ4MX2P', '7KQ4MX2P'],
  [' 7kq4-mx2o ', '7KQ4MX20'],
  ['https://party.example/v/7KQ4MX2P', null],
  ['7KQ4MX2P9T', null],
  ['', null],
])('reads %j', (scanned, code) => {
  expect(pairingCodeIn(scanned)).toBe(code);
});

it('tells an address that pairs from a guest’s code of the same length', () => {
  expect(isPairingAddress('https://party.example/door/#7KQ4MX2P')).toBe(true);
  expect(isPairingAddress('7KQ4MX2P')).toBe(false);
});

describe('pairing', () => {
  const asked: { pairing_code: string; pairing_nonce: string }[] = [];
  const PAIRED = {
    device_token: 'token',
    device: { id: 'd1', label: 'Phone 1', gate_id: null, gate_locked: false, can_search: false },
    event: { id: 'e1', name: 'Midsummer', timezone: 'Europe/Vilnius' },
    gate: null,
  };
  let answers: (() => Response)[];
  let outbox: Outbox;
  let name = 0;

  beforeEach(async () => {
    asked.length = 0;
    outbox = await Outbox.open(`pairing-${++name}`);
    vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
      asked.push((await new Request(input, init).json()) as (typeof asked)[number]);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError('no network');
      return answer();
    });
  });

  const desk = (): PairingDesk => new PairingDesk(outbox, { base: 'http://hub.test' });

  it('keeps what the phone is', async () => {
    answers = [() => Response.json(PAIRED)];
    expect((await desk().pair('7KQ4MX2P')).token).toBe('token');
    expect((await desk().kept())?.event.name).toBe('Midsummer');
    await desk().forget('another token'); // of a shift before that ends only now
    expect((await desk().kept())?.token).toBe('token');
    await desk().forget('token');
    expect(await desk().kept()).toBe(null);
  });

  it('asks again for a lost answer with the same nonce, in a reload too', async () => {
    answers = [];
    await expect(desk().pair('7KQ4MX2P')).rejects.toThrow();
    answers = [() => Response.json(PAIRED)];
    await desk().pair('7KQ4MX2P');
    expect(asked.length).toBeGreaterThan(2);
    expect(new Set(asked.map(({ pairing_nonce }) => pairing_nonce)).size).toBe(1);
    expect(asked[0]?.pairing_nonce).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
  });

  it('takes another nonce for another code', async () => {
    answers = [
      () => Response.json({ status: 404, title: 'x' }, { status: 404 }),
      () => Response.json(PAIRED),
    ];
    await expect(desk().pair('AAAAAAAA')).rejects.toThrow();
    await desk().pair('BBBBBBBB');
    expect(new Set(asked.map(({ pairing_nonce }) => pairing_nonce)).size).toBe(2);
  });
});
