import { beforeEach, expect, it, vi } from 'vitest';

import type { Scan } from '../../lib/check/check.ts';
import { Line } from './line.ts';

let ack: object;

vi.mock('../../lib/live/socket.ts', () => ({
  LiveSocket: class {
    state = 'open';
    call = (): Promise<object> => Promise.resolve(ack);
  },
}));
vi.mock('../../lib/live/client.ts', () => ({ EventWatch: class {} }));

const scan = { key: 'k', eventId: 'e', code: 'CODE', gateId: null, units: 1 } as Scan;
let told: [number, number][];
let line: Line;

beforeEach(() => {
  told = [];
  line = new Line({
    hub: '',
    token: 't',
    eventId: 'e',
    place: () => ({ gateId: null, isLocked: false }),
    onUpdate: () => undefined,
    onConnection: () => undefined,
    onTime: (sent, time) => told.push([sent, time]),
    onEnded: () => undefined,
  });
});

it('hears the time with each verdict', async () => {
  const before = performance.now();
  ack = { ok: true, verdict: 'yes', server_time: 1_783_000_000_000 };
  expect(await line.bySocket(scan)).toBe('yes');
  expect(told).toEqual([[expect.any(Number), 1_783_000_000_000]]);
  expect(told[0]?.[0]).toBeGreaterThanOrEqual(before);
});

it('takes no time from a hub that does not tell it', async () => {
  ack = { ok: true, verdict: 'yes' };
  expect(await line.bySocket(scan)).toBe('yes');
  expect(told).toEqual([]);
});
