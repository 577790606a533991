/**
 * A door that can judge alone: it asks the hub, and where no answer comes in time it judges by its book, says that this is
 * provisional, and brings it in later. The hub's own answer replaces it whenever it comes.
 */
import { ApiProblem, Unreachable } from '../api/problem.ts';
import type { LocalJudgement, RedeemVerdict } from '../api/types.ts';
import type { Answer, Check, Scan } from '../check/check.ts';
import { isFinal, judgedBy, sent } from '../check/ways.ts';
import type { PendingScan } from '../check/outbox.ts';
import { complete, type OfflineOptions } from './options.ts';
import { letIn } from './pending.ts';
import { Tries } from './tries.ts';
import { Undoing } from './undo.ts';
import type { Outcome } from './uploads.ts';

export class OfflineCheck implements Check {
  readonly #options: Required<OfflineOptions>;
  readonly #tries: Tries;
  readonly #undoing: Undoing;
  #flushing: Promise<void> | null = null;
  /** Let in alone, in the book already, and not out of the outbox yet: brought in again, it counts once. */
  readonly #learnt = new Set<string>();

  constructor(options: OfflineOptions) {
    this.#options = complete(options);
    // What failed while others were still being asked is not tried by that flush once more: it waits for the next one.
    this.#tries = new Tries(this.#options, () =>
      this.#flushing === null ? void this.flush() : this.#tries.later(),
    );
    this.#undoing = new Undoing(this.#options, this.#tries, () => this.#end());
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
    await this.#undoing.begin(scan, redemptionId);
  }

  async dismiss(key: string): Promise<void> {
    const item = this.#options.pending.aside.find((known) => known.key === key);
    if (item?.aside !== undefined) await this.settle(item, { kind: 'problem', detail: item.aside });
  }

  nudge(): void {
    void this.flush();
  }

  close(): void {
    this.#tries.close();
  }

  /** Asks for everything that has no answer yet, and brings in what was judged alone. Resolves when that was tried. */
  async flush(): Promise<void> {
    this.#flushing ??= this.#tried(this.#flush()).finally(() => (this.#flushing = null));
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    const { uploads, pending } = this.#options;
    this.#tries.begin();
    for (const item of pending.untold)
      if (item.alone !== undefined && !(await this.#told(item, item.alone).catch(() => false)))
        this.#tries.later();
    const outcome = await uploads.run().catch((): Outcome => 'later');
    if (outcome === 'ended') return this.#end();
    for (const { key } of pending.unjudged) {
      // As it is by now: while the ones before it were asked, it may have been judged, shown and answered.
      const item = pending.get(key);
      if (item !== undefined && item.local === undefined && item.aside === undefined)
        await this.#ask(item);
    }
    await this.#undoing.flush();
    if (outcome !== 'all' || pending.judged.length > 0) this.#tries.later();
  }

  /** Asks the hub; after `patience` without an answer, or at once where it cannot be reached, the door judges alone. */
  async #ask(item: PendingScan, own = item.alone): Promise<void> {
    await this.#tries.once(item.key, () => this.#tried(this.#asked(item, own), item.key));
  }

  async #asked(item: PendingScan, own: RedeemVerdict | undefined): Promise<void> {
    const { after, patience, ways } = this.#options;
    let alone: Promise<void> | null = null;
    const judgeAlone = (): Promise<void> =>
      (alone ??= this.#tried(this.#judgeAlone(item, own), item.key));
    const cancel = after(patience(), () => void judgeAlone());
    let verdict;
    try {
      await this.#inOrder(item);
      verdict = await sent(ways, item.scan);
    } catch (error) {
      cancel();
      if (alone !== null) await alone; // a guest who is being let in must not be forgotten
      if (error instanceof ApiProblem && error.status === 401) return this.#end();
      if (error instanceof ApiProblem && isFinal(error)) return this.#rejected(item.key, error);
      await judgeAlone();
      return this.#tries.later(error);
    }
    cancel();
    if (alone !== null) await alone; // what is being stored of it is stored first
    await this.#answered(item.key, verdict);
  }

  /**
   * Brings in first what was let in here of the same voucher: the hub would let it in once more.
   *
   * @throws Unreachable where it does not get there.
   */
  async #inOrder(item: PendingScan): Promise<void> {
    const { pending, uploads } = this.#options;
    if (!pending.isAfterOthers(item)) return;
    if ((await uploads.run()) === 'ended') this.#end();
    if (pending.isAfterOthers(item))
      throw new Unreachable('the hub does not know of the one before');
  }

  /** `own`: what the door says for itself; undefined: it has no book. */
  async #judgeAlone(item: PendingScan, own: RedeemVerdict | undefined): Promise<void> {
    const { outbox, pending } = this.#options;
    const known = pending.get(item.key);
    if (this.#tries.closed || known === undefined || known.local !== undefined) return;
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
    if (item === undefined || this.#tries.closed) return;
    const answer = judgedBy(verdict);
    // First the guest, then the storage: a crash in between only asks again, with the same key.
    const isSeen = this.#tell(key, answer);
    await this.#options.alone.learn(item.ordinal ?? null, verdict);
    // The guest was let in and the hub would not have, or was turned away and nobody sees now that it was wrong: it is
    // brought in all the same, and a person looks at it.
    const wasLetIn = item.local?.verdict === 'accepted' && verdict.verdict === 'refused';
    const wasTurnedAway = item.local?.verdict === 'refused' && verdict.verdict === 'accepted';
    if (wasLetIn || (wasTurnedAway && !isSeen)) return this.#tries.later();
    // Nobody has told the guest anything yet: it is asked and told again, until somebody could see it.
    if (item.local === undefined && !isSeen) {
      this.#options.pending.overdue(key);
      return this.#tries.later();
    }
    // A page that comes next reads it in the book or in the outbox.
    await this.#options.alone.settled();
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
        const units = this.#learnt.has(item.key) ? 0 : letIn(item);
        this.#learnt.add(item.key);
        await this.#options.alone.learn(item.ordinal ?? null, verdict, units);
        settled.push([item, answer]);
      } catch (error) {
        failures.push(error);
      }
    }
    await this.#options.alone.settled();
    await this.#options.outbox.scansAnswered(settled);
    for (const [{ key }] of settled) {
      this.#options.pending.delete(key);
      this.#learnt.delete(key);
    }
    if (failures.length > 0) throw new AggregateError(failures);
  }

  async #rejected(key: string, problem: ApiProblem): Promise<void> {
    const item = this.#options.pending.get(key);
    if (item === undefined || this.#tries.closed) return;
    // The gate may be gone, or a right: what the hub is not asked any more it still takes where it was done.
    if (item.local !== undefined) return this.#tries.later();
    await this.settle(item, { kind: 'problem', detail: problem.detail });
    this.#tell(key, { kind: 'problem', detail: problem.detail });
  }

  /** It stays on the device and is shown; nothing waits for it. */
  async setAside(item: PendingScan, problem: ApiProblem): Promise<void> {
    const after: PendingScan = { ...item, aside: problem.detail ?? problem.message };
    await this.#tried(this.#options.outbox.change(after));
    this.#options.pending.set(after);
    this.#tell(item.key, { kind: 'problem', detail: problem.detail });
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
      this.#tries.later();
    }
  }

  #tell(key: string, answer: Answer): boolean {
    return !this.#tries.closed && this.#options.listener.answered(key, answer);
  }
}

function nameless(verdict: RedeemVerdict): RedeemVerdict {
  return { ...verdict, voucher: verdict.voucher && { ...verdict.voucher, guest_name: null } };
}
