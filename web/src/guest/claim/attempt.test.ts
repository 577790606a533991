import { expect, it, vi } from 'vitest';

import { ApiProblem, Unreachable } from '../../lib/api/problem.ts';
import type { ClaimVerdict } from '../../lib/api/types.ts';
import { voucherWith } from '../testing/made.ts';
import { attempt, pause, type AttemptState } from './attempt.ts';

const CLAIMED: ClaimVerdict = {
  verdict: 'claimed',
  reason: null,
  replayed: false,
  voucher: voucherWith(),
  remaining: 6,
};
const SOLD_OUT: ClaimVerdict = {
  verdict: 'refused',
  reason: 'sold_out',
  replayed: false,
  voucher: null,
  remaining: 0,
};

/** Runs an attempt that is answered like this, in order; errors are thrown. */
async function run(answers: readonly (ClaimVerdict | Error)[]): Promise<{
  states: AttemptState[];
  waits: number[];
  sent: number;
}> {
  const states: AttemptState[] = [];
  const waits: number[] = [];
  let sent = 0;
  await attempt({
    send: async () => {
      const answer = answers[sent++];
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('once more');
      return answer;
    },
    onState: (state) => states.push(state),
    wait: async (ms) => void waits.push(ms),
    random: () => 0.5,
  });
  return { states, waits, sent };
}

it('ends with what the hub gives', async () => {
  const { states, sent } = await run([CLAIMED]);
  expect(states).toEqual([
    { at: 'asking', tries: 0 },
    { at: 'claimed', verdict: CLAIMED },
  ]);
  expect(sent).toBe(1);
});

it('ends with a refusal, which is an answer', async () => {
  const { states } = await run([SOLD_OUT]);
  expect(states.at(-1)).toEqual({ at: 'refused', reason: 'sold_out', remaining: 0 });
});

it('asks again until there is an answer, and waits longer each time', async () => {
  const lost = new Unreachable('lost');
  const { states, waits, sent } = await run([lost, lost, lost, CLAIMED]);
  expect(sent).toBe(4);
  expect(waits).toEqual([500, 1_000, 2_000]);
  expect(states.map(({ at }) => at)).toEqual([
    'asking',
    'waiting',
    'asking',
    'waiting',
    'asking',
    'waiting',
    'asking',
    'claimed',
  ]);
});

it('tells a busy hub from a network that is away', async () => {
  const { states } = await run([new ApiProblem(503, {}, 2), new Unreachable('x'), CLAIMED]);
  expect(states.filter(({ at }) => at === 'waiting')).toEqual([
    { at: 'waiting', tries: 0, why: 'busy' },
    { at: 'waiting', tries: 1, why: 'unreachable' },
  ]);
});

it.each([401, 404, 422])('gives up on %i, which no repetition helps', async (status) => {
  const problem = new ApiProblem(status, {});
  const { states, sent } = await run([problem, CLAIMED]);
  expect(states.at(-1)).toEqual({ at: 'failed', error: problem });
  expect(sent).toBe(1);
});

it('never asks before the hub wants, nor all phones at once', () => {
  const busy = new ApiProblem(429, {}, 3);
  expect(pause(busy, 0, () => 0)).toBe(3_000);
  expect(pause(busy, 0, () => 1)).toBeGreaterThan(3_000);
  expect(pause(new Unreachable('x'), 0, () => 0)).not.toBe(pause(new Unreachable('x'), 0, () => 1));
  expect(pause(new Unreachable('x'), 40, () => 1)).toBeLessThanOrEqual(15_000);
});

it('does not wait longer than until the network is back', async () => {
  vi.stubGlobal('window', new EventTarget());
  const answers = [new Unreachable('x'), CLAIMED];
  const outcome = attempt({
    send: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer as ClaimVerdict;
    },
    onState: ({ at }) => {
      if (at === 'waiting') setTimeout(() => window.dispatchEvent(new Event('online')));
    },
    random: () => 100, // longer than any test
  });
  expect((await outcome).at).toBe('claimed');
  vi.unstubAllGlobals();
});
