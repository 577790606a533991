/** A whole ledger, and the state of its event at any of its entries. */
import type { Entry, EventState, Snapshot } from '../../lib/api/types.ts';
import { apply } from '../../lib/live/reducer.ts';
import { Timeline } from './timeline.ts';

/** Entries between kept states: a seek applies at most so many, which takes a few milliseconds. */
export const STRIDE = 250;

export class History {
  readonly epoch: string;
  readonly entries: Entry[] = [];
  readonly timeline = new Timeline();
  /** The states after 0, STRIDE, 2 · STRIDE … entries. */
  readonly #kept: Snapshot[];

  constructor(epoch: string) {
    this.epoch = epoch;
    this.#kept = [
      // Before its first entry, which makes the event, nobody asks for it.
      {
        epoch,
        seq: 0,
        event: {} as EventState,
        offers: [],
        gates: [],
        devices: [],
        open_conflicts: 0,
      },
    ];
  }

  get head(): number {
    return this.entries.length;
  }

  /** Adds the entries that follow; those that are known already are left out. Returns whether they were the next ones. */
  append(entries: readonly Entry[]): boolean {
    for (const entry of entries) {
      if (entry.seq <= this.head) continue;
      if (entry.seq !== this.head + 1) return false;
      this.entries.push(entry);
      this.timeline.push(Date.parse(entry.at));
      if (this.head % STRIDE === 0) this.#kept.push(this.at(this.head));
    }
    return true;
  }

  /** The state right after entry `seq` (from 1). */
  at(seq: number): Snapshot {
    const wanted = Math.max(1, Math.min(seq, this.head));
    const index = Math.min(Math.floor(wanted / STRIDE), this.#kept.length - 1);
    const from = this.#kept[index] as Snapshot;
    return apply(from, this.entries.slice(from.seq, wanted)).snapshot;
  }

  /** The last `count` entries up to `seq`, in order. */
  before(seq: number, count: number): readonly Entry[] {
    return this.entries.slice(Math.max(0, seq - count), seq);
  }
}
