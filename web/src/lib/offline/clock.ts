/** What time it is at the hub, as well as a phone can tell: measured on every contact, kept while there is none. */

export interface Clocks {
  /** The device's own clock, milliseconds since 1970: people and networks set it. */
  wall(): number;
  /** Milliseconds that only ever go forward, from wherever. */
  monotonic(): number;
}

/** What survives a reload. */
export interface ClockNote {
  readonly offset: number;
  /** The device's clock when this was noted. */
  readonly wall: number;
}

const JUMP = 2_000;
/** A measurement is replaced by a worse one (of a longer way) only when it is this old: clocks drift. */
const GOOD_FOR = 600_000;

export class DoorClock {
  readonly #clocks: Clocks;
  /** The hub's time less the monotonic one. */
  #ahead: number;
  #error = Infinity;
  #measuredAt = -Infinity;
  /** The wall clock less the monotonic one, when both were last looked at together. */
  #base: number;
  #suspect = false;

  /** `note`: what an earlier page life noted. */
  constructor(clocks: Clocks, note: ClockNote | null) {
    this.#clocks = clocks;
    const wall = clocks.wall();
    this.#base = wall - clocks.monotonic();
    this.#ahead = this.#base + (note?.offset ?? 0);
    // Nobody can tell what a clock did while the page was away, but it cannot have gone back.
    if (note !== null && wall < note.wall) this.#suspect = true;
  }

  /** Whether the device's clock jumped since the hub last told the time. */
  get suspect(): boolean {
    this.#look();
    return this.#suspect;
  }

  /** The hub's time, milliseconds since 1970. */
  now(): number {
    this.#look();
    return this.#clocks.monotonic() + this.#ahead;
  }

  /** The device's own time. */
  deviceTime(): number {
    return this.#clocks.wall();
  }

  /** The hub's time less the device's, milliseconds. */
  get offset(): number {
    return Math.round(this.now() - this.#clocks.wall());
  }

  note(): ClockNote {
    return { offset: this.offset, wall: this.#clocks.wall() };
  }

  /** The hub said what time it is, in an answer to what was sent at `sent` (monotonic) and is here now. */
  contact(sent: number, serverTime: number): void {
    const received = this.#clocks.monotonic();
    const error = (received - sent) / 2;
    const isStale = received - this.#measuredAt > GOOD_FOR;
    if (error <= this.#error || isStale || this.#suspect) {
      this.#ahead = serverTime + error - received;
      this.#error = error;
      this.#measuredAt = received;
    }
    this.#base = this.#clocks.wall() - received;
    this.#suspect = false;
  }

  /**
   * The page is looked at again. While a phone sleeps its monotonic time may stand still: what the wall clock is ahead
   * now is taken for sleep, and flagged until the hub tells.
   */
  resumed(): void {
    const slept = this.#clocks.wall() - this.#clocks.monotonic() - this.#base;
    if (slept <= JUMP) return;
    this.#ahead += slept;
    this.#base += slept;
    this.#suspect = true;
  }

  #look(): void {
    const base = this.#clocks.wall() - this.#clocks.monotonic();
    if (Math.abs(base - this.#base) > JUMP) this.#suspect = true;
  }
}
