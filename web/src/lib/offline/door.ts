/** A door that can judge alone, put together: book, clock, outbox, uploads. It knows no browser; door/browser parts come in. */
import { ApiProblem } from '../api/problem.ts';
import type { Entry, RedeemVerdict, Snapshot } from '../api/types.ts';
import type { Listener } from '../check/check.ts';
import type { Ways } from '../check/ways.ts';
import type { PendingScan, Store } from '../check/outbox.ts';
import { Alone } from './alone.ts';
import { type ClockNote, type Clocks, DoorClock } from './clock.ts';
import { OfflineCheck } from './check.ts';
import { BookKeeper, type Progress } from './keeper.ts';
import type { DoorState, Network } from './network.ts';
import type { OfflineOptions } from './options.ts';
import { PendingScans } from './pending.ts';
import type { Shelf } from './shelf.ts';
import { type Lock, Uploads } from './uploads.ts';
import { Vault } from './vault.ts';

export interface DoorOptions extends Pick<
  OfflineOptions,
  'staff' | 'patience' | 'retry' | 'after'
> {
  readonly eventId: string;
  readonly shelf: Shelf;
  readonly outbox: Store;
  readonly clocks: Clocks;
  readonly lock: Lock;
  readonly listener: Listener;
  /** The ways to the hub; each answer has to tell the clock the time. */
  readonly connect: (clock: DoorClock) => { readonly network: Network; readonly ways: Ways };
}

const CLOCK = 'clock';

/** Where the clock's notes lie, the last one on top. */
class ClockNotes {
  readonly #vault: Vault;
  #writing: Promise<void> = Promise.resolve();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  async last(): Promise<ClockNote | null> {
    return this.#vault.getJson<ClockNote>(CLOCK);
  }

  /** Never throws: a note that is lost costs the next page one contact with the hub. */
  async keep(note: ClockNote): Promise<void> {
    const put = (): Promise<void> => this.#vault.put({ [CLOCK]: note });
    await (this.#writing = this.#writing.then(put).catch(() => undefined));
  }

  async settled(): Promise<void> {
    await this.#writing;
  }
}

export class Door {
  readonly check: OfflineCheck;
  readonly keeper: BookKeeper;
  readonly alone: Alone;
  readonly clock: DoorClock;
  readonly pending: PendingScans;
  readonly #network: Network;
  readonly #notes: ClockNotes;
  readonly #vault: Vault;

  private constructor(parts: {
    check: OfflineCheck;
    keeper: BookKeeper;
    alone: Alone;
    clock: DoorClock;
    pending: PendingScans;
    network: Network;
    notes: ClockNotes;
    vault: Vault;
  }) {
    this.check = parts.check;
    this.keeper = parts.keeper;
    this.alone = parts.alone;
    this.clock = parts.clock;
    this.pending = parts.pending;
    this.#network = parts.network;
    this.#notes = parts.notes;
    this.#vault = parts.vault;
  }

  /** Takes up what an earlier page life left. Throws where the device keeps nothing. */
  static async open(options: DoorOptions): Promise<Door> {
    const { eventId, shelf, outbox, clocks, listener, connect, lock } = options;
    const vault = await Vault.open(shelf);
    const notes = new ClockNotes(vault);
    const clock = new DoorClock(clocks, await notes.last(), (note) => void notes.keep(note));
    // First the outbox: what another page or the worker brings in meanwhile is in the book before it leaves the outbox.
    const pending = new PendingScans(
      (await outbox.pending()).filter((item) => item.eventId === eventId),
    );
    const keeper = await BookKeeper.open(vault);
    const alone = await Alone.open({
      vault,
      keeper,
      clock,
      pending: (ordinal) => pending.of(ordinal),
    });
    const { network, ways } = connect(clock);
    const uploads = new Uploads({
      network,
      lock,
      waiting: () => pending.judged,
      answered: (answers: readonly (readonly [PendingScan, RedeemVerdict])[]) =>
        check.broughtIn(answers),
      setAside: (item, problem) => check.setAside(item, problem),
    });
    const { staff, patience, retry, after } = options;
    const check: OfflineCheck = new OfflineCheck({
      eventId,
      outbox,
      ways,
      alone,
      uploads,
      clock,
      pending,
      listener,
      ...(staff && { staff }),
      ...(patience !== undefined && { patience }),
      ...(retry !== undefined && { retry }),
      ...(after && { after }),
    });
    return new Door({ check, keeper, alone, clock, pending, network, notes, vault });
  }

  /** Downloads what is new in the book and how all vouchers stand. Throws Unreachable and ApiProblem. */
  async refresh(onProgress?: (progress: Progress) => void): Promise<void> {
    if (!this.#vault.isSealed) return; // a book that nobody can open here
    await this.keeper.refresh(this.#network, onProgress);
    await this.#notes.keep(this.clock.note());
  }

  /** Waits until what was learnt is kept. Throws where the storage does not take it. */
  async settled(): Promise<void> {
    await this.keeper.settled();
    await this.#notes.settled();
  }

  /** The event as the socket tells it, and what happened to it. */
  async know(snapshot: Snapshot, entries: readonly Entry[] = []): Promise<void> {
    for (const { kind, voucher_id } of entries)
      if (kind === 'lease.ended' && voucher_id != null) await this.alone.ended(voucher_id);
    await this.alone.know(snapshot);
  }

  /** A `burn` message. `through`: everything up to that entry has been heard with it; 0: nobody can tell. */
  burn(state: Pick<DoorState, 'seq' | 'burns'>, through: number): void {
    this.keeper.learn({ ...state, whole: false }, through);
  }

  /**
   * Gives back what was lent to this device: it is about to leave, or cannot know what it still holds. Of what it has let in
   * the hub hears first: whoever had the uses next would give them out again.
   *
   * Throws Unreachable and ApiProblem.
   *
   * @returns Whether nothing is left: what is still under way keeps its lease.
   */
  async returnLeases(): Promise<boolean> {
    await this.check.flush();
    let isAll = true;
    for (const { ordinal, voucherId } of this.alone.leases) {
      if (this.pending.isUnderWay(ordinal)) {
        isAll = false;
        continue;
      }
      await this.#giveBack(voucherId);
      await this.alone.ended(voucherId);
    }
    return isAll;
  }

  /** Uses that somebody else holds by now, or nobody, are none of this door's: no reason to keep the rest. */
  async #giveBack(voucherId: string): Promise<void> {
    try {
      await this.#network.returnLease(voucherId);
    } catch (error) {
      if (!(error instanceof ApiProblem && [403, 404].includes(error.status))) throw error;
    }
  }

  close(): void {
    this.check.close();
  }
}
