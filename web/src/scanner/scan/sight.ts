/**
 * When is a code that is seen a new scan? A camera sees the same code fifteen times a second, a hardware scanner in its
 * stand reads it again and again: only what comes into view counts.
 *
 * Pure: the caller tells the time (milliseconds, any origin that only grows).
 */

/** A code that was not read for this long has left: blur and glare hide one that is still there for a moment. */
export const GONE_AFTER = 2_500;

export class Sight {
  readonly #seen = new Map<string, number>();

  /** Takes note of a code in view. True: it has just come into view. */
  sees(code: string, now: number): boolean {
    for (const [known, at] of this.#seen) {
      if (now - at >= GONE_AFTER) this.#seen.delete(known);
    }
    const isNew = !this.#seen.has(code);
    this.#seen.set(code, now);
    return isNew;
  }

  /** The scan was not taken: the same code, still in view, is new once more. */
  forget(code: string): void {
    this.#seen.delete(code);
  }
}
