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
  /** By how much the offset may be wrong; null: nobody knows. */
  readonly error: number | null;
  /** The device's clock when this was noted. */
  readonly wall: number;
}

const JUMP = 2_000;
/** What a phone's crystal may gain or lose of each millisecond. */
const DRIFT = 1e-4;

export class DoorClock {
  readonly #clocks: Clocks;
  /** The hub's time less the monotonic one. */
  #ahead: number;
  #error = Infinity;
  #measuredAt = -Infinity;
  /** The wall clock less the monotonic one, when both were last looked at together. */
  #base: number;
  #suspect = false;
  #noted: number | null;
  readonly #keep: (note: ClockNote) => void;

  /** `note`: what an earlier page life noted. `keep`: notes what the next one has to know. */
  constructor(clocks: Clocks, note: ClockNote | null, keep: (note: ClockNote) => void = () => {}) {
    this.#clocks = clocks;
    this.#keep = keep;
    const wall = clocks.wall();
    this.#base = wall - clocks.monotonic();
    this.#ahead = this.#base + (note?.offset ?? 0);
    this.#noted = note?.offset ?? null;
    if (note === null) return;
    this.#error = note.error ?? Infinity;
    this.#measuredAt = clocks.monotonic();
    // Nobody can tell what a clock did while the page was away, but it cannot have gone back.
    if (wall < note.wall) this.#doubt();
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
    const error = Number.isFinite(this.#error) ? this.#error : null;
    return { offset: this.offset, error, wall: this.#clocks.wall() };
  }

  /**
   * The hub said what time it is, in an answer to what was sent at `sent` (monotonic) and is here now. The answer of a long
   * way says little: it is believed where it rules out what was known, and where nothing better is known.
   */
  contact(sent: number, serverTime: number): void {
    const received = this.#clocks.monotonic();
    const error = (received - sent) / 2;
    const told = serverTime + error - received;
    const drifted = this.#error + (received - this.#measuredAt) * DRIFT;
    if (error <= drifted || Math.abs(told - this.#ahead) > error) {
      this.#ahead = told;
      this.#error = error;
      this.#measuredAt = received;
    }
    this.#base = this.#clocks.wall() - received;
    this.#suspect = false;
    const note = this.note();
    if (this.#noted !== null && Math.abs(note.offset - this.#noted) <= JUMP) return;
    this.#noted = note.offset;
    this.#keep(note);
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
    this.#doubt();
  }

  /** The estimate itself may be wrong, and not only the device's clock: whatever the hub says next is better. */
  #doubt(): void {
    this.#error = Infinity;
    this.#suspect = true;
  }

  #look(): void {
    const base = this.#clocks.wall() - this.#clocks.monotonic();
    if (Math.abs(base - this.#base) > JUMP) this.#suspect = true;
  }
}
