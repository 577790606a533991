/** The rate of an event as the page shows it: loaded once, then carried on by what arrives. */
import type { Api } from '../../lib/api/client.ts';
import { ask } from '../../lib/api/client.ts';
import { ApiProblem } from '../../lib/api/problem.ts';
import type { Entry } from '../../lib/api/types.ts';
import type { LiveEvent } from './live.svelte.ts';
import { Rate } from './rate.ts';

/** A day: the longest that the hub tells. */
const MINUTES = 1_440;
/** Milliseconds after which a failed load is tried again. */
const RETRY = 5_000;

export class LiveRate {
  readonly rate = new Rate();
  /** Moves whenever `rate` does. */
  version = $state(0);
  /** Refused attempts of the whole event; null: not known (yet). */
  refused: number | null = $state(null);
  isLoaded = $state(false);
  isForbidden = $state(false);
  readonly #api: Api;
  readonly #eventId: string;
  readonly #stop: () => void;
  #turn = 0;
  #early: Entry[] = [];
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(live: LiveEvent, api: Api, eventId: string) {
    this.#api = api;
    this.#eventId = eventId;
    this.#stop = live.onNews(({ entries, scans, restarted }) => {
      if (restarted) void this.load();
      else if (!this.isLoaded) {
        this.#early.push(...entries);
      } else {
        if (this.rate.take(entries)) this.version += 1;
        if (this.refused !== null && scans.length > 0) this.refused += scans.length;
      }
    });
    void this.load();
  }

  close(): void {
    this.#turn += 1;
    clearTimeout(this.#retry);
    this.#stop();
  }

  async load(): Promise<void> {
    const turn = ++this.#turn;
    clearTimeout(this.#retry);
    this.isLoaded = false;
    this.#early = [];
    try {
      const params = { path: { event_id: this.#eventId }, query: { minutes: MINUTES } };
      const stats = await ask(this.#api.GET('/api/v1/events/{event_id}/stats', { params }));
      if (turn !== this.#turn) return;
      this.rate.begin(stats.seq, stats.minutes);
      this.rate.take(this.#early);
      // A refusal of the last moment may be in the figure already; the next load knows.
      this.refused = stats.refused;
      this.version += 1;
      this.isLoaded = true;
    } catch (error) {
      // People at a door see the night, but not its figures.
      if (error instanceof ApiProblem && error.status === 403) this.isForbidden = true;
      else if (turn === this.#turn) this.#retry = setTimeout(() => void this.load(), RETRY);
    }
  }
}
