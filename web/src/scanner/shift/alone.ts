/** What the phone carries to judge alone, put together for the browser. Loaded once somebody is at the door. */
import type { Burn } from '../../lib/api/types.ts';
import type { Listener } from '../../lib/check/check.ts';
import type { Ways } from '../../lib/check/online.ts';
import type { Outbox } from '../../lib/check/outbox.ts';
import { Door } from '../../lib/offline/door.ts';
import { HubNetwork } from '../../lib/offline/hub.ts';
import { DatabaseShelf } from '../../lib/offline/indexeddb.ts';
import type { Progress } from '../../lib/offline/keeper.ts';
import { type Lock, ownLock } from '../../lib/offline/uploads.ts';

export interface AloneOptions {
  readonly hub: string;
  readonly token: string;
  readonly eventId: string;
  readonly outbox: Outbox;
  readonly ways: Ways;
  readonly listener: Listener;
  /** The first download of the book goes on; null: none does. */
  readonly onProgress: (progress: Progress | null) => void;
  /** So many scans are not brought in yet. */
  readonly onPending: (pending: number) => void;
}

/** Milliseconds between two looks for vouchers that were issued or claimed meanwhile. */
const LOOK = 30_000;
const monotonic = (): number => performance.now();

/** The door, and what keeps it current while there is a network. */
export class AloneDoor {
  readonly door: Door;
  readonly #options: AloneOptions;
  readonly #shelf: DatabaseShelf;
  readonly #undo: (() => void)[] = [];
  #looks: ReturnType<typeof setInterval> | undefined;
  #isRefreshing = false;
  /** Whether no burn was missed since the states were asked for. */
  #isCurrent = false;

  private constructor(options: AloneOptions, door: Door, shelf: DatabaseShelf) {
    this.#options = options;
    this.door = door;
    this.#shelf = shelf;
  }

  /** @throws where the browser keeps nothing. */
  static async open(options: AloneOptions): Promise<AloneDoor> {
    const { hub: base, token, eventId, outbox, ways, listener, onPending } = options;
    const shelf = await DatabaseShelf.open(`dibs.door.book.${eventId}`);
    const door = await Door.open({
      eventId,
      shelf,
      outbox,
      clocks: { wall: () => Date.now(), monotonic },
      lock: webLock(),
      listener,
      connect: (clock) => ({
        network: new HubNetwork({ base, token, eventId, clock, monotonic }),
        ways,
      }),
    });
    const alone = new AloneDoor(options, door, shelf);
    const tell = (): void => onPending(door.pending.all.length);
    alone.#undo.push(door.pending.onChange(tell));
    tell();
    // What is not brought in yet must not be cleared away to make room.
    void navigator.storage?.persist?.();
    return alone;
  }

  /** Hears what burns from now on. */
  hear(on: (listener: (burn: Burn) => void) => () => void): void {
    this.#undo.push(
      on(({ event_id, seq, burns }) => {
        if (event_id === this.#options.eventId) this.door.burn({ seq, burns }, this.#isCurrent);
      }),
    );
  }

  /** The line is there (again), or it is not. */
  live(isLive: boolean): void {
    clearInterval(this.#looks);
    this.#isCurrent = false;
    if (!isLive) return;
    void this.#refresh();
    this.#looks = setInterval(() => void this.#refresh(), LOOK);
  }

  /** Ends it; what is not brought in yet stays on the phone. */
  async close(): Promise<void> {
    clearInterval(this.#looks);
    for (const undo of this.#undo) undo();
    this.door.close();
    await this.door.keeper.settled();
    this.#shelf.close();
  }

  /** This phone leaves the door: what was lent to it goes back, and the book goes. */
  async leave(): Promise<void> {
    await this.door.returnLeases().catch(() => undefined);
    await this.door.forget();
    await this.close();
  }

  /** Downloads what is new. An interrupted download goes on where it was. */
  async #refresh(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const { onProgress } = this.#options;
    const isFirst = this.door.keeper.current === null;
    try {
      await this.door.refresh(isFirst ? onProgress : undefined);
      this.#isCurrent = true;
    } catch {
      // The next look goes on where this one ended; what is here stays good.
    } finally {
      this.#isRefreshing = false;
      onProgress(null);
    }
  }
}

/** One uploader on all pages of this browser. */
function webLock(): Lock {
  if (navigator.locks === undefined) return ownLock();
  return async (name, work) => {
    const ran = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await work();
      return lock !== null;
    });
    return ran;
  };
}
