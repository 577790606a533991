/** What time it is at the hub: a phone's own clock may be wrong, and countdowns must not be. */

/** The hub tells whole seconds, and an answer travels: within this much the phone's clock counts as right. Milliseconds. */
const GOOD_ENOUGH = 2_000;

export class HubTime {
  readonly #clock: () => number;
  #ahead = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock() + this.#ahead;
  }

  /** Sets it by an answer's `Date` header; null: it had none. */
  learn(date: string | null): void {
    const told = Date.parse(date ?? '');
    if (Number.isNaN(told)) return;
    const ahead = told - this.#clock();
    this.#ahead = Math.abs(ahead) > GOOD_ENOUGH ? ahead : 0;
  }
}
