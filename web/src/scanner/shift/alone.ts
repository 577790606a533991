/**
 * What the phone carries to judge alone, put together for the browser, and kept current while there is a network. Loaded once
 * somebody is at the door.
 */
import type { Burn, RedeemVerdict } from '../../lib/api/types.ts';
import type { Listener, Scan } from '../../lib/check/check.ts';
import type { Outbox } from '../../lib/check/outbox.ts';
import type { News } from '../../lib/live/follower.ts';
import { Door } from '../../lib/offline/door.ts';
import { HubNetwork } from '../../lib/offline/hub.ts';
import { bookOf, DatabaseShelf } from '../../lib/offline/indexeddb.ts';
import { webLock } from '../../lib/offline/weblock.ts';
import { onUploaded, wantUpload } from '../device/background.ts';
import { type Condition, UNPREPARED } from './condition.ts';
import { type Place, requestAt } from './place.ts';

export interface AloneOptions {
  /** The hub's origin. */
  readonly hub: string;
  readonly token: string;
  readonly eventId: string;
  readonly outbox: Outbox;
  /** Who says to be at this door; null: nobody. */
  readonly staff: () => string | null;
  /** Milliseconds that a guest waits for the hub before the door judges alone. */
  readonly patience: () => number;
  readonly place: () => Place;
  /** Sends a scan over the socket. Throws where that brings no answer. */
  readonly bySocket: (scan: Scan) => Promise<RedeemVerdict>;
  readonly listener: Listener;
  readonly onCondition: (condition: Condition) => void;
}

/** Milliseconds between two looks for vouchers that were issued or claimed meanwhile. */
const LOOK = 30_000;
/** The same while some are known to be on their way, at first. */
const SOON = 1_000;
/** A claim is one of many: they are looked for together. */
const GATHER = 4_000;
/** Milliseconds that a phone which leaves waits for the hub to take back what it had lent. */
const FAREWELL = 3_000;
const NEW_VOUCHERS = ['vouchers.issued', 'voucher.claimed'];

export class AloneDoor {
  readonly door: Door;
  readonly #options: AloneOptions;
  readonly #shelf: DatabaseShelf;
  readonly #undo: (() => void)[] = [];
  #condition = UNPREPARED;
  #look: ReturnType<typeof setTimeout> | undefined;
  #lookAt = Infinity;
  #isRefreshing = false;
  #isLive = false;
  /** How often the line came or went. */
  #turns = 0;
  /** Whether no burn was missed since the states were asked for. */
  #isCurrent = false;
  /** The last entry that brought vouchers. */
  #newest = 0;
  #tries = 0;
  /** Whether the hub has still to be given back what was lent. */
  #owes = false;
  #isReturning = false;

  private constructor(options: AloneOptions, door: Door, shelf: DatabaseShelf) {
    this.#options = options;
    this.door = door;
    this.#shelf = shelf;
  }

  /** @throws where the browser keeps nothing. */
  static async open(options: AloneOptions): Promise<AloneDoor> {
    const {
      hub: base,
      token,
      eventId,
      outbox,
      staff,
      patience,
      listener,
      place,
      bySocket,
    } = options;
    const shelf = await DatabaseShelf.open(bookOf(eventId));
    const door = await Door.open({
      eventId,
      shelf,
      outbox,
      staff,
      patience,
      clocks: { wall: () => Date.now(), monotonic: () => performance.now() },
      lock: webLock(),
      listener,
      connect: (clock) => {
        const onTime = (sent: number, told: number): void => clock.contact(sent, told);
        const network = new HubNetwork({ base, token, eventId, onTime });
        return {
          network,
          ways: {
            redeem: [bySocket, (scan) => network.redeem(requestAt(place(), scan))],
            reverse: ({ redemptionId, key }) =>
              network.reverse(redemptionId, key, 'Undone at the door'),
          },
        };
      },
    });
    const alone = new AloneDoor(options, door, shelf);
    alone.#undo.push(
      door.pending.onChange(() => alone.#changed()),
      // The worker brought something in while this page slept: what it was told is asked for again.
      onUploaded(() => door.check.nudge()),
    );
    alone.#changed();
    // What is not brought in yet must not be cleared away to make room.
    void (navigator.storage as StorageManager | undefined)?.persist();
    return alone;
  }

  /** Hears what burns from now on. */
  hear(on: (listener: (burn: Burn) => void) => () => void): void {
    this.#undo.push(
      on(({ event_id, seq, through, burns }) => {
        if (event_id === this.#options.eventId)
          this.door.burn({ seq, burns }, this.#isCurrent ? through : 0);
      }),
    );
  }

  /** The event as the socket tells it, and what happened to it. */
  know({ snapshot, entries, restarted }: News): void {
    // What could not be kept holds as long as the page.
    void this.door
      .know(snapshot, entries)
      .then(() => this.#changed())
      .catch(() => undefined);
    // Nobody can tell which of them ended while this phone did not hear: it holds none that the hub does not know of.
    if (restarted) {
      this.#owes = true;
      void this.#giveBack();
    }
    const fresh = entries.filter(({ kind }) => NEW_VOUCHERS.includes(kind));
    if (fresh.length === 0) return;
    this.#newest = Math.max(this.#newest, ...fresh.map(({ seq }) => seq));
    this.#lookIn(GATHER * (0.5 + Math.random()));
  }

  /** The line is there (again), or it is not. */
  live(isLive: boolean): void {
    this.#isLive = isLive;
    this.#turns += 1;
    this.#isCurrent = false;
    this.#tries = 0;
    this.#stopLooking();
    if (isLive) void this.#refresh();
    this.#changed();
  }

  /** Somebody looks at the page again. */
  resumed(): void {
    this.door.clock.resumed();
    this.#changed();
    this.door.check.nudge();
  }

  /** Ends it; what is not brought in yet stays on the phone. */
  async close(): Promise<void> {
    this.#isLive = false;
    this.#stopLooking();
    for (const undo of this.#undo.splice(0)) undo();
    this.door.close();
    await this.door.settled().catch(() => undefined); // it waits in the outbox as well
    this.#shelf.close();
  }

  /** This phone leaves the door: what was lent to it goes back, and the book goes. */
  async leave(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, FAREWELL));
    await Promise.race([this.door.returnLeases().catch(() => undefined), late]);
    await this.close();
    await DatabaseShelf.remove(bookOf(this.#options.eventId));
  }

  /** Downloads what is new. An interrupted download goes on where it was. */
  async #refresh(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    this.#stopLooking();
    const turn = this.#turns;
    try {
      await this.door.refresh((progress) =>
        this.#changed(progress.here < progress.of ? progress : null),
      );
      this.#isCurrent = this.#isLive && turn === this.#turns;
    } catch {
      // The next look goes on where this one ended; what is here stays good.
    } finally {
      this.#isRefreshing = false;
      this.#changed(null);
    }
    // What burnt while the line was away nobody told, and this look may have been before that.
    if (this.#isLive && turn !== this.#turns) return this.#refresh();
    const sealed = this.door.keeper.book.header?.sealed_seq ?? 0;
    const isAll = this.door.keeper.isWhole && sealed >= this.#newest;
    this.#tries = isAll ? 0 : this.#tries + 1;
    this.#lookIn(isAll ? LOOK : Math.min(LOOK, SOON * 2 ** (this.#tries - 1)));
  }

  /** What does not get there, or is still under way, is tried again when something has changed. */
  async #giveBack(): Promise<void> {
    if (this.#isReturning) return;
    this.#isReturning = true;
    this.#owes = false;
    if (!(await this.door.returnLeases().catch(() => false))) this.#owes = true;
    this.#isReturning = false;
  }

  #lookIn(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (!this.#isLive || at >= this.#lookAt) return;
    this.#stopLooking();
    this.#lookAt = at;
    this.#look = setTimeout(() => void this.#refresh(), milliseconds);
  }

  #stopLooking(): void {
    clearTimeout(this.#look);
    this.#lookAt = Infinity;
  }

  #changed(progress = this.#condition.progress): void {
    const { pending, alone, clock } = this.door;
    if (pending.judged.length > 0) wantUpload();
    const isIdle = pending.all.every(({ aside }) => aside !== undefined);
    if (isIdle && this.#isLive && this.#owes) void this.#giveBack();
    this.#condition = {
      judgesAlone: alone.isPrepared,
      progress,
      waiting: pending.waiting,
      aside: pending.aside.map(({ key }) => key),
      clockSuspect: clock.suspect,
    };
    this.#options.onCondition(this.#condition);
  }
}
