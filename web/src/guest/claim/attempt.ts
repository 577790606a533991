/**
 * One tap on "call dibs": one idempotency key, sent until it is answered.
 *
 * asking → claimed | refused | failed, with any number of waits in between. An answer that was lost is asked for again
 * under the same key, and the hub tells what it decided the first time.
 */
import { ApiProblem, Unreachable } from '../../lib/api/problem.ts';
import type { ClaimReason, ClaimVerdict } from '../../lib/api/types.ts';

export type AttemptState =
  /** It was sent, and is not answered yet. `tries`: how often before. */
  | { readonly at: 'asking'; readonly tries: number }
  /** It will be sent again: nobody answered, or the hub asked to wait. */
  | { readonly at: 'waiting'; readonly tries: number; readonly why: 'unreachable' | 'busy' }
  | { readonly at: 'claimed'; readonly verdict: ClaimVerdict }
  | {
      readonly at: 'refused';
      readonly reason: ClaimReason;
      readonly remaining: number | null;
    }
  /** No verdict will come: the hub does not know the guest or the offer. */
  | { readonly at: 'failed'; readonly error: unknown };

export type Outcome = Extract<AttemptState, { at: 'claimed' | 'refused' | 'failed' }>;

export interface AttemptOptions {
  /** Sends the claim once. */
  readonly send: () => Promise<ClaimVerdict>;
  readonly onState: (state: AttemptState) => void;
  /** Milliseconds. */
  readonly wait?: (ms: number) => Promise<void>;
  readonly random?: () => number;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Sends until there is an answer, and returns it. */
export async function attempt({
  send,
  onState,
  wait = untilLater,
  random = Math.random,
}: AttemptOptions): Promise<Outcome> {
  for (let tries = 0; ; tries++) {
    onState({ at: 'asking', tries });
    try {
      const outcome = outcomeOf(await send());
      onState(outcome);
      return outcome;
    } catch (error) {
      if (!isPassing(error)) {
        const outcome: Outcome = { at: 'failed', error };
        onState(outcome);
        return outcome;
      }
      onState({ at: 'waiting', tries, why: error instanceof ApiProblem ? 'busy' : 'unreachable' });
      await wait(pause(error, tries, random));
    }
  }
}

/** Milliseconds until the next try: growing, spread so that a whole hall does not ask at once, never before the hub wants. */
export function pause(error: unknown, tries: number, random: () => number): number {
  const grown = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries) * (0.5 + random());
  const asked = error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1000 : 0;
  return asked === 0 ? grown : asked + random() * FIRST_WAIT * 2;
}

/** Whether the same question may get an answer later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiProblem) return error.status === 429 || error.status >= 500;
  return error instanceof Unreachable;
}

function outcomeOf(verdict: ClaimVerdict): Outcome {
  if (verdict.verdict === 'claimed' && verdict.voucher !== null) return { at: 'claimed', verdict };
  return {
    at: 'refused',
    reason: verdict.reason ?? 'sold_out',
    remaining: verdict.remaining,
  };
}

/** Waits, but no longer than until the network is back. */
function untilLater(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
  });
}
