/** One event as the page shows it: the live state, the feed, and who is online. */
import type { Api } from '../../lib/api/client.ts';
import { ask } from '../../lib/api/client.ts';
import { ApiProblem } from '../../lib/api/problem.ts';
import type { Session } from '../../lib/api/session.ts';
import type {
  Attempt,
  Entry,
  EventItem,
  Presence,
  Role,
  Scan,
  Snapshot,
} from '../../lib/api/types.ts';
import { EventWatch, type Connection, type Update } from '../../lib/live/client.ts';
import { LiveSocket } from '../../lib/live/socket.ts';
import type { Numbers } from '../../lib/text/format.ts';
import {
  MOST_ITEMS,
  Names,
  ofEntry,
  ofRefusal,
  prepend,
  withHistory,
  type FeedItem,
} from './feed.ts';

type DevicePresence = Presence['devices'][number];

/** Milliseconds between changes of the feed: nobody reads quicker, and the numbers need the time of each frame. */
const FEED_EVERY = 200;
/** Entries and attempts that the feed begins with. */
const HISTORY = 60;

/** What a page is told that follows more than the state: entries and refusals, in order. */
export interface LiveNews {
  readonly entries: readonly Entry[];
  readonly scans: readonly Scan[];
  /** The state was replaced: entries may be missing in between. */
  readonly restarted: boolean;
}

export interface LiveOptions {
  readonly eventId: string;
  readonly session: Session;
  readonly api: Api;
  readonly hub: string;
  readonly numbers: Numbers;
}

export class LiveEvent {
  snapshot: Snapshot | null = $state.raw(null);
  connection: Connection = $state('connecting');
  /** When the state was last known to be the hub's; milliseconds since 1970. */
  freshAt: number | null = $state(null);
  feed: readonly FeedItem[] = $state.raw([]);
  historyFailed = $state(false);
  presence: ReadonlyMap<string, DevicePresence> = $state.raw(new Map());
  /** The event as the reader may see it: with their role, and for managers the guests' access code. */
  details: EventItem | null = $state.raw(null);
  /** Grows whenever who works on the event has changed, or may have: members are in no ledger. */
  crew = $state(0);
  readonly #options: LiveOptions;
  /** What ids are called. */
  readonly names = new Names();
  readonly #socket: LiveSocket;
  readonly #watch: EventWatch;
  readonly #listeners = new Set<(news: LiveNews) => void>();
  #history = 0;
  #fresh: FeedItem[] = [];
  #feedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { session, hub, eventId } = options;
    this.#socket = new LiveSocket({
      url: hub,
      token: (refused) => session.token(refused),
      onEnded: (reason) => session.endedByHub(reason),
    });
    this.#watch = new EventWatch(this.#socket, eventId, {
      onUpdate: (update) => this.#take(update),
      onConnection: (connection) => {
        this.freshAt = this.snapshot === null ? null : this.#watch.heardAt;
        this.connection = connection;
        if (connection !== 'live') return;
        // Members are no business of the ledger: whoever comes back may have missed what became of them.
        this.crew++;
        void this.loadDetails();
      },
      onRole: () => void this.loadDetails(),
      onMembers: () => this.crew++,
    });
  }

  /** The reader's role; null: not known yet. */
  get role(): Role | null {
    return (this.details?.role ?? null) as Role | null;
  }

  /** Whether the reader may change the event and see whole codes. */
  get isManager(): boolean {
    return this.role === 'owner' || this.role === 'manager';
  }

  /** Calls the listener with what arrives; returns what takes it off again. */
  onNews(listener: (news: LiveNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tries to connect at once, instead of at the next turn. */
  nudge(): void {
    this.#socket.nudge();
  }

  /** Reads the event's own page anew; without an answer it stays as it was. */
  async loadDetails(): Promise<EventItem | null> {
    const { api, eventId } = this.#options;
    try {
      const path = { event_id: eventId };
      const found = await ask(api.GET('/api/v1/events/{event_id}', { params: { path } }));
      if (this.details === null || found.version >= this.details.version) this.details = found;
    } catch {
      // The live state goes on without it, and the next change of the event asks again.
    }
    return this.details;
  }

  close(): void {
    clearTimeout(this.#feedTimer);
    this.#watch.stop();
    this.#socket.close();
  }

  /** Loads what happened before the page was opened; the state does not need it. */
  async loadHistory(): Promise<void> {
    const turn = ++this.#history;
    const { api, eventId, numbers } = this.#options;
    const path = { event_id: eventId };
    const upTo = this.snapshot?.seq ?? 0;
    this.historyFailed = false;
    try {
      const query = { after_seq: Math.max(0, upTo - HISTORY), limit: HISTORY };
      const [ledger, attempts] = await Promise.all([
        ask(api.GET('/api/v1/events/{event_id}/ledger', { params: { path, query } })),
        this.#attempts(),
      ]);
      if (turn !== this.#history) return;
      const items = [
        ...ledger.entries.map((entry) => ofEntry(entry, this.names, numbers)).reverse(),
        ...attempts.map((attempt) => ofRefusal(attempt, this.names)),
      ];
      this.feed = withHistory(this.feed, items);
    } catch {
      if (turn === this.#history) this.historyFailed = true;
    }
  }

  /** The last refused attempts; none for people at a door, who may not list them. */
  async #attempts(): Promise<readonly Attempt[]> {
    const { api, eventId } = this.#options;
    const params = { path: { event_id: eventId }, query: { limit: HISTORY } };
    try {
      return (await ask(api.GET('/api/v1/events/{event_id}/attempts', { params }))).items;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 403) return [];
      throw error;
    }
  }

  #take({ news, scans, presence }: Update): void {
    if (news !== null) {
      this.names.learn(news.snapshot);
      this.snapshot = news.snapshot;
      if (news.restarted) {
        this.feed = [];
        this.#fresh = [];
      }
      for (const entry of news.entries.slice(-MOST_ITEMS))
        this.#fresh.push(ofEntry(entry, this.names, this.#options.numbers));
    }
    for (const scan of scans) this.#fresh.push(ofRefusal(scan, this.names));
    if (presence !== null)
      this.presence = new Map(presence.devices.map((device) => [device.device_id, device]));
    if (this.#feedTimer === undefined) this.#feedOn();
    if (news?.restarted) void this.loadHistory();
    const entries = news?.entries ?? [];
    const restarted = news?.restarted ?? false;
    if (entries.some(({ kind }) => kind.startsWith('event.'))) void this.loadDetails();
    if (entries.length > 0 || scans.length > 0 || restarted)
      for (const listener of this.#listeners) listener({ entries, scans, restarted });
  }

  /** Shows what is new in the feed, now and again when the next turn is due. */
  #feedOn(): void {
    this.#feedTimer = undefined;
    if (this.#fresh.length === 0) return;
    this.feed = prepend(this.feed, this.#fresh);
    this.#fresh = [];
    this.#feedTimer = setTimeout(() => this.#feedOn(), FEED_EVERY);
  }
}
