/** One connection to the hub: the only place that knows Socket.IO. */
import { io, type Socket } from 'socket.io-client';

import { ApiProblem } from '../api/problem.ts';

export type SocketState = 'connecting' | 'open' | 'lost' | 'ended';

export interface SocketOptions {
  /** The hub's origin. */
  readonly url: string;
  /**
   * A valid access token, asked for before every connect; `refused`: the last one was not accepted.
   * Null: nobody is signed in any more, and the connection ends. A rejection is retried like a lost network.
   */
  readonly token: (refused: boolean) => Promise<string | null>;
  /** Public pages: where there is no token, connect as nobody. */
  readonly isForAll?: boolean;
  /** The server ended the session (`session_ended`). */
  readonly onEnded?: (reason: string) => void;
  /** Milliseconds before the first and at most before any further try; every wait is spread by ± 50 %. */
  readonly retryFrom?: number;
  readonly retryUpTo?: number;
}

const GOOD_AFTER = 5_000;
/** No hub asks for more; one that did would keep a page dark. */
const LONGEST_SPREAD = 30_000;

type Ack = ({ ok: true } & Record<string, unknown>) | { ok: false; problem: unknown };

/** No answer came in time, or the connection broke before it did. What was asked may have happened. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/**
 * Keeps a connection up until it is closed or its session ends: websocket only, reconnecting with jitter.
 *
 * Socket.IO's own reconnection is off: it does not come back after a refusal or a disconnect by the server, which is
 * how the hub cuts slow readers, and it cannot wait for a fresh token.
 */
export class LiveSocket {
  readonly #socket: Socket;
  readonly #options: Required<SocketOptions>;
  readonly #listeners = new Set<(state: SocketState) => void>();
  #state: SocketState = 'connecting';
  #tries = 0;
  #openedAt = Infinity;
  #refused = false;
  #dialing = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Milliseconds within which to come back, from a hub that is about to stop. */
  #within: number | undefined;

  constructor(options: SocketOptions) {
    this.#options = {
      isForAll: false,
      onEnded: () => undefined,
      retryFrom: 400,
      retryUpTo: 8_000,
      ...options,
    };
    this.#socket = io(options.url, {
      transports: ['websocket'],
      reconnection: false,
      autoConnect: false,
      forceNew: true,
      timeout: 10_000,
    });
    this.#socket.on('connect', () => {
      this.#openedAt = Date.now();
      this.#refused = false;
      this.#within = undefined;
      this.#become('open');
    });
    this.#socket.on('disconnect', () => this.#again());
    this.#socket.on('connect_error', (error: Error & { data?: unknown }) => {
      this.#refused = statusOf(error.data) === 401;
      this.#again();
    });
    this.#socket.on('reconnect', ({ within_ms }: { within_ms: number }) => {
      this.#within = Math.min(Math.max(0, within_ms), LONGEST_SPREAD);
    });
    this.#socket.on('session_ended', ({ reason }: { reason: string }) => this.#end(reason));
    void this.#dial();
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Calls the listener with the state now and after each change; returns what takes it off again. */
  onState(listener: (state: SocketState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listener with each message of that name; returns what takes it off again. */
  on<Payload>(name: string, listener: (payload: Payload) => void): () => void {
    this.#socket.on(name, listener);
    return () => this.#socket.off(name, listener);
  }

  /**
   * Sends a call and returns its answer.
   *
   * @throws ApiProblem when the hub refuses it; Unanswered when nothing came within `within` milliseconds.
   */
  async call<Answer>(name: string, data: object, within = 10_000): Promise<Answer> {
    let ack: Ack;
    try {
      ack = (await this.#socket.timeout(within).emitWithAck(name, data)) as Ack;
    } catch {
      throw new Unanswered(name);
    }
    if (!ack.ok) throw ApiProblem.from(ack.problem, 500);
    return ack as Answer;
  }

  /** Tries at once instead of waiting: the network is back, or somebody looks at the page again. */
  nudge(): void {
    if (this.#state === 'lost') void this.#dial();
  }

  /** Drops the connection and makes a new one. `refused`: the token was not accepted. */
  restart(refused = false): void {
    this.#refused ||= refused;
    if (this.#socket.connected) this.#socket.disconnect();
    else this.#again();
  }

  /** Ends it for good. */
  close(): void {
    this.#finish();
  }

  async #dial(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#dialing || this.#state === 'ended' || this.#socket.connected) return;
    this.#dialing = true;
    try {
      const token = await this.#options.token(this.#refused);
      if ((this.#state as SocketState) === 'ended') return;
      if (token === null && !this.#options.isForAll) return this.#finish();
      this.#socket.auth = token === null ? {} : { token };
      this.#socket.connect();
    } catch {
      this.#again();
    } finally {
      this.#dialing = false;
    }
  }

  #again(): void {
    if (this.#state === 'ended') return;
    this.#become('lost');
    // Only a connection that held for a while was a good one: else a flapping hub would be hammered.
    if (Date.now() - this.#openedAt > GOOD_AFTER) this.#tries = 0;
    this.#openedAt = Infinity;
    const { retryFrom, retryUpTo } = this.#options;
    let wait = Math.min(retryUpTo, retryFrom * 2 ** this.#tries++) * (0.5 + Math.random());
    if (this.#within !== undefined) {
      // Everybody was told at the same moment: spread as asked, and not as for a line of our own that broke.
      wait = Math.random() * this.#within;
      this.#within = undefined;
      this.#tries = 0;
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#dial(), wait);
  }

  #end(reason: string): void {
    this.#finish();
    this.#options.onEnded(reason);
  }

  #finish(): void {
    clearTimeout(this.#retry);
    this.#become('ended');
    this.#socket.disconnect();
  }

  #become(state: SocketState): void {
    if (this.#state === state || this.#state === 'ended') return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function statusOf(data: unknown): number | undefined {
  const status = (data as { status?: unknown } | null | undefined)?.status;
  return typeof status === 'number' ? status : undefined;
}
