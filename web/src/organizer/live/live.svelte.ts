/** One event as the page shows it: the live state, the feed, and who is online. */
import type { Api } from '../../lib/api/client.ts';
import { ask } from '../../lib/api/client.ts';
import type { Session } from '../../lib/api/session.ts';
import type { Presence, Snapshot } from '../../lib/api/types.ts';
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
  readonly #options: LiveOptions;
  readonly #names = new Names();
  readonly #socket: LiveSocket;
  readonly #watch: EventWatch;
  #history = 0;
  #fresh: FeedItem[] = [];
  #feedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { session, hub, eventId } = options;
    this.#socket = new LiveSocket({
      url: hub,
      token: (refused) => session.token(refused),
      onEnded: () => session.end('revoked'),
    });
    this.#watch = new EventWatch(this.#socket, eventId, {
      onUpdate: (update) => this.#take(update),
      onConnection: (connection) => {
        this.freshAt = this.snapshot === null ? null : this.#watch.heardAt;
        this.connection = connection;
      },
    });
  }

  /** Tries to connect at once, instead of at the next turn. */
  nudge(): void {
    this.#socket.nudge();
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
        ask(
          api.GET('/api/v1/events/{event_id}/attempts', {
            params: { path, query: { limit: HISTORY } },
          }),
        ),
      ]);
      if (turn !== this.#history) return;
      const items = [
        ...ledger.entries.map((entry) => ofEntry(entry, this.#names, numbers)).reverse(),
        ...attempts.items.map((attempt) => ofRefusal(attempt, this.#names)),
      ];
      this.feed = withHistory(this.feed, items);
    } catch {
      if (turn === this.#history) this.historyFailed = true;
    }
  }

  #take({ news, scans, presence }: Update): void {
    if (news !== null) {
      this.#names.learn(news.snapshot);
      this.snapshot = news.snapshot;
      if (news.restarted) {
        this.feed = [];
        this.#fresh = [];
      }
      for (const entry of news.entries.slice(-MOST_ITEMS))
        this.#fresh.push(ofEntry(entry, this.#names, this.#options.numbers));
    }
    for (const scan of scans) this.#fresh.push(ofRefusal(scan, this.#names));
    if (presence !== null)
      this.presence = new Map(presence.devices.map((device) => [device.device_id, device]));
    if (this.#feedTimer === undefined) this.#feedOn();
    if (news?.restarted) void this.loadHistory();
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
