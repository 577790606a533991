/** What ties a door to its hub and to the phone's own storage. Both parts are loaded once somebody is at the door. */
import type { RedeemVerdict, Voucher } from '../../lib/api/types.ts';
import type { Check, Listener, Scan } from '../../lib/check/check.ts';
import type { Outbox } from '../../lib/check/outbox.ts';
import type { Connection, Update } from '../../lib/live/client.ts';
import type { Kept } from '../pairing/kept.ts';
import type { AloneDoor } from './alone.ts';
import type { Condition } from './condition.ts';
import type { Line } from './line.ts';
import type { Place } from './place.ts';

export interface TiesOptions {
  readonly kept: Kept;
  readonly outbox: Outbox;
  /** The hub's origin. */
  readonly hub: string;
  readonly staff: () => string | null;
  /** Milliseconds that a guest waits for the hub before the door judges alone. */
  readonly patience: () => number;
  readonly place: () => Place;
  readonly listener: Listener;
  readonly onUpdate: (update: Update) => void;
  readonly onConnection: (connection: Connection) => void;
  readonly onCondition: (condition: Condition) => void;
  readonly onEnded: (reason: string) => void;
}

/** Milliseconds after which a door that does not get through says so, and asks again for what did not load. */
const PATIENCE = 3_000;

export class Ties {
  readonly #options: TiesOptions;
  readonly #opening: Promise<AloneDoor>;
  /** The line, once `connect` has brought it: what is asked of it before waits. */
  readonly #connected: Promise<Line>;
  readonly #slow: ReturnType<typeof setTimeout>;
  #connection: Connection = 'connecting';
  #line: Line | null = null;
  #alone: AloneDoor | null = null;
  #closed = false;
  #begin: () => void = () => undefined;

  constructor(options: TiesOptions) {
    this.#options = options;
    this.#slow = setTimeout(() => {
      if (this.#connection === 'connecting') options.onConnection('lost');
    }, PATIENCE);
    this.#opening = this.#prepared();
    const begun = new Promise<void>((begin) => (this.#begin = begin));
    this.#connected = begun.then(() => this.#connecting());
    // Whoever waits for them is told.
    this.#opening.catch(() => undefined);
    this.#connected.catch(() => undefined);
  }

  /**
   * Connects.
   *
   * @throws where the browser keeps nothing.
   */
  async connect(): Promise<void> {
    this.#begin();
    await this.#connected;
  }

  /** Who judges, once that is there: what is asked of it before waits. */
  async check(): Promise<Check> {
    return (await this.#opening).door.check;
  }

  /** Tries everything at once. */
  nudge(): void {
    this.#line?.nudge();
    this.#alone?.resumed();
  }

  /** Finds vouchers by a part of the guest's name. Throws also where `connect` did. */
  async search(name: string): Promise<readonly Voucher[]> {
    return (await this.#open()).search(name);
  }

  /** Moves this device to another gate. Throws also where `connect` did. */
  async move(gateId: string | null): Promise<Kept['device']> {
    return (await this.#open()).move(gateId);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#slow);
    this.#line?.close();
    void this.#alone?.close();
    this.#alone = null;
  }

  /** This phone leaves the door for good: what is not brought in yet stays on it, and nothing else. */
  async leave(): Promise<void> {
    const alone = this.#alone;
    this.#alone = null;
    this.close();
    await alone?.leave();
  }

  /** The line, for whoever still has it: while they waited another window may have taken the door over. */
  async #open(): Promise<Line> {
    const line = await this.#connected;
    if (this.#closed) throw new Error('this door is closed');
    return line;
  }

  async #connecting(): Promise<Line> {
    const dialled = this.#dialled();
    dialled.catch(() => undefined); // who waits for it below is told
    try {
      const alone = (this.#alone = await this.#opening);
      const line = (this.#line = await dialled);
      if (this.#closed) this.close();
      else {
        alone.hear((listener) => line.onBurn(listener));
        alone.live(this.#connection === 'live');
        alone.door.check.nudge();
      }
      return line;
    } catch (error) {
      // Nobody else knows the line.
      dialled.then(
        (line) => line.close(),
        () => undefined,
      );
      throw error;
    }
  }

  async #prepared(): Promise<AloneDoor> {
    const { kept, place, hub, outbox, staff, patience, listener, onCondition } = this.#options;
    const { AloneDoor } = await loaded(() => import('./alone.ts'));
    return AloneDoor.open({
      hub,
      token: kept.token,
      eventId: kept.event.id,
      outbox,
      staff,
      patience,
      place,
      bySocket: (scan) => this.#bySocket(scan),
      listener,
      onCondition,
    });
  }

  async #dialled(): Promise<Line> {
    const { kept, place, hub, onEnded, onUpdate } = this.#options;
    const { Line } = await loaded(() => import('./line.ts'));
    return new Line({
      hub,
      token: kept.token,
      eventId: kept.event.id,
      place,
      onUpdate: (update) => {
        const { news } = update;
        if (news !== null)
          void this.#opening.then((alone) => alone.know(news)).catch(() => undefined);
        onUpdate(update);
      },
      onConnection: (connection) => this.#connectionIs(connection),
      onTime: (sent, told) => this.#alone?.door.clock.contact(sent, told),
      onEnded,
    });
  }

  #connectionIs(connection: Connection): void {
    this.#connection = connection;
    this.#options.onConnection(connection);
    if (this.#line !== null) this.#alone?.live(connection === 'live');
    if (connection === 'live') this.#alone?.door.check.nudge();
    if (connection === 'refused') this.#options.onEnded('other');
  }

  async #bySocket(scan: Scan): Promise<RedeemVerdict> {
    if (this.#line === null) throw new Error('the line is not there yet');
    return this.#line.bySocket(scan);
  }
}

/** A part of the app that is loaded once the rest is there: asked for until it comes. */
async function loaded<Module>(load: () => Promise<Module>): Promise<Module> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    }
  }
}
