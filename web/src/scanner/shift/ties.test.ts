import { beforeEach, expect, it, vi } from 'vitest';

import type { Outbox } from '../../lib/check/outbox.ts';
import type { Kept } from '../pairing/kept.ts';
import { until } from '../../lib/testing/until.ts';
import { Ties } from './ties.ts';

/** Opens what the phone needs to judge alone, or fails to. */
let open: () => Promise<object>;
/** The lines that were dialled; those that were closed since. */
let dialled: number;
let closed: number;

vi.mock('./alone.ts', () => ({ AloneDoor: { open: () => open() } }));
vi.mock('./line.ts', () => ({
  Line: class {
    constructor() {
      dialled += 1;
    }
    onBurn = (): void => undefined;
    search = (name: string): Promise<unknown> => Promise.resolve([{ guest_name: name }]);
    move = (gateId: string | null): Promise<unknown> => Promise.resolve({ gate_id: gateId });
    close = (): void => void (closed += 1);
  },
}));

const ALONE = {
  hear: () => undefined,
  live: () => undefined,
  close: () => Promise.resolve(),
  door: { check: { nudge: () => undefined } },
};

let ties: Ties;

beforeEach(() => {
  dialled = closed = 0;
  open = () => Promise.resolve(ALONE);
});

function begin(): void {
  ties = new Ties({
    kept: { token: 't', event: { id: 'e' } } as Kept,
    outbox: {} as Outbox,
    hub: '',
    staff: () => null,
    patience: () => 800,
    place: () => ({ gateId: null, isLocked: false }),
    listener: { answered: () => true, undone: () => undefined, ended: () => undefined },
    onUpdate: () => undefined,
    onConnection: () => undefined,
    onCondition: () => undefined,
    onEnded: () => undefined,
  });
}

it('keeps what is asked of the hub until the line is there', async () => {
  let opened: (alone: object) => void = () => undefined;
  open = () => new Promise((resolve) => (opened = resolve));
  begin();
  const found = ties.search('Ada');
  const connecting = ties.connect();
  const moved = ties.move('gate');
  await until(() => expect(dialled).toBe(1));
  opened(ALONE);
  expect(await found).toEqual([{ guest_name: 'Ada' }]);
  expect(await moved).toEqual({ gate_id: 'gate' });
  await connecting;
  ties.close();
  expect(closed).toBe(1);
});

it('asks nothing of the hub once it is closed: another window may have the door', async () => {
  let opened: (alone: object) => void = () => undefined;
  open = () => new Promise((resolve) => (opened = resolve));
  begin();
  const asked = Promise.allSettled([ties.search('Ada'), ties.move('gate')]);
  const connecting = ties.connect();
  await until(() => expect(dialled).toBe(1));
  ties.close();
  opened(ALONE);
  await connecting;
  expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

it('fails what is asked of the hub where the browser keeps nothing, and leaves no line behind', async () => {
  open = () => Promise.reject(new Error('no storage'));
  begin();
  await new Promise((later) => setTimeout(later)); // it fails before anybody connects, and nobody misses it
  const asked = await Promise.allSettled([ties.search('Ada'), ties.connect(), ties.move(null)]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await until(() => expect([dialled, closed]).toEqual([1, 1]));
});
