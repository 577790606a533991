/** A door that asks the hub: every scan is stored, sent, and sent again with the same key until it is answered. */
import { ApiProblem } from '../api/problem.ts';
import type { RedeemVerdict, ReversalVerdict } from '../api/types.ts';
import type { Answer, Check, Listener, Scan, UndoAnswer } from './check.ts';
import type { Outbox, Pending, PendingScan, PendingUndo } from './outbox.ts';

export interface Ways {
  /** How to send a scan, the quickest way first. Each throws where it brings no answer. */
  readonly redeem: readonly ((scan: Scan) => Promise<RedeemVerdict>)[];
  readonly reverse: (undo: PendingUndo) => Promise<ReversalVerdict>;
}

export interface OnlineOptions {
  readonly eventId: string;
  readonly outbox: Outbox;
  readonly ways: Ways;
  readonly listener: Listener;
  /** Milliseconds. */
  readonly times?: Partial<Times>;
}

interface Times {
  /** After this long without an answer the door is told that it waits. */
  readonly patience: number;
  /** Between two tries, at first and at most; each wait is spread by ± 50 %, so that not all doors ask at once. */
  readonly retryFrom: number;
  readonly retryUpTo: number;
}

const TIMES: Times = { patience: 800, retryFrom: 700, retryUpTo: 8_000 };

export class OnlineCheck implements Check {
  readonly #options: OnlineOptions;
  readonly #times: Times;
  readonly #underWay = new Set<string>();
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryAt = Infinity;
  #closed = false;

  constructor(options: OnlineOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
  }

  async check(scan: Scan): Promise<void> {
    const item: PendingScan = { kind: 'scan', key: scan.key, eventId: scan.eventId, scan };
    await this.#options.outbox.put(item);
    void this.#deliver(item);
  }

  async undo(scan: Pick<Scan, 'key' | 'eventId'>, redemptionId: string): Promise<void> {
    // One intent, one key, whoever asks how often.
    const key = `undo-${scan.key}`.slice(0, 64);
    const item: PendingUndo = {
      kind: 'undo',
      key,
      eventId: scan.eventId,
      scanKey: scan.key,
      redemptionId,
    };
    await this.#options.outbox.put(item);
    void this.#deliver(item);
  }

  nudge(): void {
    this.#tries = 0;
    void this.#flush();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  /** Sends what waits, the oldest first; stops where nobody answers. */
  async #flush(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retryAt = Infinity;
    for (const item of await this.#options.outbox.pending()) {
      if (this.#closed) return;
      if (item.eventId !== this.#options.eventId || this.#underWay.has(item.key)) continue;
      if (!(await this.#deliver(item))) return;
    }
  }

  /** Asks once. False: no answer; it is asked again later. */
  async #deliver(item: Pending): Promise<boolean> {
    if (this.#closed || this.#underWay.has(item.key)) return true;
    this.#underWay.add(item.key);
    const waits = setTimeout(() => this.#tell(item, { kind: 'waiting' }), this.#times.patience);
    try {
      const answer = await this.#ask(item);
      if (answer.kind === 'ended') return false;
      // First the guest, then the storage: a crash in between only asks again, with the same key.
      this.#tell(item, answer.answer);
      await (item.kind === 'scan'
        ? this.#options.outbox.scanAnswered(item, answer.answer as Answer)
        : this.#options.outbox.undoAnswered(item, answer.answer as UndoAnswer));
      this.#tries = 0;
      return true;
    } catch (error) {
      this.#tell(item, { kind: 'waiting' });
      this.#again(error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1_000 : 0);
      return false;
    } finally {
      clearTimeout(waits);
      this.#underWay.delete(item.key);
    }
  }

  async #ask(
    item: Pending,
  ): Promise<{ kind: 'answered'; answer: Answer | UndoAnswer } | { kind: 'ended' }> {
    const ways =
      item.kind === 'undo'
        ? [async () => undone(await this.#options.ways.reverse(item))]
        : this.#options.ways.redeem.map((way) => async () => judgedBy(await way(item.scan)));
    let failure: unknown = new Error('there is no way to ask');
    for (const way of ways) {
      try {
        return { kind: 'answered', answer: await way() };
      } catch (error) {
        failure = error;
        if (!(error instanceof ApiProblem)) continue;
        if (error.status === 401) {
          this.close();
          this.#options.listener.ended();
          return { kind: 'ended' };
        }
        if (isFinal(error))
          return { kind: 'answered', answer: { kind: 'problem', detail: error.detail } };
      }
    }
    throw failure;
  }

  #again(least: number): void {
    const { retryFrom, retryUpTo } = this.#times;
    const wait = Math.max(
      least,
      Math.min(retryUpTo, retryFrom * 2 ** this.#tries++) * (0.5 + Math.random()),
    );
    const at = Date.now() + wait;
    if (this.#closed || at >= this.#retryAt) return;
    this.#retryAt = at;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#flush(), wait);
  }

  #tell(item: Pending, answer: Answer | UndoAnswer): void {
    if (this.#closed) return;
    const { listener } = this.#options;
    if (item.kind === 'scan') listener.answered(item.key, answer as Answer);
    else listener.undone(item.scanKey, answer as UndoAnswer);
  }
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
