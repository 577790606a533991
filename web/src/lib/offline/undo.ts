/** Taking back what a scan redeemed: stored first and asked until answered, like a scan. */
import { ApiProblem } from '../api/problem.ts';
import type { Scan, UndoAnswer } from '../check/check.ts';
import type { PendingUndo } from '../check/outbox.ts';
import { isFinal, undone } from '../check/ways.ts';
import type { OfflineOptions } from './options.ts';
import type { Tries } from './tries.ts';

type Options = Pick<OfflineOptions, 'eventId' | 'outbox' | 'pending' | 'ways' | 'listener'>;

export class Undoing {
  readonly #options: Options;
  readonly #tries: Tries;
  readonly #end: () => void;

  /** `end`: this device may not any more. */
  constructor(options: Options, tries: Tries, end: () => void) {
    this.#options = options;
    this.#tries = tries;
    this.#end = end;
  }

  /**
   * Resolves once it is stored.
   *
   * @throws when it cannot be stored.
   */
  async begin(scan: Pick<Scan, 'key' | 'eventId'>, redemptionId: string): Promise<void> {
    const item: PendingUndo = {
      kind: 'undo',
      key: `undo-${scan.key}`.slice(0, 64), // one intent, one key, whoever asks how often
      eventId: scan.eventId,
      scanKey: scan.key,
      redemptionId,
    };
    await this.#options.outbox.put(item);
    this.#options.pending.begin(item);
    void this.#ask(item);
  }

  /** Asks for everything that has no answer yet. */
  async flush(): Promise<void> {
    const { outbox, eventId } = this.#options;
    for (const item of await outbox.pending())
      if (item.kind === 'undo' && item.eventId === eventId) await this.#ask(item);
  }

  async #ask(item: PendingUndo): Promise<void> {
    const asked = (): Promise<void> => this.#asked(item).catch(() => this.#tries.later());
    await this.#tries.once(item.key, asked);
  }

  async #asked(item: PendingUndo): Promise<void> {
    const { outbox, listener, pending, ways } = this.#options;
    let answer: UndoAnswer;
    try {
      answer = undone(await ways.reverse(item));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return this.#end();
      if (!(error instanceof ApiProblem && isFinal(error))) {
        pending.overdue(item.key);
        listener.undone(item.scanKey, { kind: 'waiting' });
        return this.#tries.later(error);
      }
      answer = { kind: 'problem', detail: error.detail };
    }
    listener.undone(item.scanKey, answer);
    await outbox.undoAnswered(item, answer);
    pending.delete(item.key);
  }
}
