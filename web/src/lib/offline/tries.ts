/** The next try, when one failed: one at a time, a little later, and for each door a little different. */
import { ApiProblem } from '../api/problem.ts';
import type { OfflineOptions } from './options.ts';

type Options = Required<Pick<OfflineOptions, 'after' | 'retry'>>;

export class Tries {
  readonly #options: Options;
  readonly #run: () => void;
  /** Keys that are being asked right now. */
  readonly #underWay = new Set<string>();
  #cancel: (() => void) | null = null;
  #closed = false;

  /** `run`: tries everything again. */
  constructor(options: Options, run: () => void) {
    this.#options = options;
    this.#run = run;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Does the work, unless the same key is under way already. */
  async once(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#closed || this.#underWay.has(key)) return;
    this.#underWay.add(key);
    await work().finally(() => this.#underWay.delete(key));
  }

  /** Tries once more later, not before the hub wants it: one that comes back is not asked by all doors at once. */
  later(error?: unknown): void {
    if (this.#closed || this.#cancel !== null) return;
    const asked = error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1_000 : 0;
    const wait = Math.max(asked, this.#options.retry * (0.5 + Math.random()));
    this.#cancel = this.#options.after(wait, () => {
      this.#cancel = null;
      this.#run();
    });
  }

  /** It is tried now. */
  begin(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  close(): void {
    this.#closed = true;
    this.begin();
  }
}
