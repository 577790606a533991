/** Watches one event over a `LiveSocket` and tells the page what is new, once per animation frame. */
import { ApiProblem } from '../api/problem.ts';
import type { Head, LedgerFrame, Presence, Scan, WatchAck } from '../api/types.ts';
import { Follower, type News } from './follower.ts';
import { nextFrame } from './frames.ts';
import type { LiveSocket } from './socket.ts';

/** `lost`: what is shown may be old. `refused`: this event is not, or no longer, the caller's. */
export type Connection = 'connecting' | 'live' | 'lost' | 'refused' | 'ended';

export interface Update {
  readonly news: News | null;
  /** Refused attempts, in order. */
  readonly scans: readonly Scan[];
  readonly presence: Presence | null;
}

export interface WatchOptions {
  readonly onUpdate: (update: Update) => void;
  readonly onConnection: (connection: Connection) => void;
  /** The caller is something else in this event now: what they may do is to be asked for anew. */
  readonly onRole?: () => void;
  /** Somebody joined the event, left it or has another role. */
  readonly onMembers?: () => void;
  /** Defers a callback to the next frame; returns what calls it off. */
  readonly defer?: (callback: () => void) => () => void;
  /** Milliseconds. */
  readonly times?: Partial<Times>;
}

interface Times {
  /** How long a beacon may be ahead of the frames: both travel at the same time. */
  readonly grace: number;
  /** Without any message for this long (the beacon comes every ≤ 2 s) the watch counts as lost and is tried again. */
  readonly silence: number;
  /** How long an answer to `watch` may take. */
  readonly answer: number;
  /** At most this long a screen waits before it asks for what is missing, so that not all ask at once. */
  readonly spread: number;
  /** After a `watch` that failed. */
  readonly retry: number;
}

const TIMES: Times = { grace: 500, silence: 6_000, answer: 8_000, spread: 200, retry: 1_500 };

interface ForEvent {
  readonly event_id: string;
}

export class EventWatch {
  readonly #socket: LiveSocket;
  readonly #eventId: string;
  readonly #options: WatchOptions;
  readonly #times: Times;
  readonly #defer: (callback: () => void) => () => void;
  readonly #follower = new Follower();
  readonly #undo: (() => void)[] = [];
  #connection: Connection = 'connecting';
  #heardAt: number | null = null;
  #attempt = 0;
  #scans: Scan[] = [];
  #presence: Presence | null = null;
  #cancelUpdate: (() => void) | null = null;
  #ask: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #check: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: LiveSocket, eventId: string, options: WatchOptions) {
    this.#socket = socket;
    this.#eventId = eventId;
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
    this.#defer = options.defer ?? nextFrame;
    const mine =
      <Payload extends ForEvent>(take: (payload: Payload) => void) =>
      (payload: Payload): void => {
        if (payload.event_id !== eventId) return;
        this.#heard();
        take(payload);
      };
    this.#undo.push(
      socket.on(
        'ledger',
        mine<LedgerFrame>((frame) => this.#onFrame(frame)),
      ),
      socket.on(
        'head',
        mine<Head>((head) => this.#onHead(head)),
      ),
      socket.on(
        'scan',
        mine<Scan>((scan) => this.#onScan(scan)),
      ),
      socket.on(
        'presence',
        mine<Presence>((presence) => this.#onPresence(presence)),
      ),
      socket.on(
        'role_changed',
        mine(() => options.onRole?.()),
      ),
      socket.on(
        'members_changed',
        mine(() => options.onMembers?.()),
      ),
      socket.on(
        'unwatched',
        mine(() => void this.#watch()), // the hub ended it: is it still ours?
      ),
      socket.onState((state) => {
        if (state === 'open') void this.#watch();
        else if (state === 'lost') this.#lose();
        else if (state === 'ended') this.#end('ended');
      }),
    );
  }

  /** When the hub last told anything of this event, so when the state was last right; milliseconds since 1970. */
  get heardAt(): number | null {
    return this.#heardAt;
  }

  /** Stops watching; nothing is told any more. */
  stop(): void {
    if (this.#socket.state === 'open' && this.#connection !== 'refused')
      this.#socket.call('unwatch', { event_id: this.#eventId }).catch(() => undefined);
    this.#release();
  }

  async #watch(): Promise<void> {
    const attempt = ++this.#attempt;
    clearTimeout(this.#ask);
    clearTimeout(this.#check);
    this.#follower.hold();
    try {
      const ack = await this.#socket.call<WatchAck>(
        'watch',
        { event_id: this.#eventId, ...this.#follower.since },
        this.#times.answer,
      );
      if (attempt !== this.#attempt) return;
      const whole = this.#follower.acknowledged(ack);
      this.#heard();
      this.#publish();
      if (whole) this.#become('live');
      else this.#watchWithin(this.#times.spread);
    } catch (error) {
      if (attempt === this.#attempt) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const problem = error instanceof ApiProblem ? error : null;
    if (problem?.status === 403 || problem?.status === 404) return this.#end('refused');
    this.#become('lost');
    if (problem !== null && problem.status !== 401)
      return this.#watchWithin(this.#times.retry, (problem.retryAfter ?? 0) * 1000);
    // No answer on an open connection, or a session that is not known: only a new connection helps.
    if (this.#socket.state === 'open') this.#socket.restart(problem !== null);
  }

  /** Watches again after `least` milliseconds and a random part of `spread`. */
  #watchWithin(spread: number, least = 0): void {
    const attempt = ++this.#attempt;
    clearTimeout(this.#ask);
    this.#ask = setTimeout(
      () => {
        if (attempt === this.#attempt && this.#socket.state === 'open') void this.#watch();
      },
      least + Math.random() * spread,
    );
  }

  #onFrame(frame: LedgerFrame): void {
    if (!this.#follower.frame(frame)) this.#watchWithin(this.#times.spread);
    this.#publish();
  }

  #onHead(head: Head): void {
    if (!this.#follower.isBehind(head)) return;
    clearTimeout(this.#check);
    this.#check = setTimeout(() => {
      if (this.#follower.isBehind(head)) void this.#watch();
    }, this.#times.grace);
  }

  #onScan(scan: Scan): void {
    this.#scans.push(scan);
    this.#publish();
  }

  #onPresence(presence: Presence): void {
    this.#presence = presence;
    this.#publish();
  }

  /** Something of this event arrived: the silence starts anew. */
  #heard(): void {
    this.#heardAt = Date.now();
    clearTimeout(this.#silence);
    if (this.#socket.state !== 'open') return;
    this.#silence = setTimeout(() => {
      this.#become('lost');
      void this.#watch();
    }, this.#times.silence);
  }

  #lose(): void {
    this.#attempt++;
    this.#follower.hold();
    this.#stopTimers();
    this.#become('lost');
  }

  #end(connection: 'refused' | 'ended'): void {
    this.#become(connection);
    this.#release();
  }

  #publish(): void {
    this.#cancelUpdate ??= this.#defer(() => {
      this.#cancelUpdate = null;
      const update = { news: this.#follower.news(), scans: this.#scans, presence: this.#presence };
      this.#scans = [];
      this.#presence = null;
      if (update.news || update.scans.length > 0 || update.presence) this.#options.onUpdate(update);
    });
  }

  #become(connection: Connection): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.#options.onConnection(connection);
  }

  #stopTimers(): void {
    clearTimeout(this.#ask);
    clearTimeout(this.#silence);
    clearTimeout(this.#check);
  }

  #release(): void {
    this.#attempt++;
    for (const undo of this.#undo.splice(0)) undo();
    this.#stopTimers();
    this.#cancelUpdate?.();
  }
}
