/**
 * Follows one event's ledger through whatever a network does: frames early, late, doubled or lost.
 *
 * It knows no socket and no clock. Its owner brings what arrives, asks `since` from where to watch, and watches again
 * whenever a method answers that something is missing.
 */
import type { Entry, Head, LedgerFrame, Snapshot, WatchAck } from '../api/types.ts';
import { applyFrame } from './reducer.ts';

/** Entries held back at most while a `watch` is under way; beyond it the beacon tells that something is missing. */
const MOST_HELD = 20_000;

export interface News {
  readonly snapshot: Snapshot;
  /** What is new since the last news, in order. */
  readonly entries: readonly Entry[];
  /** The state was replaced: what was shown of earlier entries may no longer be true. */
  readonly restarted: boolean;
}

export class Follower {
  #snapshot: Snapshot | null = null;
  #news: Entry[] = [];
  #restarted = false;
  #changed = false;
  #held: LedgerFrame[] | null = [];
  #heldEntries = 0;

  /** What a `watch` says of what is known already. */
  get since(): { epoch?: string; after_seq?: number } {
    return this.#snapshot === null
      ? {}
      : { epoch: this.#snapshot.epoch, after_seq: this.#snapshot.seq };
  }

  get seq(): number {
    return this.#snapshot?.seq ?? 0;
  }

  /** A `watch` is under way, or the connection is lost: frames are held until `acknowledged`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Takes a frame. False: entries before it are missing; watch again (frames are held until then). */
  frame(frame: LedgerFrame): boolean {
    if (this.#held !== null || this.#snapshot === null) {
      this.#keep(frame);
      return true;
    }
    if (this.#take(frame)) return true;
    this.hold();
    this.#keep(frame);
    return false;
  }

  /** Whether the beacon tells of entries, or of a history, that did not arrive here. */
  isBehind(head: Pick<Head, 'epoch' | 'head_seq'>): boolean {
    if (this.#snapshot === null || this.#held !== null) return false;
    return head.epoch !== this.#snapshot.epoch || head.head_seq > this.#snapshot.seq;
  }

  /** Takes the answer to a `watch` and the frames held meanwhile. False: something is still missing; watch again. */
  acknowledged(ack: WatchAck): boolean {
    const held = this.#held ?? [];
    if (ack.snapshot !== null) this.#restart(ack.snapshot);
    this.#release();
    let whole = this.#take({ epoch: ack.epoch, entries: ack.entries }) && this.seq >= ack.head_seq;
    for (const frame of held) {
      // A frame from before a restored history is over and done with, not missing.
      if (whole && frame.epoch === ack.epoch) whole = this.#take(frame);
    }
    if (!whole) this.hold();
    return whole;
  }

  /** What is new since the last call; null: nothing. */
  news(): News | null {
    if (!this.#changed || this.#snapshot === null) return null;
    const news = { snapshot: this.#snapshot, entries: this.#news, restarted: this.#restarted };
    this.#news = [];
    this.#restarted = false;
    this.#changed = false;
    return news;
  }

  #restart(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#news = [];
    this.#restarted = true;
    this.#changed = true;
  }

  #take(frame: { readonly epoch: string; readonly entries: readonly Entry[] }): boolean {
    if (this.#snapshot === null) return false;
    const { snapshot, fresh, broken } = applyFrame(this.#snapshot, frame);
    if (fresh.length > 0) {
      this.#snapshot = snapshot;
      this.#news.push(...fresh);
      this.#changed = true;
    }
    return broken === null;
  }

  #keep(frame: LedgerFrame): void {
    if (this.#heldEntries >= MOST_HELD) return;
    this.#held?.push(frame);
    this.#heldEntries += frame.entries.length;
  }

  #release(): void {
    this.#held = null;
    this.#heldEntries = 0;
  }
}
