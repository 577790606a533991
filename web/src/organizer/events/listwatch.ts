/** Keeps a list of events current: how each of them is now, and when others belong on the list. */
import type { Session } from '../../lib/api/session.ts';
import type { EventState } from '../../lib/api/types.ts';
import { EventWatch } from '../../lib/live/client.ts';
import { LiveSocket } from '../../lib/live/socket.ts';

/** So many the hub lets one connection watch. */
const MOST = 20;

export interface ListWatchOptions {
  readonly session: Session;
  readonly hub: string;
  readonly onEvent: (event: EventState) => void;
  /** One came to the reader's events or left them, or may have. */
  readonly onOthers: () => void;
}

export class ListWatch {
  readonly #options: ListWatchOptions;
  readonly #socket: LiveSocket;
  readonly #watches = new Map<string, EventWatch>();

  constructor(options: ListWatchOptions) {
    this.#options = options;
    const { session, hub, onOthers } = options;
    this.#socket = new LiveSocket({
      url: hub,
      token: (refused) => session.token(refused),
      onEnded: (reason) => session.endedByHub(reason),
    });
    this.#socket.on('members_changed', onOthers);
    let wasLost = false;
    this.#socket.onState((state) => {
      if (state === 'open' && wasLost) onOthers();
      wasLost = state === 'lost';
    });
  }

  /** Watches the first of these, and no others. */
  follow(eventIds: readonly string[]): void {
    const wanted = new Set(eventIds.slice(0, MOST));
    for (const [id, watch] of this.#watches) {
      if (wanted.has(id)) continue;
      watch.stop();
      this.#watches.delete(id);
    }
    for (const id of wanted) if (!this.#watches.has(id)) this.#watches.set(id, this.#watch(id));
  }

  /** Tries to connect at once, instead of at the next turn. */
  nudge(): void {
    this.#socket.nudge();
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.stop();
    this.#socket.close();
  }

  #watch(id: string): EventWatch {
    let told: EventState | null = null;
    return new EventWatch(this.#socket, id, {
      onUpdate: ({ news }) => {
        if (news === null || news.snapshot.event === told) return;
        told = news.snapshot.event;
        this.#options.onEvent(told);
      },
      onConnection: (connection) => {
        if (connection === 'refused') this.#options.onOthers();
      },
    });
  }
}
