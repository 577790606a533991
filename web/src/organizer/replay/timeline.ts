/**
 * The night as a line to move along: seconds of what happened, in the order of the ledger, with long pauses cut short.
 *
 * A draft may be made weeks before its night; moved along by the clock, nearly all of the line would be silence.
 */

/** A pause is at most this many seconds long on the line. */
export const LONGEST_PAUSE = 120;

export class Timeline {
  /** Per entry: its moment (milliseconds since 1970), and its place on the line (seconds). */
  readonly #moments: number[] = [];
  readonly #places: number[] = [];

  /** Adds the moment of the next entry. */
  push(at: number): void {
    const last = this.#moments.length - 1;
    // The clock of another node may be a little behind: the order is the ledger's.
    const moment = Math.max(at, this.#moments[last] ?? at);
    const pause = (moment - (this.#moments[last] ?? moment)) / 1000;
    this.#moments.push(moment);
    this.#places.push((this.#places[last] ?? 0) + Math.min(pause, LONGEST_PAUSE));
  }

  /** Seconds on the line. */
  get length(): number {
    return this.#places.at(-1) ?? 0;
  }

  /** How many entries have happened at that place. At least one, where there is one. */
  countAt(place: number): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle] as number) <= place) low = middle + 1;
      else high = middle;
    }
    return Math.max(low, Math.min(1, this.#places.length));
  }

  /** The moment at that place; within a pause the clock runs, or jumps at its end where it was cut. */
  momentAt(place: number): number {
    const index = this.countAt(place) - 1;
    const moment = this.#moments[index];
    if (moment === undefined) return 0;
    const since = Math.max(0, place - (this.#places[index] as number)) * 1000;
    const next = this.#moments[index + 1];
    return next === undefined ? moment : Math.min(moment + since, next);
  }

  /** The place of the entry with that number from 0. */
  placeOf(index: number): number {
    return this.#places[index] ?? this.length;
  }

  /** Where the first of these moments is on the line (at or after it). */
  placeAt(moment: number): number {
    const index = this.#moments.findIndex((known) => known >= moment);
    return index === -1 ? this.length : (this.#places[index] as number);
  }
}
