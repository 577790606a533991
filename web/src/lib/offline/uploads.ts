/** Brings in what the door judged alone: in order, 500 at a time, one uploader at a time, each item on its own. */
import { ApiProblem } from '../api/problem.ts';
import type { LocalJudgement, RedeemRequest, RedeemVerdict } from '../api/types.ts';
import { isFinal } from '../check/ways.ts';
import type { PendingScan } from '../check/outbox.ts';
import type { Network } from './network.ts';

/** Items of one batch: at most, and at least where a thin line does not carry more in time. */
export const BATCH = 500;
const LEAST = 10;

/** A scan that the door judged alone. */
export type JudgedScan = PendingScan & { readonly local: LocalJudgement };

/** Runs `work` while nobody else does so under that name, on any page of this device; false: somebody does. */
export type Lock = (name: string, work: () => Promise<void>) => Promise<boolean>;

export interface UploadOptions {
  readonly network: Network;
  readonly lock: Lock;
  /** What is to be brought in, in order. */
  readonly waiting: () => readonly JudgedScan[];
  /** The hub answered these; they leave the outbox. */
  readonly answered: (answers: readonly (readonly [JudgedScan, RedeemVerdict])[]) => Promise<void>;
  /** The hub cannot take it, now or later: it stays, is shown, and blocks nothing. */
  readonly setAside: (item: JudgedScan, problem: ApiProblem) => Promise<void>;
}

/** `all`: nothing is left. `later`: the hub is away or busy. `ended`: this device may not any more. */
export type Outcome = 'all' | 'later' | 'ended' | 'elsewhere';

export class Uploads {
  readonly #options: UploadOptions;
  #size = BATCH;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Brings in everything there is. Never throws for the network's sake: what fails is tried again by the next call. */
  async run(): Promise<Outcome> {
    let outcome: Outcome = 'later';
    const ran = await this.#options.lock('dibs.door.uploads', async () => {
      outcome = await this.#all();
    });
    return ran ? outcome : 'elsewhere';
  }

  async #all(): Promise<Outcome> {
    for (;;) {
      const items = this.#options.waiting();
      if (items.length === 0) return 'all';
      const outcome = await this.#some(items.slice(0, this.#size));
      if (outcome !== 'all') return outcome;
    }
  }

  /** Brings in these; what comes after them waits, so that the order stays. */
  async #some(items: readonly JudgedScan[]): Promise<Outcome> {
    const { network, answered, setAside } = this.#options;
    let results;
    try {
      results = await network.batch(items.map(requestOf));
    } catch (error) {
      if (!(error instanceof ApiProblem)) {
        this.#size = Math.max(LEAST, this.#size >> 1);
        return 'later';
      }
      if (error.status === 401 || error.status === 403) return 'ended';
      if (!isFinal(error)) return 'later';
      // The batch as a whole is bad: whatever it is in it, its other half must not suffer.
      if (items.length > 1) return this.#halves(items);
      for (const item of items) await setAside(item, error);
      return 'all';
    }
    this.#size = Math.min(BATCH, 2 * this.#size);
    const answers: [JudgedScan, RedeemVerdict][] = [];
    let outcome: Outcome = results.length < items.length ? 'later' : 'all';
    for (const [place, result] of results.entries()) {
      const item = items[place];
      if (item === undefined) break;
      if (!('problem' in result)) {
        answers.push([item, result]);
        continue;
      }
      const problem = ApiProblem.from(result.problem, 500);
      if (problem.status === 401) outcome = 'ended';
      else if (isFinal(problem)) await setAside(item, problem);
      else outcome = 'later';
    }
    if (answers.length > 0) await answered(answers);
    return outcome;
  }

  async #halves(items: readonly JudgedScan[]): Promise<Outcome> {
    const middle = items.length >> 1;
    const first = await this.#some(items.slice(0, middle));
    return first === 'all' ? this.#some(items.slice(middle)) : first;
  }
}

/** The request that a scan is sent as. */
export function requestOf({ scan, local }: Pick<PendingScan, 'scan' | 'local'>): RedeemRequest {
  return {
    code: scan.code,
    voucher_id: scan.voucherId,
    idempotency_key: scan.key,
    units: scan.units,
    gate_id: scan.gateId,
    dry_run: false,
    scanned_at: scan.scannedAt,
    local: local ?? null,
  };
}

/** A lock for a place that has one page only. */
export function ownLock(): Lock {
  const held = new Set<string>();
  return async (name, work) => {
    if (held.has(name)) return false;
    held.add(name);
    try {
      await work();
    } finally {
      held.delete(name);
    }
    return true;
  };
}
