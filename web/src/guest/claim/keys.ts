/** The idempotency keys of taps that are not answered yet. They outlive the page: an answer may get lost with it. */
import type { Box } from '../store/box.ts';

interface Kept {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const KEY = 'claim.';
/** An older tap is not sent again by itself: whoever comes back after that looks at the wallet and decides anew. */
export const RESUMED_WITHIN = 15 * 60_000;

export class ClaimKeys {
  readonly #box: Box;
  readonly #now: () => number;

  constructor(box: Box, now: () => number = Date.now) {
    this.#box = box;
    this.#now = now;
  }

  /** The key to send for a tap: that of an unanswered tap on the same offer, else a new one. It is kept first. */
  take(guestId: string, offerId: string): string {
    const place = `${KEY}${guestId}.${offerId}`;
    const kept = this.#box.read<Kept>(place);
    if (kept !== null && this.#now() - kept.at < RESUMED_WITHIN) return kept.key;
    const key = freshKey();
    this.#box.write(place, { key, at: this.#now() } satisfies Kept);
    return key;
  }

  /** It is answered. */
  done(guestId: string, offerId: string): void {
    this.#box.remove(`${KEY}${guestId}.${offerId}`);
  }

  /** The offers whose taps are not answered yet; those that are too old are dropped. */
  unanswered(guestId: string): string[] {
    const beginning = `${KEY}${guestId}.`;
    return this.#box.keys(beginning).flatMap((place) => {
      const kept = this.#box.read<Kept>(place);
      if (kept !== null && this.#now() - kept.at < RESUMED_WITHIN)
        return [place.slice(beginning.length)];
      this.#box.remove(place);
      return [];
    });
  }
}

/** 128 random bits. `crypto.randomUUID` exists in secure contexts only. */
function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
