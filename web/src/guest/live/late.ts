/**
 * A line that comes after the page: its code, and the socket's, are no part of the first load, and ten thousand phones that
 * open a page at once do not all call the hub in the same second.
 */
import type { GuestLine, LineOptions } from './line.ts';

/** Milliseconds. */
const SPREAD = 2_000;

export class LateLine {
  readonly #options: LineOptions;
  #token: string | null;
  #line: GuestLine | null = null;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  /** Begins within a few seconds. */
  open(): void {
    this.#options.onState?.('connecting');
    this.#timer = setTimeout(() => void this.#begin(), Math.random() * SPREAD);
  }

  /** Somebody is a guest now, or is not any more. */
  use(token: string | null): void {
    this.#token = token;
    this.#line?.use(token);
  }

  /** Tries at once instead of waiting. */
  nudge(): void {
    if (this.#line !== null) return this.#line.nudge();
    clearTimeout(this.#timer);
    void this.#begin();
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#line?.close();
  }

  async #begin(): Promise<void> {
    const loaded = await import('./line.ts').catch(() => null);
    if (this.#isOver || this.#line !== null) return;
    if (loaded === null) {
      this.#options.onState?.('lost');
      this.#timer = setTimeout(() => void this.#begin(), SPREAD * (1 + Math.random()));
      return;
    }
    this.#line = new loaded.GuestLine({ ...this.#options, token: this.#token });
    this.#line.open();
  }
}
