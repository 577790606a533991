/** The hub over REST, as a door that can judge alone needs it; every answer tells the time, too. */
import { ApiProblem, Unreachable } from '../api/problem.ts';
import type { RedeemRequest, RedeemVerdict, ReversalVerdict } from '../api/types.ts';
import type { BatchResult, DoorState, Network } from './network.ts';

export interface HubOptions {
  /** The hub's origin. */
  readonly base: string;
  readonly token: string;
  readonly eventId: string;
  /** Hears the hub's time in an answer to what was sent at `sent`, which is `performance.now()`'s. */
  readonly onTime?: (sent: number, serverTime: number) => void;
  readonly fetch?: typeof fetch;
}

/** Milliseconds that an answer may take. */
const ANSWER = 5_000;
const CARRIES_MUCH = 20_000;

export class HubNetwork implements Network {
  readonly #options: HubOptions;
  readonly #path: string;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#path = `${options.base}/api/v1/events/${options.eventId}`;
  }

  async redeem(request: RedeemRequest): Promise<RedeemVerdict> {
    return (await this.#post('/redemptions', request)) as RedeemVerdict;
  }

  async reverse(redemptionId: string, key: string, reason: string): Promise<ReversalVerdict> {
    const body = { idempotency_key: key, reason };
    return (await this.#post(`/redemptions/${redemptionId}/reversal`, body)) as ReversalVerdict;
  }

  async batch(items: readonly RedeemRequest[]): Promise<readonly BatchResult[]> {
    const answer = (await this.#post('/redemptions/batch', { items }, CARRIES_MUCH)) as {
      results: readonly BatchResult[];
    };
    return answer.results;
  }

  async chunk(after: number): Promise<Uint8Array> {
    const response = await this.#send(`/door-snapshot?chunk=${after}`, {}, CARRIES_MUCH);
    return new Uint8Array(await read(() => response.arrayBuffer()));
  }

  async state(afterSeq: number | null): Promise<DoorState> {
    const query = afterSeq === null ? '' : `?after_seq=${afterSeq}`;
    const response = await this.#send(`/door-snapshot/state${query}`, {}, CARRIES_MUCH);
    return (await read(() => response.json())) as DoorState;
  }

  async returnLease(voucherId: string): Promise<void> {
    await this.#send(`/vouchers/${voucherId}/lease`, { method: 'DELETE' });
  }

  async #post(path: string, body: object, within = ANSWER): Promise<unknown> {
    const headers = { 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await this.#send(path, init, within);
    return read(() => response.json() as Promise<unknown>);
  }

  async #send(path: string, init: RequestInit, within = ANSWER): Promise<Response> {
    const { fetch: send = fetch, token, onTime } = this.#options;
    const headers = { ...init.headers, Authorization: `Bearer ${token}` };
    const sent = performance.now();
    const response = await read(() =>
      send(this.#path + path, { ...init, headers, signal: AbortSignal.timeout(within) }),
    );
    const told = Number(response.headers.get('X-Server-Time'));
    if (told > 0) onTime?.(sent, told);
    if (response.ok) return response;
    const wait = Number(response.headers.get('Retry-After'));
    const problem: unknown = await response.json().catch(() => null);
    throw ApiProblem.from(problem, response.status, wait > 0 ? wait : null);
  }
}

async function read<Value>(reading: () => Promise<Value>): Promise<Value> {
  try {
    return await reading();
  } catch (error) {
    throw new Unreachable('no answer', { cause: error });
  }
}
