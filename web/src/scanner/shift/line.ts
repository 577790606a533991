/** The door's line to the hub: the socket, the watch of the event, and what is asked now and then. Loaded once somebody is
 * at the door. */
import { ask, createApi, type Api } from '../../lib/api/client.ts';
import { Unreachable } from '../../lib/api/problem.ts';
import type { Burn, DeviceItem, Redeemed, RedeemVerdict, Voucher } from '../../lib/api/types.ts';
import type { Scan } from '../../lib/check/check.ts';
import { EventWatch, type Connection, type Update } from '../../lib/live/client.ts';
import { LiveSocket } from '../../lib/live/socket.ts';
import { type Place, requestAt } from './place.ts';

export interface LineOptions {
  /** The hub's origin. */
  readonly hub: string;
  readonly token: string;
  readonly eventId: string;
  readonly place: () => Place;
  readonly onUpdate: (update: Update) => void;
  readonly onConnection: (connection: Connection) => void;
  /** Hears the hub's time in an answer to what was sent at `sent`, which is `performance.now()`'s. */
  readonly onTime: (sent: number, serverTime: number) => void;
  /** The session is over: `reason` as the hub says, or `expired`. */
  readonly onEnded: (reason: string) => void;
}

/** Milliseconds that an answer may take before the other way is tried. The hub knows the key: asking twice is harmless. */
const SOCKET_ANSWER = 2_500;

export class Line {
  readonly #options: LineOptions;
  readonly #socket: LiveSocket;
  readonly #watch: EventWatch;
  readonly #api: Api;

  constructor(options: LineOptions) {
    this.#options = options;
    const { hub, token, eventId } = options;
    this.#api = createApi({
      base: hub,
      // A device's token cannot be refreshed: one that is refused is over.
      session: { token: (refused) => Promise.resolve(refused === token ? null : token) },
    });
    this.#socket = new LiveSocket({
      url: hub,
      token: (refused) => {
        if (refused) options.onEnded('expired');
        return Promise.resolve(refused ? null : token);
      },
      onEnded: options.onEnded,
    });
    this.#watch = new EventWatch(this.#socket, eventId, {
      onUpdate: options.onUpdate,
      onConnection: options.onConnection,
    });
  }

  /** Calls the listener with each `burn` message; returns what takes it off again. */
  onBurn(listener: (burn: Burn) => void): () => void {
    return this.#socket.on<Burn>('burn', listener);
  }

  /** Sends a scan the quick way. Throws ApiProblem, Unanswered, or Unreachable where there is no socket. */
  async bySocket(scan: Scan): Promise<RedeemVerdict> {
    if (this.#socket.state !== 'open') throw new Unreachable('no socket');
    const call = { event_id: scan.eventId, ...requestAt(this.#options.place(), scan) };
    const sent = performance.now();
    const ack = await this.#socket.call<Redeemed>('redeem', call, SOCKET_ANSWER);
    if (ack.server_time > 0) this.#options.onTime(sent, ack.server_time); // an older hub does not tell
    return ack.verdict;
  }

  /** Finds vouchers by a part of the guest's name. Throws ApiProblem or Unreachable. */
  async search(name: string): Promise<readonly Voucher[]> {
    const { items } = await ask(
      this.#api.GET('/api/v1/events/{event_id}/door-search', {
        params: { path: { event_id: this.#options.eventId }, query: { q: name, limit: 20 } },
      }),
    );
    return items;
  }

  /** Moves this device to another gate. Throws ApiProblem or Unreachable. */
  async move(gateId: string | null): Promise<DeviceItem> {
    return ask(this.#api.PATCH('/api/v1/devices/me', { body: { gate_id: gateId } }));
  }

  /** Tries to connect at once, instead of at the next turn. */
  nudge(): void {
    this.#socket.nudge();
  }

  close(): void {
    this.#watch.stop();
    this.#socket.close();
  }
}
