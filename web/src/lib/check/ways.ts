/** The ways from a door to the hub, and what to make of an answer that came by one. */
import { ApiProblem } from '../api/problem.ts';
import type { RedeemVerdict, ReversalVerdict } from '../api/types.ts';
import type { Answer, Scan, UndoAnswer } from './check.ts';
import type { PendingUndo } from './outbox.ts';

export interface Ways {
  /** How to send a scan, the quickest way first. Each throws where it brings no answer. */
  readonly redeem: readonly ((scan: Scan) => Promise<RedeemVerdict>)[];
  readonly reverse: (undo: PendingUndo) => Promise<ReversalVerdict>;
}

/** Sends a scan one way after the other until there is an answer. Throws what the last way threw. */
export async function sent(ways: Ways, scan: Scan): Promise<RedeemVerdict> {
  let failure: unknown = new Error('there is no way to ask');
  for (const way of ways.redeem) {
    try {
      return await way(scan);
    } catch (error) {
      failure = error;
      if (error instanceof ApiProblem && (error.status === 401 || isFinal(error))) break;
    }
  }
  throw failure;
}

export function judgedBy(verdict: RedeemVerdict): Answer {
  return { kind: 'verdict', verdict, provisional: false };
}

export function undone({ verdict, reason }: ReversalVerdict): UndoAnswer {
  // It is taken back already: that is what was wanted.
  if (verdict === 'reversed' || reason === null || reason === 'already_reversed')
    return { kind: 'undone' };
  return { kind: 'kept', reason };
}

/** Whether asking again would bring the same problem. */
export function isFinal({ status }: ApiProblem): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}
