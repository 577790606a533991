/** What each minute brought, by offer and by gate: from the figures of the hub, carried on by the ledger's entries. */
import type { Entry, MinuteFigures } from '../../lib/api/types.ts';

export type Measure = 'redeemed' | 'claimed';
export type Split = 'all' | 'offer' | 'gate';

interface Cell {
  readonly offer: string;
  readonly gate: string | null;
  claimed: number;
  redeemed: number;
}

export interface Line {
  /** An offer's or gate's id; of `all`: the measure. */
  readonly id: string;
  readonly values: readonly number[];
}

const MINUTE = 60_000;

export class Rate {
  readonly #minutes = new Map<number, Map<string, Cell>>();
  /** Entries up to here are counted. */
  #seq = 0;

  /** Begins with the hub's figures up to `seq`. */
  begin(seq: number, minutes: readonly MinuteFigures[]): void {
    this.#minutes.clear();
    this.#seq = seq;
    for (const { minute, offer_id, gate_id, claimed, redeemed_units } of minutes)
      this.#add(Date.parse(minute), offer_id, gate_id, claimed, redeemed_units);
  }

  /** Counts the entries that are not counted yet; returns whether any moved a figure. */
  take(entries: readonly Entry[]): boolean {
    let moved = false;
    for (const { seq, at, offer_id, gate_id, data } of entries) {
      if (seq <= this.#seq) continue;
      this.#seq = seq;
      const counts = data['counts'] as { claimed?: number; redeemed_units?: number } | undefined;
      const { claimed = 0, redeemed_units = 0 } = counts ?? {};
      if (offer_id == null || (claimed === 0 && redeemed_units === 0)) continue;
      this.#add(Date.parse(at), offer_id, gate_id ?? null, claimed, redeemed_units);
      moved = true;
    }
    return moved;
  }

  /** The first minute that is known, in milliseconds since 1970; null: nothing happened. */
  get first(): number | null {
    return this.#minutes.size === 0 ? null : Math.min(...this.#minutes.keys());
  }

  get last(): number | null {
    return this.#minutes.size === 0 ? null : Math.max(...this.#minutes.keys());
  }

  /** Sums of one minute. `at`: any moment of it. */
  at(at: number): { claimed: number; redeemed: number } {
    const sum = { claimed: 0, redeemed: 0 };
    for (const cell of this.#minutes.get(minuteOf(at))?.values() ?? []) {
      sum.claimed += cell.claimed;
      sum.redeemed += cell.redeemed;
    }
    return sum;
  }

  /**
   * The minutes between two moments, both included, and a line for each `id` of the split: `all` takes measures, the others
   * the ids of offers or gates ('' is no gate). More taken back than given within a minute is drawn as none.
   */
  lines(
    split: Split,
    ids: readonly string[],
    measure: Measure,
    from: number,
    to: number,
  ): { readonly minutes: number[]; readonly lines: Line[] } {
    const minutes: number[] = [];
    const sums = new Map(ids.map((id) => [id, [] as number[]]));
    for (let minute = minuteOf(from); minute <= to; minute += MINUTE) {
      minutes.push(minute);
      const sum = new Map<string, number>();
      for (const cell of this.#minutes.get(minute)?.values() ?? []) {
        const count = (id: string, value: number): void => {
          sum.set(id, (sum.get(id) ?? 0) + value);
        };
        if (split === 'offer') count(cell.offer, cell[measure]);
        else if (split === 'gate') count(cell.gate ?? '', cell[measure]);
        else {
          count('redeemed', cell.redeemed);
          count('claimed', cell.claimed);
        }
      }
      for (const [id, values] of sums) values.push(Math.max(0, sum.get(id) ?? 0));
    }
    return { minutes, lines: [...sums].map(([id, values]) => ({ id, values })) };
  }

  #add(at: number, offer: string, gate: string | null, claimed: number, redeemed: number): void {
    const minute = minuteOf(at);
    let cells = this.#minutes.get(minute);
    if (cells === undefined) this.#minutes.set(minute, (cells = new Map<string, Cell>()));
    const key = `${offer} ${gate ?? ''}`;
    const cell = cells.get(key) ?? { offer, gate, claimed: 0, redeemed: 0 };
    cell.claimed += claimed;
    cell.redeemed += redeemed;
    cells.set(key, cell);
  }
}

function minuteOf(at: number): number {
  return Math.floor(at / MINUTE) * MINUTE;
}
