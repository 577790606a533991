import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiProblem } from '../api/problem.ts';
import type { RedeemRequest } from '../api/types.ts';
import type { BatchResult } from './network.ts';
import {
  accepted,
  begin,
  door,
  emptied,
  finals,
  LET_IN,
  lost,
  scan,
  settled,
  setUp,
  stored,
  tearDown,
} from './testing/asked.ts';
import { until } from '../testing/until.ts';

beforeEach(setUp);
afterEach(tearDown);

describe('a storage that fails', () => {
  const full = new Error('the storage is full');
  const own = accepted(scan('book'));
  const bringsIn = (items: readonly RedeemRequest[]): Promise<readonly BatchResult[]> =>
    Promise.resolve(items.map((of) => accepted(scan(of.idempotency_key))));

  it('shows nobody a judgement that it did not take, and is tried again', async () => {
    door.redeem = lost;
    door.alone = { reason: null, ordinal: 3, verdict: own };
    vi.spyOn(door.outbox, 'change').mockRejectedValueOnce(full);
    await door.check.check(scan('a'));
    await settled('a');
    expect(door.heard[0]).toEqual(['a', { kind: 'waiting' }]);
    await until(async () => expect(await door.outbox.pending()).toMatchObject([{ told: true }]));
  });

  it('does not let the door contradict what the hub has answered', async () => {
    door.alone = { reason: null, ordinal: 3, verdict: own };
    vi.spyOn(door.outbox, 'scanAnswered').mockRejectedValueOnce(full);
    await door.check.check(scan('a'));
    await emptied();
    expect(finals('a')).toMatchObject([{ provisional: false }, { provisional: false }]);
  });

  it('stops neither what comes after, nor the next try', async () => {
    for (const key of ['a', 'b'])
      await door.outbox.put({ ...stored(key), alone: own, local: LET_IN });
    await door.outbox.put(stored('c'));
    vi.spyOn(door.outbox, 'change').mockRejectedValueOnce(full);
    door.batch = bringsIn;
    await begin();
    await door.check.flush();
    expect([finals('a').length, finals('b').length, finals('c').length]).toEqual([2, 2, 1]);
    await emptied();
  });

  it('keeps what the book could not learn for the next time, and only that', async () => {
    for (const key of ['a', 'b'])
      await door.outbox.put({ ...stored(key), local: LET_IN, told: true });
    let hasFailed = false;
    door.learn = ({ redemption_id }) => {
      if (hasFailed || redemption_id !== 'r-a') return Promise.resolve();
      hasFailed = true;
      return Promise.reject(full);
    };
    door.batch = bringsIn;
    await begin();
    await door.check.flush();
    expect(door.pending.judged.map(({ key }) => key)).toEqual(['a']);
    await emptied();
  });

  it.each([undefined, LET_IN])('lets no guest go whom the book has not noted', async (local) => {
    await door.outbox.put({ ...stored('a'), ...(local && { local, told: true }) });
    door.noted = () => Promise.reject(full);
    door.batch = bringsIn;
    await begin();
    await door.check.flush();
    expect(finals('a')).toHaveLength(1);
    expect(await door.outbox.pending()).toHaveLength(1);
    door.noted = () => Promise.resolve();
    await emptied();
  });

  it('counts once what is brought in twice', async () => {
    await door.outbox.put({ ...stored('a'), local: LET_IN, told: true });
    const learnt: number[] = [];
    door.learn = (_, letIn) => Promise.resolve(void learnt.push(letIn));
    vi.spyOn(door.outbox, 'scansAnswered').mockRejectedValueOnce(full);
    door.batch = bringsIn;
    await begin();
    await door.check.flush();
    await emptied();
    expect(learnt).toEqual([1, 0]);
  });

  it('keeps no other from being brought in where one is set aside', async () => {
    for (const key of ['a', 'b'])
      await door.outbox.put({ ...stored(key), local: LET_IN, told: true });
    vi.spyOn(door.outbox, 'change').mockRejectedValueOnce(full);
    door.batch = (items) =>
      Promise.resolve(
        items.map((of) =>
          of.idempotency_key === 'a'
            ? { problem: { status: 422, detail: 'No.' } }
            : accepted(scan(of.idempotency_key)),
        ),
      );
    await begin();
    await door.check.flush();
    expect([door.pending.waiting, door.pending.aside.map(({ key }) => key)]).toEqual([0, ['a']]);
  });

  it('is asked again to forget what was taken back', async () => {
    door.reverse = () => Promise.reject(new ApiProblem(404, { detail: 'Unknown.' }));
    vi.spyOn(door.outbox, 'undoAnswered').mockRejectedValueOnce(full);
    await door.check.undo(scan('a'), 'r-a');
    await emptied();
    expect(finals('a')).toHaveLength(2);
  });
});
