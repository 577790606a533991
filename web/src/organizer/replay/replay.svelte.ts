/** The night again: the whole ledger is loaded, and the state at any of its moments is shown. */
import type { Api } from '../../lib/api/client.ts';
import { ask } from '../../lib/api/client.ts';
import type { Snapshot } from '../../lib/api/types.ts';
import type { Numbers } from '../../lib/text/format.ts';
import { ofEntry, type FeedItem } from '../live/feed.ts';
import type { LiveEvent } from '../live/live.svelte.ts';
import { Rate } from '../live/rate.ts';
import { History } from './history.ts';

/** Entries that the feed of a moment shows. */
const FEED = 60;
const PAGE = 1_000;
/** Seconds of the night a second. */
export const SPEEDS = [1, 10, 60, 300] as const;

export class Replay {
  /** How much of the ledger is here, from 0 to 1; 1: it can begin. */
  loaded = $state(0);
  failed = $state(false);
  /** Where on the line the reader is, in seconds. */
  place = $state(0);
  length = $state(0);
  isPlaying = $state(false);
  speed: number = $state(60);
  /** Moves with `rate`. */
  version = $state(0);
  readonly rate = new Rate();
  readonly #live: LiveEvent;
  readonly #api: Api;
  readonly #eventId: string;
  readonly #numbers: Numbers;
  #history: History | null = null;
  #stop: () => void;
  #frame = 0;
  #counted = 0;
  #closed = false;

  /** How many entries have happened. */
  readonly seq = $derived(this.loaded === 1 ? this.#count(this.place, this.length) : 0);
  readonly state: Snapshot | null = $derived(
    this.seq > 0 && this.#history !== null ? this.#history.at(this.seq) : null,
  );
  /** The moment on the line, in milliseconds since 1970. */
  readonly at: number | null = $derived(
    this.seq > 0 ? (this.#history?.timeline.momentAt(this.place) ?? null) : null,
  );
  readonly feed: readonly FeedItem[] | null = $derived.by(() =>
    this.seq === 0 || this.#history === null
      ? null
      : this.#history
          .before(this.seq, FEED)
          .map((entry) => ofEntry(entry, this.#live.names, this.#numbers))
          .reverse(),
  );

  constructor(live: LiveEvent, api: Api, eventId: string, numbers: Numbers) {
    this.#live = live;
    this.#api = api;
    this.#eventId = eventId;
    this.#numbers = numbers;
    this.#stop = live.onNews(({ entries, restarted }) => {
      if (this.loaded < 1 || this.#history === null) return;
      // What was missed in between, or another history: it is read again, the reader stays where they are.
      if (restarted || !this.#history.append(entries)) void this.load();
      else this.#grown();
    });
    void this.load();
  }

  get head(): number {
    return this.#history?.head ?? 0;
  }

  /** Reads what is not known of the ledger yet. */
  async load(): Promise<void> {
    this.failed = false;
    const isFirst = this.loaded < 1;
    try {
      for (;;) {
        const params = {
          path: { event_id: this.#eventId },
          query: { after_seq: this.#history?.head ?? 0, limit: PAGE },
        };
        const page = await ask(this.#api.GET('/api/v1/events/{event_id}/ledger', { params }));
        if (this.#closed) return;
        if (this.#history !== null && this.#history.epoch !== page.epoch) {
          this.#history = null;
          this.#counted = 0;
          this.rate.begin(0, []);
          continue;
        }
        this.#history ??= new History(page.epoch);
        this.#history.append(page.entries);
        const head = Math.max(page.head_seq, 1);
        if (this.#history.head >= head || page.entries.length === 0) break;
        if (isFirst) this.loaded = Math.min(0.99, this.#history.head / head);
      }
      this.#grown();
      if (isFirst) this.place = this.#beginning();
      this.loaded = 1;
    } catch {
      this.failed = true;
    }
  }

  close(): void {
    this.#closed = true;
    this.pause();
    this.#stop();
  }

  /** Moves to a place on the line, in seconds. */
  seek(place: number): void {
    // A range control rounds: its end may come a hair before the last entry.
    const isEnd = place >= this.length * (1 - 1e-9);
    this.place = isEnd ? this.length : Math.max(0, place);
  }

  /** Moves by entries. */
  step(by: number): void {
    this.pause();
    const index = Math.max(1, Math.min(this.head, this.seq + by)) - 1;
    this.seek(this.#history?.timeline.placeOf(index) ?? 0);
  }

  play(): void {
    if (this.place >= this.length) this.place = this.#beginning();
    this.isPlaying = true;
    let before = performance.now();
    const move = (now: number): void => {
      this.seek(this.place + ((now - before) / 1000) * this.speed);
      before = now;
      if (this.place >= this.length) this.pause();
      else this.#frame = requestAnimationFrame(move);
    };
    this.#frame = requestAnimationFrame(move);
  }

  pause(): void {
    cancelAnimationFrame(this.#frame);
    this.isPlaying = false;
  }

  /** Just before the first claim or redemption: what was prepared is there. */
  #beginning(): number {
    const history = this.#history;
    const first = history?.entries.findIndex(({ data, kind }) => {
      const counts = data['counts'] as { claimed?: number; redeemed_units?: number } | undefined;
      return kind !== 'vouchers.issued' && (counts?.claimed ?? counts?.redeemed_units ?? 0) !== 0;
    });
    if (history === null || first === undefined || first < 1) return 0;
    return history.timeline.placeOf(first - 1);
  }

  #grown(): void {
    if (this.#history === null) return;
    this.length = this.#history.timeline.length;
    this.rate.take(this.#history.entries.slice(this.#counted));
    this.#counted = this.#history.head;
    this.version += 1;
  }

  /** `length` is asked for because what is known grows with it. */
  #count(place: number, length: number): number {
    return length >= 0 ? (this.#history?.timeline.countAt(place) ?? 0) : 0;
  }
}
