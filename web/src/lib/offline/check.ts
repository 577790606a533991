/**
 * A door that can judge alone: it asks the hub, and where no answer comes in time it judges by its book, says that this is
 * provisional, and brings it in later. The hub's own answer replaces it whenever it comes.
 */
import { ApiProblem } from '../api/problem.ts';
import type { LocalJudgement, RedeemVerdict } from '../api/types.ts';
import type { Answer, Check, Scan, UndoAnswer } from '../check/check.ts';
import { isFinal, judgedBy, sent, undone } from '../check/ways.ts';
import type { PendingScan, PendingUndo } from '../check/outbox.ts';
import { complete, type OfflineOptions } from './options.ts';
import type { Outcome } from './uploads.ts';

export class OfflineCheck implements Check {
  readonly #options: Required<OfflineOptions>;
  /** Keys that are being asked right now. */
  readonly #underWay = new Set<string>();
  #cancelRetry: (() => void) | null = null;
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(options: OfflineOptions) {
    this.#options = complete(options);
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
    this.#flushing ??= this.#tried(this.#flush()).finally(() => (this.#flushing = null));
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    const { outbox, uploads, eventId, pending } = this.#options;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    for (const item of pending.untold)
      if (item.alone !== undefined && !(await this.#told(item, item.alone).catch(() => false)))
        this.#again();
    const outcome = await uploads.run().catch((): Outcome => 'later');
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
    const asked = this.#tried(this.#asked(item, own), item.key);
    await asked.finally(() => this.#underWay.delete(item.key));
  }

  async #asked(item: PendingScan, own: RedeemVerdict | undefined): Promise<void> {
    const { after, patience, ways } = this.#options;
    let alone: Promise<void> | null = null;
    const judgeAlone = (): Promise<void> =>
      (alone ??= this.#tried(this.#judgeAlone(item, own), item.key));
    const cancel = after(patience, () => void judgeAlone());
    let verdict;
    try {
      verdict = await sent(ways, item.scan);
    } catch (error) {
      cancel();
      if (alone !== null) await alone; // a guest who is being let in must not be forgotten
      if (error instanceof ApiProblem && error.status === 401) return this.#end();
      if (error instanceof ApiProblem && isFinal(error)) return this.#setAside(item.key, error);
      await judgeAlone();
      return this.#again(error);
    }
    cancel();
    if (alone !== null) await alone; // what is being stored of it is stored first
    await this.#answered(item.key, verdict);
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
    const answer = judgedBy(verdict);
    // First the guest, then the storage: a crash in between only asks again, with the same key.
    const isSeen = this.#tell(key, answer);
    await this.#options.alone.learn(item.ordinal ?? null, verdict);
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

  /**
   * What was brought in is answered.
   *
   * @throws where the storage fails: what it could not take is brought in once more.
   */
  async broughtIn(answers: readonly (readonly [PendingScan, RedeemVerdict])[]): Promise<void> {
    const settled: (readonly [PendingScan, Answer])[] = [];
    const failures: unknown[] = [];
    for (const [item, verdict] of answers) {
      const answer = judgedBy(verdict);
      this.#tell(item.key, answer);
      try {
        await this.#options.alone.learn(item.ordinal ?? null, verdict);
        settled.push([item, answer]);
      } catch (error) {
        failures.push(error);
      }
    }
    await this.#options.outbox.scansAnswered(settled);
    for (const [item] of settled) this.#options.pending.delete(item.key);
    if (failures.length > 0) throw new AggregateError(failures);
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
    await this.#tried(this.#options.outbox.change(after));
    this.#options.pending.set(after);
    this.#tell(item.key, { kind: 'problem', detail: problem.detail });
  }

  async #takeBack(item: PendingUndo): Promise<void> {
    if (this.#closed || this.#underWay.has(item.key)) return;
    this.#underWay.add(item.key);
    const reversed = this.#tried(this.#reversed(item));
    await reversed.finally(() => this.#underWay.delete(item.key));
  }

  async #reversed(item: PendingUndo): Promise<void> {
    const { listener, pending, ways } = this.#options;
    let answer: UndoAnswer;
    try {
      answer = undone(await ways.reverse(item));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return this.#end();
      if (!(error instanceof ApiProblem && isFinal(error))) {
        pending.overdue(item.key);
        listener.undone(item.scanKey, { kind: 'waiting' });
        return this.#again(error);
      }
      answer = { kind: 'problem', detail: error.detail };
    }
    await this.#undone(item, answer);
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

  /** Where the storage fails, later is another try, too, and nothing else stops; the guest of that key hears that it waits. */
  async #tried(work: Promise<void>, key?: string): Promise<void> {
    try {
      await work;
    } catch {
      if (key !== undefined) {
        this.#options.pending.overdue(key);
        this.#tell(key, { kind: 'waiting' });
      }
      this.#again();
    }
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
