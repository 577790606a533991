import fc from 'fast-check';
import { expect, it } from 'vitest';

import type { LedgerFrame, Snapshot, WatchAck } from '../api/types.ts';
import { Follower } from './follower.ts';
import { EVENT_ID, GrowingLedger } from './testing/ledger.ts';

/** What happens next in a night on a bad network. */
type Step =
  | { readonly do: 'grow'; readonly entries: number }
  | { readonly do: 'deliver'; readonly frame: number; readonly keep: boolean }
  | { readonly do: 'drop'; readonly frame: number }
  | { readonly do: 'answer' }
  | { readonly do: 'break' }
  | { readonly do: 'restore' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('grow' as const),
      entries: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      frame: fc.nat(5),
      keep: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), frame: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'answer' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'break' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);

/** A hub, a network between that drops, doubles and reorders frames, and one follower. */
class Night {
  readonly follower = new Follower();
  readonly fed: number[] = [];
  shown: Snapshot | null = null;
  #ledger = new GrowingLedger();
  #epochs = 0;
  #wire: LedgerFrame[] = [];
  #asked: { epoch?: string; after_seq?: number } | null = {};

  play(step: Step): void {
    if (step.do === 'grow') this.#grow(step.entries);
    else if (step.do === 'deliver') this.#deliver(step.frame, step.keep);
    else if (step.do === 'drop') this.#wire.splice(step.frame, 1);
    else if (step.do === 'answer') this.#answer();
    else if (step.do === 'break') this.#break();
    else this.#restore();
    this.#show();
  }

  /** The network is good again: what is under way arrives, and the beacon tells of the rest. */
  settle(): void {
    while (this.#wire.length > 0) this.#deliver(0, false);
    for (let tries = 0; tries < 3; tries++) {
      this.#answer();
      const { epoch, head } = this.#ledger;
      if (this.follower.isBehind({ epoch, head_seq: head })) this.#ask();
    }
    this.#show();
  }

  get ledger(): GrowingLedger {
    return this.#ledger;
  }

  #grow(count: number): void {
    const entries = this.#ledger.grow(count);
    const first = this.#ledger.head - count + 1;
    this.#wire.push({
      event_id: EVENT_ID,
      epoch: this.#ledger.epoch,
      from_seq: first,
      to_seq: this.#ledger.head,
      entries,
    });
  }

  #deliver(index: number, keep: boolean): void {
    const frame = this.#wire[index];
    if (frame === undefined) return;
    if (!keep) this.#wire.splice(index, 1);
    if (!this.follower.frame(frame)) this.#ask();
  }

  #ask(): void {
    this.follower.hold();
    this.#asked = this.follower.since;
  }

  #answer(): void {
    if (this.#asked === null) return;
    const { after_seq, epoch } = this.#asked;
    this.#asked = null;
    const { head, now } = this.#ledger;
    const resume = after_seq !== undefined && epoch === this.#ledger.epoch;
    const ack: WatchAck = {
      epoch: this.#ledger.epoch,
      head_seq: head,
      snapshot: resume ? null : now,
      entries: resume ? this.#ledger.after(after_seq) : [],
      resync: !resume && after_seq !== undefined,
    };
    if (!this.follower.acknowledged(ack)) this.#ask();
  }

  #break(): void {
    this.#wire = [];
    this.#ask();
  }

  #restore(): void {
    this.#epochs++;
    this.#ledger = new GrowingLedger(`epoch-${this.#epochs}`);
  }

  #show(): void {
    const news = this.follower.news();
    if (news === null) return;
    this.shown = news.snapshot;
    if (news.restarted) this.fed.length = 0;
    this.fed.push(...news.entries.map((entry) => entry.seq));
  }
}

it('ends with exactly the ledger, whatever the network did', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const night = new Night();
      for (const next of steps) night.play(next);
      night.settle();
      expect(night.shown).toEqual(night.ledger.now);
      // Each entry after the last restart was told once and in order.
      const first = night.fed[0] ?? 0;
      expect(night.fed).toEqual(night.fed.map((_, index) => first + index));
      if (night.fed.length > 0) expect(night.fed.at(-1)).toBe(night.ledger.head);
    }),
    { numRuns: 500 },
  );
});
