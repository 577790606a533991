/**
 * A door that can judge alone: it asks the hub, and where no answer comes in time it judges by its book, says that this is
 * provisional, and brings it in later. The hub's own answer replaces it whenever it comes.
 */
import { ApiProblem } from '../api/problem.ts';
import type { LocalJudgement, RedeemVerdict } from '../api/types.ts';
import type { Answer, Check, Listener, Scan, UndoAnswer } from '../check/check.ts';
import { isFinal, judgedBy, sent, type Ways, undone } from '../check/ways.ts';
import type { PendingScan, PendingUndo, Store } from '../check/outbox.ts';
import type { Alone } from './alone.ts';
import type { DoorClock } from './clock.ts';
import type { PendingScans } from './pending.ts';
import type { Uploads } from './uploads.ts';

export interface OfflineOptions {
  readonly eventId: string;
  readonly outbox: Store;
  readonly ways: Ways;
  readonly alone: Alone;
  readonly uploads: Uploads;
  readonly clock: DoorClock;
  readonly pending: PendingScans;
  readonly listener: Listener;
  /** The name that somebody at this door typed; null: nobody did. */
  readonly staff?: () => string | null;
  /** Milliseconds without an answer after which the door judges alone. */
  readonly patience?: number;
  /** Milliseconds between two tries to reach the hub. */
  readonly retry?: number;
  /** Calls back after so many milliseconds; returns what calls it off. */
  readonly after?: (milliseconds: number, callback: () => void) => () => void;
}

export const PATIENCE = 800;
const RETRY = 3_000;

export class OfflineCheck implements Check {
  readonly #options: Required<OfflineOptions>;
  /** Keys that are being asked right now. */
  readonly #underWay = new Set<string>();
  #cancelRetry: (() => void) | null = null;
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(options: OfflineOptions) {
    this.#options = { staff: () => null, patience: PATIENCE, retry: RETRY, after, ...options };
  }

  async check(scan: Scan): Promise<void> {
    const { outbox, pending, clock } = this.#options;
    const timed = { ...scan, scannedAt: new Date(clock.now()).toISOString() };
    const judged = await this.#options.alone.judge(timed);
    const item: PendingScan = {
      kind: 'scan',
      key: scan.key,
      eventId: scan.eventId,
      scan: timed,
      ...(judged === null ? {} : { alone: nameless(judged.verdict) }),
      ...(judged?.ordinal == null ? {} : { ordinal: judged.ordinal }),
    };
    await outbox.put(item);
    pending.begin(item);
    void this.#ask(item, judged?.verdict);
  }

  async undo(scan: Pick<Scan, 'key' | 'eventId'>, redemptionId: string): Promise<void> {
    const item: PendingUndo = {
      kind: 'undo',
      key: `undo-${scan.key}`.slice(0, 64), // one intent, one key, whoever asks how often
      eventId: scan.eventId,
      scanKey: scan.key,
      redemptionId,
    };
    await this.#options.outbox.put(item);
    this.#options.pending.begin(item);
    void this.#takeBack(item);
  }

  async dismiss(key: string): Promise<void> {
    const item = this.#options.pending.aside.find((known) => known.key === key);
    if (item?.aside !== undefined) await this.settle(item, { kind: 'problem', detail: item.aside });
  }

  nudge(): void {
    void this.flush();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
  }

  /** Asks for everything that has no answer yet, and brings in what was judged alone. Resolves when that was tried. */
  async flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = null));
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    const { outbox, uploads, eventId, pending } = this.#options;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    for (const item of pending.untold)
      if (item.alone !== undefined && !(await this.#told(item, item.alone))) this.#again();
    const outcome = await uploads.run();
    if (outcome === 'ended') return this.#end();
    for (const { key } of pending.unjudged) {
      // As it is by now: while the ones before it were asked, it may have been judged, shown and answered.
      const item = pending.get(key);
      if (item !== undefined && item.local === undefined && item.aside === undefined)
        await this.#ask(item);
    }
    for (const item of await outbox.pending())
      if (item.kind === 'undo' && item.eventId === eventId && !this.#closed)
        await this.#takeBack(item);
    if (outcome !== 'all' || pending.judged.length > 0) this.#again();
  }

  /** Asks the hub; after `patience` without an answer, or at once where it cannot be reached, the door judges alone. */
  async #ask(item: PendingScan, own = item.alone): Promise<void> {
    if (this.#closed || this.#underWay.has(item.key)) return;
    this.#underWay.add(item.key);
    let alone: Promise<void> | null = null;
    const judgeAlone = (): Promise<void> => (alone ??= this.#judgeAlone(item, own));
    const cancel = this.#options.after(this.#options.patience, () => void judgeAlone());
    try {
      const verdict = await sent(this.#options.ways, item.scan);
      cancel();
      if (alone !== null) await alone; // what is being stored of it is stored first
      await this.#answered(item.key, verdict);
    } catch (error) {
      cancel();
      if (alone !== null) await alone; // a guest who is being let in must not be forgotten
      if (error instanceof ApiProblem && error.status === 401) return this.#end();
      if (error instanceof ApiProblem && isFinal(error)) return this.#setAside(item.key, error);
      await judgeAlone();
      this.#again(error);
    } finally {
      this.#underWay.delete(item.key);
    }
  }

  /** `own`: what the door says for itself; undefined: it has no book. */
  async #judgeAlone(item: PendingScan, own: RedeemVerdict | undefined): Promise<void> {
    const { outbox, pending } = this.#options;
    const known = pending.get(item.key);
    if (this.#closed || known === undefined || known.local !== undefined) return;
    if (own === undefined) {
      pending.overdue(item.key);
      this.#tell(item.key, { kind: 'waiting' });
      return;
    }
    const after: PendingScan = { ...item, local: this.#judgement(own) };
    // Kept before anybody is shown it.
    await outbox.change(after);
    if (await this.#told(after, own)) return;
    // The door was busy with another guest: it has acted on nothing, and is told again.
    pending.overdue(item.key);
    await outbox.change(item);
  }

  /** Shows what the door says itself. False: nobody could see it. */
  async #told(item: PendingScan, own: RedeemVerdict): Promise<boolean> {
    if (!this.#tell(item.key, { kind: 'verdict', verdict: own, provisional: true })) return false;
    const after: PendingScan = { ...item, told: true };
    this.#options.pending.set(after);
    await this.#options.outbox.change(after);
    return true;
  }

  #judgement({ reason }: RedeemVerdict): LocalJudgement {
    const { clock, staff } = this.#options;
    return {
      verdict: reason === null ? 'accepted' : 'refused',
      reason,
      device_time: new Date(clock.deviceTime()).toISOString(),
      clock_offset_ms: clock.offset,
      clock_suspect: clock.suspect,
      staff: staff(),
    };
  }

  /** The hub answered a scan that was asked, perhaps long after the door judged it alone. */
  async #answered(key: string, verdict: RedeemVerdict): Promise<void> {
    const item = this.#options.pending.get(key);
    if (item === undefined || this.#closed) return;
    await this.#options.alone.learn(item.ordinal ?? null, verdict);
    const answer = judgedBy(verdict);
    // First the guest, then the storage: a crash in between only asks again, with the same key.
    const isSeen = this.#tell(key, answer);
    // The guest was let in and the hub would not have, or was turned away and nobody sees now that it was wrong: it is
    // brought in all the same, and a person looks at it.
    const wasLetIn = item.local?.verdict === 'accepted' && verdict.verdict === 'refused';
    const wasTurnedAway = item.local?.verdict === 'refused' && verdict.verdict === 'accepted';
    if (wasLetIn || (wasTurnedAway && !isSeen)) return this.#again();
    // Nobody has told the guest anything yet: it is asked and told again, until somebody could see it.
    if (item.local === undefined && !isSeen) {
      this.#options.pending.overdue(key);
      return this.#again();
    }
    await this.settle(item, answer);
  }

  /** The hub answered for good: it waits no more. */
  async settle(item: PendingScan, answer: Answer): Promise<void> {
    await this.#options.outbox.scanAnswered(item, answer);
    this.#options.pending.delete(item.key);
  }

  /** What was brought in is answered. */
  async broughtIn(answers: readonly (readonly [PendingScan, RedeemVerdict])[]): Promise<void> {
    for (const [item, verdict] of answers) {
      await this.#options.alone.learn(item.ordinal ?? null, verdict);
      this.#tell(item.key, judgedBy(verdict));
    }
    const settled = answers.map(([item, verdict]) => [item, judgedBy(verdict)] as const);
    await this.#options.outbox.scansAnswered(settled);
    for (const [item] of answers) this.#options.pending.delete(item.key);
  }

  async #setAside(key: string, problem: ApiProblem): Promise<void> {
    const item = this.#options.pending.get(key);
    if (item === undefined || this.#closed) return;
    if (item.local?.verdict === 'accepted') await this.setAside(item, problem);
    else await this.settle(item, { kind: 'problem', detail: problem.detail });
    this.#tell(key, { kind: 'problem', detail: problem.detail });
  }

  /** It stays on the device and is shown; nothing waits for it. */
  async setAside(item: PendingScan, problem: ApiProblem): Promise<void> {
    const after: PendingScan = { ...item, aside: problem.detail ?? problem.message };
    await this.#options.outbox.change(after);
    this.#options.pending.set(after);
    this.#tell(item.key, { kind: 'problem', detail: problem.detail });
  }

  async #takeBack(item: PendingUndo): Promise<void> {
    if (this.#closed || this.#underWay.has(item.key)) return;
    this.#underWay.add(item.key);
    const { listener, ways } = this.#options;
    try {
      const answer = undone(await ways.reverse(item));
      await this.#undone(item, answer);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return this.#end();
      if (error instanceof ApiProblem && isFinal(error)) {
        await this.#undone(item, { kind: 'problem', detail: error.detail });
      } else {
        this.#options.pending.overdue(item.key);
        listener.undone(item.scanKey, { kind: 'waiting' });
        this.#again(error);
      }
    } finally {
      this.#underWay.delete(item.key);
    }
  }

  async #undone(item: PendingUndo, answer: UndoAnswer): Promise<void> {
    const { outbox, listener, pending } = this.#options;
    listener.undone(item.scanKey, answer);
    await outbox.undoAnswered(item, answer);
    pending.delete(item.key);
  }

  #end(): void {
    this.close();
    this.#options.listener.ended();
  }

  /** Tries once more later. Each door waits a little differently: a hub that comes back is not asked by all at once. */
  #again(error?: unknown): void {
    if (this.#closed || this.#cancelRetry !== null) return;
    const asked = error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1_000 : 0;
    const wait = Math.max(asked, this.#options.retry * (0.5 + Math.random()));
    this.#cancelRetry = this.#options.after(wait, () => {
      this.#cancelRetry = null;
      void this.flush();
    });
  }

  #tell(key: string, answer: Answer): boolean {
    return !this.#closed && this.#options.listener.answered(key, answer);
  }
}

function nameless(verdict: RedeemVerdict): RedeemVerdict {
  return { ...verdict, voucher: verdict.voucher && { ...verdict.voucher, guest_name: null } };
}

function after(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}
