/**
 * A guest's line to the hub: the public numbers of one event, and what happens to the guest's own vouchers.
 *
 * Ten thousand phones hang on such lines. So each asks for what it missed at a moment of its own, and hangs up while
 * nobody looks at it.
 */
import { ApiProblem } from '../../lib/api/problem.ts';
import type { Counts, WalletVoucher, WatchPublicAck } from '../../lib/api/types.ts';
import { nextFrame } from '../../lib/live/frames.ts';
import { LiveSocket } from '../../lib/live/socket.ts';

/** `lost`: what is shown may be old. `idle`: nobody looks, or it was not begun. */
export type LineState = 'idle' | 'connecting' | 'live' | 'lost';

export interface LineOptions {
  /** The hub's origin. */
  readonly hub: string;
  /** The event whose numbers are watched; null: none. */
  readonly slug: string | null;
  /** Whose vouchers are told of; null: nobody's. */
  readonly token: string | null;
  readonly onPublic?: (ack: WatchPublicAck) => void;
  /** At most once per animation frame. */
  readonly onCounts?: (counts: Counts) => void;
  readonly onVoucher?: (voucher: WalletVoucher) => void;
  readonly onState?: (state: LineState) => void;
  /** The line is up, after however long: what happened to the vouchers meanwhile must be asked for. */
  readonly onMissed?: () => void;
  /** The hub does not take the token any more. */
  readonly onTokenEnded?: () => void;
  readonly random?: () => number;
  /** Milliseconds. */
  readonly times?: Partial<Times>;
}

interface Times {
  /** At most this long a phone waits before it comes back, asks for its vouchers, or watches again after a failure. */
  readonly spread: number;
  /** A page that nobody looked at for so long hangs up. */
  readonly hidden: number;
}

const TIMES: Times = { spread: 2_000, hidden: 60_000 };
/** Wider than a door's: a door must be back first. */
const RETRY = { retryFrom: 1_000, retryUpTo: 20_000 };

export class GuestLine {
  readonly #options: LineOptions;
  readonly #times: Times;
  readonly #random: () => number;
  #token: string | null;
  #socket: LiveSocket | null = null;
  #state: LineState = 'idle';
  #counts: Counts | null = null;
  #cancelCounts: (() => void) | null = null;
  #turn = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #hangUp: ReturnType<typeof setTimeout> | undefined;
  readonly #look = (): void => this.#onVisibility();

  constructor(options: LineOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
    this.#random = options.random ?? Math.random;
    this.#token = options.token;
    document.addEventListener('visibilitychange', this.#look);
  }

  /** Connects, if somebody looks. */
  open(): void {
    if (document.visibilityState === 'visible') this.#begin(0);
  }

  /** Somebody is a guest now, or is not any more. */
  use(token: string | null): void {
    if (token === this.#token) return;
    this.#token = token;
    if (this.#socket !== null) this.#begin(0);
  }

  /** Tries at once instead of waiting. */
  nudge(): void {
    if (this.#socket === null) this.#begin(0);
    else this.#socket.nudge();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#look);
    this.#end();
  }

  #begin(delay: number): void {
    this.#end();
    const turn = this.#turn;
    this.#become('connecting');
    this.#later(delay, () => this.#dial(turn));
  }

  #dial(turn: number): void {
    if (turn !== this.#turn) return;
    const socket = new LiveSocket({
      url: this.#options.hub,
      isForAll: true,
      ...RETRY,
      token: (refused) => Promise.resolve(this.#tokenOr(refused)),
      onEnded: () => this.#tokenEnded(),
    });
    this.#socket = socket;
    socket.on<Counts>('counts', (counts) => this.#onCounts(counts));
    socket.on<WalletVoucher>('voucher', (voucher) => this.#options.onVoucher?.(voucher));
    socket.onState((state) => {
      if (turn !== this.#turn) return;
      if (state === 'open') this.#onOpen(socket, turn);
      else if (state === 'lost') this.#become('lost');
    });
  }

  #tokenOr(refused: boolean): string | null {
    if (refused && this.#token !== null) {
      this.#token = null;
      this.#options.onTokenEnded?.();
    }
    return this.#token;
  }

  #tokenEnded(): void {
    this.#token = null;
    this.#options.onTokenEnded?.();
    this.#begin(this.#random() * this.#times.spread);
  }

  #onOpen(socket: LiveSocket, turn: number): void {
    if (this.#token !== null)
      this.#later(this.#random() * this.#times.spread, () => this.#options.onMissed?.());
    if (this.#options.slug === null) this.#become('live');
    else void this.#watch(socket, this.#options.slug, turn);
  }

  async #watch(socket: LiveSocket, slug: string, turn: number): Promise<void> {
    try {
      const ack = await socket.call<WatchPublicAck>('watch_public', { slug });
      if (turn !== this.#turn) return;
      this.#options.onPublic?.(ack);
      this.#become('live');
    } catch (error) {
      if (turn !== this.#turn || socket.state !== 'open') return;
      this.#become('lost');
      const least = error instanceof ApiProblem ? (error.retryAfter ?? 1) * 1000 : 0;
      this.#later(least + this.#random() * this.#times.spread, () => {
        if (socket.state === 'open') void this.#watch(socket, slug, turn);
      });
    }
  }

  #onCounts(counts: Counts): void {
    this.#counts = counts;
    this.#cancelCounts ??= nextFrame(() => {
      this.#cancelCounts = null;
      if (this.#counts !== null) this.#options.onCounts?.(this.#counts);
    });
  }

  #onVisibility(): void {
    clearTimeout(this.#hangUp);
    if (document.visibilityState === 'hidden')
      this.#hangUp = setTimeout(() => {
        this.#end();
        this.#become('idle');
      }, this.#times.hidden);
    else if (this.#state === 'idle') this.#begin(this.#random() * this.#times.spread * 0.25);
    else this.#socket?.nudge();
  }

  #end(): void {
    this.#turn++;
    clearTimeout(this.#hangUp);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#cancelCounts?.();
    this.#cancelCounts = null;
    this.#socket?.close();
    this.#socket = null;
  }

  #later(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
  }

  #become(state: LineState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}
